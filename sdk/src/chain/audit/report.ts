import { LedgerError, type Message, type Operand } from '../../protocol/index.ts';

/** What an audit examines, in the order in which it is reported. */
export const AUDIT_CHECKS = {
  contracts: { en: 'the council put these contracts in force', zh: '合约由理事会启用' },
  catalogue: { en: 'the catalogue is the one that this program knows', zh: '目录与本程序一致' },
  circuits: {
    en: 'the circuits’ verifiers hold the pinned verification keys',
    zh: '电路验证合约与固定的验证密钥一致',
  },
  applications: { en: 'every predicate is what its hash says', zh: '每个判断条件与其哈希一致' },
  batches: {
    en: 'every batch follows on the one before, and owed entries came again',
    zh: '批次前后相接，应重新登记的条目已重新登记',
  },
  roots: { en: 'every root that holds follows from the entries', zh: '每个有效的根均可由条目推出' },
  rulings: { en: 'every ruling of the council is right by replay', zh: '理事会的每项裁决经重放均正确' },
  witnesses: { en: 'only members entitled to it attested and objected', zh: '见证与异议均由有权成员作出' },
  grants: { en: 'every use of a grant is within its terms', zh: '每次使用授权均符合其条款' },
  answers: {
    en: 'every answer was logged as it had to be, under a root that was good then',
    zh: '每个答案均依规登记，且当时的根有效',
  },
  state: { en: 'the contracts say today what the replay gives', zh: '合约当前状态与重放结果一致' },
} as const satisfies Readonly<Record<string, Message>>;
export type AuditCheck = keyof typeof AUDIT_CHECKS;

/** Something on chain that is not as it must be. */
export interface AuditDifference {
  readonly check: AuditCheck;
  readonly message: Message;
  readonly operands: Readonly<Record<string, Operand>>;
  readonly blockNumber?: bigint;
}

export interface AuditCheckResult {
  readonly check: AuditCheck;
  readonly holds: boolean;
  /** How many things were looked at; what nothing was found of holds too. */
  readonly examined: number;
  readonly message: Message;
  /** How many differences there are; the first ones are listed. */
  readonly differenceCount: number;
  readonly differences: readonly AuditDifference[];
}

export interface AuditReport {
  readonly holds: boolean;
  readonly fromBlock: bigint;
  readonly toBlock: bigint;
  readonly checks: readonly AuditCheckResult[];
  /** The earliest, by block. */
  readonly firstDifference?: AuditDifference;
}

const LISTED = 100;

/** Collects what an audit looks at and finds. */
export class Findings {
  readonly #examined = new Map<AuditCheck, number>();
  readonly #differences: AuditDifference[] = [];

  examined(check: AuditCheck, count = 1): void {
    this.#examined.set(check, (this.#examined.get(check) ?? 0) + count);
  }

  differs(
    check: AuditCheck,
    message: Message,
    operands: Readonly<Record<string, Operand>>,
    blockNumber?: bigint,
  ): void {
    this.#differences.push({
      check,
      message,
      operands,
      ...(blockNumber === undefined ? {} : { blockNumber }),
    });
  }

  /** A difference unless `holds`. */
  demand(
    holds: boolean,
    check: AuditCheck,
    message: Message,
    operands: Readonly<Record<string, Operand>>,
    blockNumber?: bigint,
  ): void {
    if (!holds) this.differs(check, message, operands, blockNumber);
  }

  report(fromBlock: bigint, toBlock: bigint): AuditReport {
    const order = (each: AuditDifference): bigint => each.blockNumber ?? toBlock + 1n;
    const sorted = [...this.#differences].sort((a, b) =>
      order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0,
    );
    const checks = (Object.keys(AUDIT_CHECKS) as AuditCheck[]).map((check): AuditCheckResult => {
      const differences = sorted.filter((each) => each.check === check);
      return {
        check,
        holds: differences.length === 0,
        examined: this.#examined.get(check) ?? 0,
        message: AUDIT_CHECKS[check],
        differenceCount: differences.length,
        differences: differences.slice(0, LISTED),
      };
    });
    const [firstDifference] = sorted;
    return {
      holds: sorted.length === 0,
      fromBlock,
      toBlock,
      checks,
      ...(firstDifference === undefined ? {} : { firstDifference }),
    };
  }
}

/** The code of a LedgerError, for saying why something could not be replayed; other errors go on. */
export function codeOf(error: unknown): string {
  if (error instanceof LedgerError) return error.code;
  throw error;
}
