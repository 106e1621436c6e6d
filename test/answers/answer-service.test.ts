import { type SignedRequestJson, verifyProof, type Standing } from '@credit-ledger/sdk/answer';
import {
  answerCommitmentOf,
  contextOf,
  EMPTY_ROOT,
  type Hex,
  LedgerError,
  type Nonce,
  type OpenedEntry,
  predicateHashOf,
  type RegisterSecret,
  secretCommitOf,
  subjectKeyOf,
  subjectTagOf,
  toBytes32,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { fileURLToPath } from 'node:url';
import {
  type AnswerFacts,
  AnswerService,
  type CircuitKeys,
  loadCircuitKeys,
  type OwnRegisters,
  PooledProver,
  type PreparedAnswer,
  type Proved,
  type Prover,
} from '../../node/src/answers/index.ts';
import { codeOf } from '../support/codes.ts';
import {
  OTHER_SUBJECT,
  PREDICATE,
  registerOf,
  SECRET,
  severePenalty,
  SUBJECT,
  TODAY,
} from './support/claims.ts';

const KEYS = fileURLToPath(new URL('../../circuits/keys/', import.meta.url));
const REGISTER_ID = 7n;
const NONCE = 4711n as Nonce;
const word = (value: number | bigint): Hex => `0x${BigInt(value).toString(16).padStart(64, '0')}`;
const NO_HASH = word(0);

describe('The answer service', function () {
  this.timeout(180_000);
  let keys: CircuitKeys[];
  let prover: PooledProver;
  let proofs: number;
  /** The real prover, counted. */
  let counted: Prover;
  let standing: Standing;
  let reason: string;
  let allowed: Hex[];

  before(async () => {
    keys = await loadCircuitKeys(KEYS);
    prover = new PooledProver(keys, { workers: 1 });
  });
  after(() => prover.close());

  beforeEach(() => {
    proofs = 0;
    counted = {
      circuits: keys,
      prove: (size, input, options) => {
        proofs += 1;
        return prover.prove(size, input, options);
      },
      close: () => Promise.resolve(),
    };
    standing = 'current';
    reason = '';
    allowed = keys.map(({ circuitId }) => circuitId);
  });

  interface Scene {
    readonly chains?: ReadonlyMap<string, readonly OpenedEntry[]>;
    readonly facts?: Partial<AnswerFacts>;
    readonly own?: Partial<OwnRegisters>;
    readonly prover?: Prover;
  }

  const domain = { chainId: 31337n, answerLog: `0x${'5'.repeat(40)}` as Hex };

  function service(scene: Scene = {}): AnswerService {
    const chains = scene.chains ?? new Map<string, readonly OpenedEntry[]>();
    const tree = registerOf(chains);
    const seq = tree.root() === EMPTY_ROOT ? 0n : 1n;
    const facts: AnswerFacts = {
      domain,
      register: () => Promise.resolve({ owner: 1n, secretCommit: secretCommitOf(SECRET) }),
      latestWitnessed: () =>
        Promise.resolve({ seq, batchHash: seq === 0n ? NO_HASH : word(0xba7c4), root: tree.root() }),
      usable: () => Promise.resolve(standing === 'not-usable' ? { standing, reason } : { standing }),
      circuitsFor: () => Promise.resolve(allowed),
      predicate: () => Promise.resolve(PREDICATE),
      ...scene.facts,
    };
    const own: OwnRegisters = {
      chainOf: (uscc, ledgerClass, _registerId, at) =>
        Promise.resolve({
          entries: chains.get(uscc) ?? [],
          path: tree.path(subjectKeyOf(uscc, ledgerClass, SECRET), Number(at)),
          root: tree.root(Number(at)),
        }),
      secretOf: () => Promise.resolve(SECRET),
      ...scene.own,
    };
    return new AnswerService({ facts, own, prover: scene.prover ?? counted });
  }

  function request(subject: Uscc): SignedRequestJson {
    return {
      requestId: word(1),
      requester: '2',
      registerId: REGISTER_ID.toString(),
      applicationId: word(3),
      applicationVersion: 1,
      predicateHash: toBytes32(predicateHashOf(PREDICATE)),
      asOfDay: TODAY,
      subjectTag: toBytes32(subjectTagOf(subject, NONCE)),
      grantId: word(4),
      expiry: 1_800_000_000,
      signature: '0x',
    };
  }

  async function prepared(scene: Scene = {}, subject = SUBJECT): Promise<PreparedAnswer> {
    const outcome = await service(scene).prepare(request(subject), subject, NONCE);
    if (outcome.kind !== 'answer') throw new Error(`${outcome.name}: ${outcome.reason}`);
    return outcome.prepared;
  }

  async function refusal(scene: Scene = {}): Promise<string> {
    const outcome = await service(scene).prepare(request(SUBJECT), SUBJECT, NONCE);
    return outcome.kind === 'refusal' ? outcome.name : 'answered';
  }

  function requireSound(answer: PreparedAnswer): void {
    const circuit = keys.find(({ circuitId }) => circuitId === answer.circuitId);
    if (circuit === undefined) throw new Error('an unknown circuit');
    const signals = answer.publicSignals.map(BigInt);
    expect(verifyProof(circuit.verificationKey, signals, answer.proof)).to.equal(true);
    expect(answer.answerCommitment).to.equal(
      answerCommitmentOf({
        registerId: REGISTER_ID,
        batchHash: answer.batchHash,
        circuitId: answer.circuitId,
        signals,
        nonce: NONCE,
      }),
    );
    expect(signals[3]).to.equal(secretCommitOf(SECRET));
    expect(signals[7]).to.equal(
      contextOf({
        ...domain,
        registerId: REGISTER_ID,
        requestId: word(1),
        grantId: word(4),
        requester: 2n,
        applicationId: word(3),
        expiry: 1_800_000_000n,
      }),
    );
  }

  const bit = (answer: PreparedAnswer): bigint => BigInt(answer.publicSignals[0] ?? -1);
  const severe = new Map<string, readonly OpenedEntry[]>([
    [SUBJECT, [severePenalty()]],
    [OTHER_SUBJECT, []],
  ]);
  const long = (entries: number): ReadonlyMap<string, readonly OpenedEntry[]> =>
    new Map([[SUBJECT, Array.from({ length: entries }, (_, i) => severePenalty(TODAY, BigInt(i + 1)))]]);

  it('proves NO about a severe penalty in force', async () => {
    const answer = await prepared({ chains: severe });
    expect(bit(answer)).to.equal(0n);
    requireSound(answer);
  });

  it('proves YES about a subject that has no entry, over its absence', async () => {
    const answer = await prepared({ chains: severe }, OTHER_SUBJECT);
    expect(bit(answer)).to.equal(1n);
    requireSound(answer);
  });

  it('proves YES under the empty register, with batch hash 0', async () => {
    const answer = await prepared();
    expect([bit(answer), answer.seq, answer.batchHash]).to.deep.equal([1n, '0', NO_HASH]);
    requireSound(answer);
  });

  it('takes the larger circuit for a longer chain', async () => {
    const answer = await prepared({ chains: long(9) });
    expect(answer.circuitId).to.equal(keys.find(({ size }) => size === 40)?.circuitId);
    requireSound(answer);
  });

  it('takes the one size that is allowed where the length of a chain must not show', async () => {
    allowed = keys.filter(({ size }) => size === 40).map(({ circuitId }) => circuitId);
    const answer = await prepared();
    expect(answer.circuitId).to.equal(allowed[0]);
    requireSound(answer);
  });

  it('answers under the last uncontested root of a contested register', async () => {
    standing = 'contested';
    expect((await prepared({ chains: severe })).standing).to.equal('contested');
  });

  it('refuses CHAIN_TOO_LONG for 41 entries, and for 9 where only the small circuit is allowed', async () => {
    expect(await refusal({ chains: long(41) })).to.equal('CHAIN_TOO_LONG');
    allowed = keys.filter(({ size }) => size === 8).map(({ circuitId }) => circuitId);
    expect(await refusal({ chains: long(9) })).to.equal('CHAIN_TOO_LONG');
  });

  it('refuses OPENINGS_LOST when an opening is lost', async () => {
    const lost = () => Promise.reject(new LedgerError('OPENINGS_LOST', { en: 'x', zh: 'x' }));
    expect(await refusal({ own: { chainOf: lost } })).to.equal('OPENINGS_LOST');
  });

  it('takes as long as a proof to refuse for a reason that lies in the subject', async () => {
    await refusal({ chains: long(41) });
    expect(proofs).to.equal(1);
    const lost = () => Promise.reject(new LedgerError('OPENINGS_LOST', { en: 'x', zh: 'x' }));
    await refusal({ own: { chainOf: lost } });
    expect(proofs).to.equal(2);
  });

  for (const [why, name] of [
    ['BatchContested', 'REGISTER_CONTESTED'],
    ['BatchAnnulled', 'REGISTER_CONTESTED'],
    ['EntriesOwed', 'REGISTER_CONTESTED'],
    ['NotWitnessed', 'NOT_WITNESSED'],
    ['Superseded', 'NOT_WITNESSED'],
  ] as const) {
    it(`refuses ${name} when the batch is not usable (${why})`, async () => {
      standing = 'not-usable';
      reason = why;
      expect(await refusal({ chains: severe })).to.equal(name);
      expect(proofs).to.equal(0);
    });
  }

  it('refuses under a root whose heartbeat is overdue: nobody would believe it', async () => {
    standing = 'stale';
    expect(await refusal()).to.equal('INTERNAL');
  });

  it('refuses a predicate whose preimage is missing or another’s', async () => {
    expect(await refusal({ facts: { predicate: () => Promise.resolve(undefined) } })).to.equal(
      'PREDICATE_NOT_LISTED',
    );
    const other = { ...PREDICATE, class: 2 as const };
    expect(await refusal({ facts: { predicate: () => Promise.resolve(other) } })).to.equal(
      'PREDICATE_NOT_LISTED',
    );
  });

  it('refuses when it has no keys for a circuit that is allowed', async () => {
    allowed = [word(99)];
    expect(await refusal()).to.equal('INTERNAL');
  });

  it('proves nothing when the own register is not what the chain has', async () => {
    const latestWitnessed = () => Promise.resolve({ seq: 1n, batchHash: word(5), root: 5n });
    const scene = { chains: severe, facts: { latestWitnessed } };
    expect(await codeOf(service(scene).prepare(request(SUBJECT), SUBJECT, NONCE))).to.equal('ROOT_DIFFERS');
    expect(proofs).to.equal(0);
  });

  it('proves nothing under a secret that is not the register’s', async () => {
    const scene = { own: { secretOf: () => Promise.resolve(5n as RegisterSecret) } };
    expect(await codeOf(service(scene).prepare(request(SUBJECT), SUBJECT, NONCE))).to.equal('ROOT_DIFFERS');
  });

  describe('does not believe its prover', () => {
    let honest: Promise<Proved> | undefined;
    const lying = (change: (proved: Proved) => Proved): Prover => ({
      circuits: keys,
      prove: async (size, input) => change(await (honest ??= prover.prove(size, input))),
      close: () => Promise.resolve(),
    });
    const swap = ([a, b]: readonly [Hex, Hex]): readonly [Hex, Hex] => [b, a];
    for (const [title, change] of [
      ['another answer', (p: Proved) => ({ ...p, publicSignals: [1n, ...p.publicSignals.slice(1)] })],
      ['a signal too few', (p: Proved) => ({ ...p, publicSignals: p.publicSignals.slice(1) })],
      ['a proof that does not verify', (p: Proved) => ({ ...p, proof: { ...p.proof, a: swap(p.proof.a) } })],
    ] as const) {
      it(`when it returns ${title}`, async () => {
        const scene = { chains: severe, prover: lying(change) };
        expect(await codeOf(service(scene).prepare(request(SUBJECT), SUBJECT, NONCE))).to.equal(
          'PROOF_NOT_SOUND',
        );
      });
    }
  });
});
