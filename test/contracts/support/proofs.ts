import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { id } from 'ethers';
import {
  bodyOf,
  circuitInput,
  type Context,
  contentOf,
  type Day,
  type Entry,
  findApplication,
  findPredicate,
  GATEWAYS,
  type Hex,
  LEDGER_CLASS,
  type Nonce,
  OP,
  OPEN_END,
  type OpenedEntry,
  packedClauses,
  packEntry,
  predicateHashOf,
  type RegisterSecret,
  secretCommitOf,
  type Severity,
  sortForBatch,
  subjectKeyOf,
  toBytes32,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { snarkjs } from '../../../circuits/tools/snarkjs.ts';
import { solidityProof, type SolidityProof } from '../../../scripts/lib/stage-claim.ts';
import type { Claim8Verifier } from '../../../types/index.ts';
import type { TestClaim } from './letters.ts';
import type { ProcessWorld } from './processes.ts';
import { giveGrant } from './requests.ts';
import { deployContract, makeEntries, type TestMember, TestRegister } from './world.ts';

const keysFolder = new URL('../../../circuits/keys/', import.meta.url);
const APPLICATION = findApplication('commitment-eligibility');
const { predicate: MAY_PROMISE } = findPredicate('commitment-eligibility', 'may-promise');

/** The application and predicate of eligibility, as the founding council sets them. */
export const ELIGIBILITY = {
  application: APPLICATION.id,
  predicate: toBytes32(predicateHashOf(MAY_PROMISE)),
} as const;
/** The reference circuit for eight entries. */
export const REFERENCE_CIRCUIT_8 = referenceCircuit(8);

/** Puts the reference verifier in force, and lists the application of eligibility with it. */
export async function listEligibility(world: ProcessWorld): Promise<void> {
  const verifier = await deployContract<Claim8Verifier>('Claim8Verifier');
  const [clause0, clause1] = packedClauses(MAY_PROMISE);
  const predicate = {
    predicateHash: ELIGIBILITY.predicate,
    class: MAY_PROMISE.class,
    clause0,
    clause1,
    circuits: [REFERENCE_CIRCUIT_8],
  };
  await world.decide(
    await world.call(world.consortium, 'putCircuit', [REFERENCE_CIRCUIT_8, 8, await verifier.getAddress()]),
    await world.call(world.applications, 'publish', [
      APPLICATION.id,
      APPLICATION.name.zh,
      APPLICATION.legalBasisHash,
      GATEWAYS.indexOf(APPLICATION.gateway),
      APPLICATION.historicalDays,
      [predicate],
    ]),
  );
}

/** What happened to a subject: a record, or what was done to an earlier one. */
export interface Fact {
  readonly op: keyof typeof OP;
  readonly kind?: number;
  readonly severity?: Severity;
  /** For all but records: the place of the record in the subject's chain. */
  readonly ref?: number;
}

/** A register whose openings are known: so its claims can really be proved. */
export class ProvedRegister {
  readonly register: TestRegister;
  readonly batchHash: Hex;
  readonly grantId: string;
  readonly #secret: RegisterSecret;
  readonly #chains: ReadonlyMap<Uscc, readonly OpenedEntry[]>;

  private constructor(
    register: TestRegister,
    batchHash: Hex,
    grantId: string,
    secret: RegisterSecret,
    chains: ReadonlyMap<Uscc, readonly OpenedEntry[]>,
  ) {
    this.register = register;
    this.batchHash = batchHash;
    this.grantId = grantId;
    this.#secret = secret;
    this.#chains = chains;
  }

  /** Opens a register, anchors these facts among cover entries, has them witnessed, and grants eligibility to Beijing. */
  static async open(
    world: ProcessWorld,
    owner: TestMember,
    today: Day,
    facts: ReadonlyMap<Uscc, readonly Fact[]>,
  ): Promise<ProvedRegister> {
    const secret = wide(`secret of ${owner.id}`) as RegisterSecret;
    const register = await TestRegister.open(world, owner, toBytes32(secretCommitOf(secret)));
    const chains = new Map(
      [...facts].map(([uscc, list]) => [uscc, list.map((fact, index) => open(fact, today, index))] as const),
    );
    const entries = [...chains].flatMap(([uscc, chain]) => {
      const key = subjectKeyOf(uscc, LEDGER_CLASS.adverse, secret);
      return chain.map(({ op, packed, content }): Entry => ({ key, op, body: bodyOf(packed, content) }));
    });
    const batch = sortForBatch([...entries, ...makeEntries(20, Number(owner.id))]);
    const { batchHash } = await register.appendWitnessed(batch);
    const terms = { grantee: world.beijing.id, applicationId: APPLICATION.id };
    const grantId = await giveGrant(world, terms, owner);
    return new ProvedRegister(register, batchHash, grantId, secret, chains);
  }

  /** Proves the answer about a subject with the reference keys. */
  async prove(
    uscc: Uscc,
    nonce: Nonce,
    asOfDay: Day,
    context: Context,
  ): Promise<{ answer: boolean; disputed: boolean; proof: TestClaim['proof'] }> {
    const { tree } = this.register;
    const { proof, publicSignals } = await snarkjs.groth16.fullProve(
      circuitInput({
        size: 8,
        uscc,
        secret: this.#secret,
        nonce,
        predicate: MAY_PROMISE,
        chain: this.#chains.get(uscc) ?? [],
        path: tree.path(subjectKeyOf(uscc, LEDGER_CLASS.adverse, this.#secret)),
        root: tree.root(),
        asOfDay,
        context,
      }),
      fileURLToPath(new URL('claim8.wasm', keysFolder)),
      fileURLToPath(new URL('claim8.zkey', keysFolder)),
    );
    return {
      answer: publicSignals[0] === '1',
      disputed: publicSignals[1] === '1',
      proof: writable(solidityProof(proof)),
    };
  }
}

function open(fact: Fact, today: Day, index: number): OpenedEntry {
  const op = OP[fact.op];
  const packed = packEntry(op, {
    kind: fact.kind ?? 0,
    domain: 0,
    severity: fact.severity ?? 0,
    day: (today - 100 + index) as Day,
    until: (fact.op === 'RECORD' ? OPEN_END : 0) as Day,
    amountFen: 0n,
    ref: fact.ref ?? 0,
  });
  return {
    op,
    packed,
    content: contentOf([{ name: 'document', value: `made up ${index}`, salt: '0'.repeat(32) }]),
  };
}

/** As the generated types of contracts want it. */
function writable({ a, b, c }: SolidityProof): TestClaim['proof'] {
  return { a: [...a], b: [[...b[0]], [...b[1]]], c: [...c] };
}

/** 248 bits that follow from a name. */
export function wide(name: string): bigint {
  return BigInt(id(name)) >> 8n;
}

function referenceCircuit(size: number): Hex {
  const manifest = JSON.parse(readFileSync(new URL('manifest.json', keysFolder), 'utf8')) as {
    circuits: { size: number; circuitId: Hex }[];
  };
  const circuit = manifest.circuits.find((each) => each.size === size);
  if (!circuit) throw new Error(`no claim(${size})`);
  return circuit.circuitId;
}
