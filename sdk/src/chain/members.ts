import type { KeyPeriod } from '../answer/index.ts';
import type { Hex } from '../protocol/index.ts';
import { lowerCase } from './deployment.ts';
import type { LedgerEvent } from './events.ts';

export const ROLES = ['none', 'authority', 'requester', 'association'] as const;
export type Role = (typeof ROLES)[number];

/** From a block on, up to the next change. */
interface From<T> {
  readonly fromBlock: bigint;
  readonly value: T;
}

interface Keys {
  readonly operator: Hex;
  readonly witness: Hex;
}

const NO_KEY = '0x0000000000000000000000000000000000000000';

/** A member with its whole history, rebuilt from the consortium's events. */
export class MemberHistory {
  readonly id: bigint;
  readonly name: string;
  readonly region: number;
  readonly regionCode: number;
  readonly creditCode: string;
  readonly role: Role;
  #keys: From<Keys>[];
  readonly #active: From<boolean>[];

  constructor(event: Extract<LedgerEvent, { name: 'MemberAdmitted' }>) {
    const { args, blockNumber } = event;
    this.id = args.memberId;
    this.name = args.name;
    this.region = args.region;
    this.regionCode = args.regionCode;
    this.creditCode = args.creditCode;
    this.role = ROLES[args.role] ?? 'none';
    const keys = { operator: lowerCase(args.operator), witness: lowerCase(args.witness) };
    this.#keys = [{ fromBlock: blockNumber, value: keys }];
    this.#active = [{ fromBlock: blockNumber, value: true }];
  }

  /** A change of keys drops those that had not come into effect. */
  changeKeys(blockNumber: bigint, fromBlock: bigint, operator: Hex, witness: Hex): void {
    this.#keys = this.#keys.filter((keys) => keys.fromBlock <= blockNumber);
    const value = { operator: lowerCase(operator), witness: lowerCase(witness) };
    this.#keys.push({ fromBlock, value });
  }

  setActive(fromBlock: bigint, value: boolean): void {
    this.#active.push({ fromBlock, value });
  }

  activeAt(blockNumber: bigint): boolean {
    return at(this.#active, blockNumber) ?? false;
  }

  operatorAt(blockNumber: bigint): Hex | undefined {
    return at(this.#keys, blockNumber)?.operator;
  }

  /** The blocks in which each key could act: while it was the member's and the member was active. */
  periods(role: keyof Keys): KeyPeriod[] {
    const starts = [...this.#keys, ...this.#active].map((change) => change.fromBlock);
    const blocks = [...new Set(starts)].sort((a, b) => (a < b ? -1 : 1));
    const periods: { address: Hex; fromBlock: string; toBlock: string | null }[] = [];
    blocks.forEach((block, i) => {
      const key = at(this.#keys, block)?.[role];
      const next = blocks[i + 1];
      if (key === undefined || key === NO_KEY || !this.activeAt(block)) return;
      const last = periods.at(-1);
      const toBlock = next === undefined ? null : next.toString();
      if (last?.address === key && last.toBlock === block.toString()) last.toBlock = toBlock;
      else periods.push({ address: key, fromBlock: block.toString(), toBlock });
    });
    return periods;
  }
}

function at<T>(changes: readonly From<T>[], blockNumber: bigint): T | undefined {
  let value: T | undefined;
  for (const change of changes) if (change.fromBlock <= blockNumber) value = change.value;
  return value;
}

/** All members by id, as the consortium's events tell it. */
export class Members {
  readonly #members = new Map<bigint, MemberHistory>();

  /** Takes an event in; events of other kinds are passed over. */
  follow(event: LedgerEvent): void {
    if (event.contract !== 'consortium') return;
    switch (event.name) {
      case 'MemberAdmitted':
        this.#members.set(event.args.memberId, new MemberHistory(event));
        break;
      case 'KeysChanged': {
        const { memberId, fromBlock, operator, witness } = event.args;
        this.get(memberId)?.changeKeys(event.blockNumber, fromBlock, operator, witness);
        break;
      }
      case 'MemberSuspended':
      case 'MemberRemoved':
        this.get(event.args.memberId)?.setActive(event.args.fromBlock, false);
        break;
      case 'MemberReinstated':
        this.get(event.args.memberId)?.setActive(event.args.fromBlock, true);
        break;
      default:
    }
  }

  get(id: bigint): MemberHistory | undefined {
    return this.#members.get(id);
  }

  all(): MemberHistory[] {
    return [...this.#members.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}
