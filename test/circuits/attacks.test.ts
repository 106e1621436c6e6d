import { expect } from 'chai';
import { poseidon2, poseidon3, poseidon4 } from 'poseidon-lite';
import { claim, honest, plainClaim } from './support/claim.ts';
import {
  ANY,
  OP,
  OPEN_END,
  packClause,
  packEntry,
  type Op,
  type ReferenceEntry,
} from './support/reference.ts';
import { R } from './support/r1cs.ts';
import type { CircuitInput } from './support/witness.ts';
import {
  BASE,
  SmallTree,
  TODAY,
  anchoredForm,
  headOf,
  inputOf,
  keyOf,
  treeOf,
  type AnchoredEntry,
  type ClaimInput,
  type Scene,
} from './support/world.ts';

const PENALTY: ReferenceEntry = {
  op: OP.RECORD,
  kind: 7,
  domain: 3,
  severity: 3,
  day: TODAY - 100,
  until: OPEN_END,
  amountFen: 5_000n,
  ref: 0,
};
const act = (op: Op, ref: number, day = TODAY - 10): ReferenceEntry => ({
  ...PENALTY,
  op,
  kind: 0,
  domain: 0,
  severity: 0,
  until: 0,
  amountFen: 0n,
  day,
  ref,
});
const UNREPAIRED = { ...ANY, status: 'unrepaired' as const };

/** The chain under attack: two penalties of which the second is repaired, and a dispute of the first. */
const SCENE: Partial<Scene> = {
  chain: [PENALTY, { ...PENALTY, kind: 8 }, act(OP.REPAIR, 1), act(OP.DISPUTE, 0)],
  clauses: [UNREPAIRED],
};

/** No prover has a witness for this input, and the honest one says so. */
async function refuses(input: ClaimInput, forced: Record<string, bigint> = {}): Promise<void> {
  const circuit = await plainClaim(8);
  expect(circuit.consequences(input as unknown as CircuitInput, forced).kind).to.equal('none');
  if (Object.keys(forced).length === 0) {
    const proved = await claim(8);
    expect(() => honest(proved, input)).to.throw(/no witness/);
  }
}

async function accepts(input: ClaimInput): Promise<{ answer: bigint; disputed: bigint }> {
  const circuit = await plainClaim(8);
  expect(circuit.consequences(input as unknown as CircuitInput).kind).to.equal('unique');
  return honest(await claim(8), input);
}

/** The honest input, tampered with; the public signals stay what the verifier expects. */
const tampered = (
  change: (input: ClaimInput) => Partial<ClaimInput>,
  scene: Partial<Scene> = SCENE,
): ClaimInput => {
  const input = inputOf(scene);
  return { ...input, ...change(input) };
};

const drop = <T>(list: T[], at: number, filler: T): T[] => [...list.filter((_, i) => i !== at), filler];
const swap = <T>(list: T[], i: number, j: number): T[] =>
  list.map((x, k) => list[k === i ? j : k === j ? i : k] ?? x);
const replace = <T>(list: T[], at: number, value: T): T[] => list.map((x, i) => (i === at ? value : x));

describe('claim(8): what a dishonest prover tries', () => {
  it('starts from an answer that is NO and disputed', async () => {
    expect(await accepts(inputOf(SCENE))).to.deep.equal({ answer: 0n, disputed: 1n });
  });

  describe('claims another value', () => {
    for (const signal of ['answer', 'disputed']) {
      it(`has no witness with ${signal} flipped`, async () => {
        const input = inputOf(SCENE);
        const truth = honest(await claim(8), input);
        await refuses(input, { [signal]: 1n - truth[signal as 'answer' | 'disputed'] });
        await refuses(input, { [signal]: 2n });
      });
    }
  });

  describe('tampers with the chain', () => {
    for (let at = 0; at < 4; at++) {
      it(`skips entry ${at}`, () =>
        refuses(
          tampered((x) => ({
            count: x.count - 1n,
            op: drop(x.op, at, 0n),
            packed: drop(x.packed, at, 0n),
            content: drop(x.content, at, 0n),
          })),
        ));
      it(`blanks entry ${at} and keeps the count`, () =>
        refuses(
          tampered((x) => ({
            op: replace(x.op, at, 0n),
            packed: replace(x.packed, at, 0n),
            content: replace(x.content, at, 0n),
          })),
        ));
    }
    it('swaps two entries', () =>
      refuses(
        tampered((x) => ({
          op: swap(x.op, 1, 2),
          packed: swap(x.packed, 1, 2),
          content: swap(x.content, 1, 2),
        })),
      ));
    it('shows the first entries only, and hides the rest beyond the count', () =>
      refuses(tampered(() => ({ count: 1n }))));
    it('shows no entry', () =>
      refuses(
        tampered(() => ({
          count: 0n,
          op: Array(8).fill(0n),
          packed: Array(8).fill(0n),
          content: Array(8).fill(0n),
        })),
      ));
    for (const [name, count] of [
      ['one more than there are', 5n],
      ['more than the circuit has slots', 9n],
      ['−1', R - 1n],
      ['a half', (R + 1n) / 2n],
    ] as const) {
      it(`claims a count of ${name}`, () => refuses(tampered(() => ({ count }))));
    }
    it('leaves an entry out by the hints alone', () => refuses(inputOf(SCENE), { 'used[0]': 0n }));
    it('writes into an unused slot', async () => {
      for (const field of ['op', 'packed', 'content'] as const) {
        await refuses(tampered((x) => ({ [field]: replace(x[field], 6, 1n) })));
      }
    });
    it('repairs in an unused slot', () =>
      refuses(
        tampered((x) => ({
          op: replace(x.op, 5, 2n),
          packed: replace(x.packed, 5, packEntry(act(OP.REPAIR, 0))),
        })),
      ));
    it('changes an operation', () => refuses(tampered((x) => ({ op: replace(x.op, 3, 2n) }))));
    it('changes the content of an entry', () =>
      refuses(tampered((x) => ({ content: replace(x.content, 0, 5n) }))));
    it('prepends to the chain with a head of its own', () =>
      refuses(tampered(() => ({ leafHead: headOf(anchoredForm([PENALTY])) }))));

    it('has nine entries: they do not fit, and eight of them are not the chain', async () => {
      const chain = Array.from({ length: 9 }, () => PENALTY);
      const nine = inputOf({ chain });
      await refuses(nine);
      await refuses({ ...nine, count: 8n });
    });
  });

  describe('tampers with fields of an entry', () => {
    const fields: Record<string, Partial<ReferenceEntry>> = {
      kind: { kind: 9 },
      domain: { domain: 4 },
      severity: { severity: 0 },
      day: { day: TODAY + 1 },
      until: { until: 0 },
      amountFen: { amountFen: 0n },
    };
    for (const [name, change] of Object.entries(fields)) {
      it(name, () =>
        refuses(tampered((x) => ({ packed: replace(x.packed, 0, packEntry({ ...PENALTY, ...change })) }))),
      );
    }
    it('a repair of one record used for another', () =>
      refuses(tampered((x) => ({ packed: replace(x.packed, 2, packEntry(act(OP.REPAIR, 0))) }))));
    it('packed + r, the same field element: not an attack, the same answer', async () => {
      expect(
        await accepts(tampered((x) => ({ packed: replace(x.packed, 0, (x.packed[0] ?? 0n) + R) }))),
      ).to.deep.equal({
        answer: 0n,
        disputed: 1n,
      });
    });
    it('other bits for the same packed field', async () => {
      const circuit = await plainClaim(8);
      const input = inputOf(SCENE);
      const honestWitness = circuit.witness(input as unknown as CircuitInput);
      // 6 kind, 4 domain, 2 severity, 20 day, 20 until, 64 amount, 16 ref: some of each, low and high.
      for (const bit of [0, 5, 6, 9, 10, 11, 12, 31, 32, 51, 52, 100, 115, 116, 131]) {
        const name = `entry[0].bit[${bit}]`;
        const wire = circuit.r1cs.wireOf.get(name);
        if (wire === undefined) continue; // merged with an output of the same value, forced below
        await refuses(input, { [name]: 1n - (honestWitness[wire] ?? 0n) });
      }
    });
  });

  describe('gives itself effects, by forcing hints', () => {
    const forced: Record<string, Record<string, bigint>> = {
      'a repair of record 0': { 'effects.notRepaired[0]': 0n },
      'a revocation of record 0': { 'effects.notRevoked[0]': 0n },
      'no repair of record 1': { 'effects.notRepaired[1]': 1n },
      'no dispute of record 0': { 'effects.disputed[0]': 0n },
      'a dispute of record 1': { 'effects.disputed[1]': 1n },
      'entry 2 names record 0': { 'effects.names[0][2]': 1n },
      'entry 2 names no record': { 'effects.names[1][2]': 0n },
      'entry 3 is no dispute': { 'effects.isDispute[3]': 0n },
      'entry 3 is a settlement': { 'effects.isSettle[3]': 1n },
      'entry 0 is no record': { 'flags[0].isRecord': 0n },
      'entry 2 is a record': { 'flags[2].isRecord': 1n },
      'record 0 is not standing': { 'standing[0]': 0n },
      'record 0 is no candidate': { 'candidate[0]': 0n },
      'record 0 is not yet decided': { 'dayReached[0]': 0n },
      'record 0 is of a kind that is not asked for': { 'kind[0].out[0]': 0n },
      'record 0 is of a domain that is not asked for': { 'domain[0].out[0]': 0n },
      'record 0 is not severe enough': { 'severity[0].out[0]': 0n },
      'record 0 does not count': { 'value[0].counts[0]': 0n },
      'record 0 is repaired and barred': { 'value[0].repairedAndBarred[0]': 1n },
      'record 0 weighs nothing': { 'value[0].weight[0]': 0n },
      'the clause does not ask for unrepaired records': { 'clause[0].needsUnrepaired': 0n },
      'the clause asks for at least': { 'clause[0].isAtLeast': 1n },
      'another key': { key: 5n },
      'the key is absent': { 'LeafAnswersForKey.isPresent': 0n },
    };
    for (const [name, values] of Object.entries(forced)) {
      it(name, async () => {
        const circuit = await plainClaim(8);
        const named = Object.fromEntries(
          Object.entries(values).map(([signal, value]) => [
            fullName([...circuit.r1cs.wireOf.keys()], signal),
            value,
          ]),
        );
        await refuses(inputOf(SCENE), named);
      });
    }
    /** The compiler numbers anonymous components: LeafAnswersForKey is LeafAnswersForKey_84_4361. */
    const fullName = (names: string[], signal: string): string =>
      names.find((name) => name === signal || name.replace(/^([A-Z]\w*?)_\d+_\d+/, '$1') === signal) ??
      signal;
  });

  describe('denies the subject its leaf', () => {
    const scene: Partial<Scene> = { chain: [PENALTY], clauses: [ANY] };
    const none = {
      count: 0n,
      op: Array<bigint>(8).fill(0n),
      packed: Array<bigint>(8).fill(0n),
      content: Array<bigint>(8).fill(0n),
    };
    const tree = treeOf({ ...BASE, ...scene });
    const leafAt = (i: number): Partial<ClaimInput> => {
      const leaf = tree.leaves[i];
      if (leaf === undefined) throw new Error('no such leaf');
      const { position, siblings } = tree.path(i);
      return {
        leafKey: leaf.key,
        leafNextKey: leaf.nextKey,
        leafHead: leaf.head,
        position: position.map(BigInt),
        siblings,
      };
    };

    it('says NO with its leaf', async () => {
      expect((await accepts(inputOf(scene))).answer).to.equal(0n);
    });
    for (let i = 0; i < tree.leaves.length; i++) {
      it(`calls it absent by leaf ${i} of the register`, () =>
        refuses(tampered(() => ({ ...none, ...leafAt(i) }), scene)));
    }
    it('calls it absent by a forged low leaf', () =>
      refuses(
        tampered((x) => ({ ...none, leafKey: keyOf(x.uscc, 1, x.secret) - 1n, leafNextKey: 0n }), scene),
      ));
    it('calls it absent by a wrong nextKey', () =>
      refuses(tampered(() => ({ ...none, ...leafAt(0), leafNextKey: 0n }), scene)));
    it('calls it absent by an empty place of the tree', () =>
      refuses(
        tampered(() => {
          const { position, siblings } = tree.path(tree.leaves.length);
          return {
            ...none,
            leafKey: 0n,
            leafNextKey: 0n,
            leafHead: 0n,
            position: position.map(BigInt),
            siblings,
          };
        }, scene),
      ));
    it('uses the leaf and the chain of another subject', () =>
      refuses(tampered(() => ({ ...leafAt(1) }), scene)));
    it('uses another nextKey on its own leaf', () =>
      refuses(tampered((x) => ({ leafNextKey: x.leafNextKey + 1n }), scene)));

    it('invents an entry for an absent subject', async () => {
      const wanted = { clauses: [{ ...ANY, comparison: 'at-least' as const, threshold: 1n }] };
      const absent = inputOf({ chain: [], ...wanted });
      expect((await accepts(absent)).answer).to.equal(0n);
      const { count, op, packed, content } = inputOf({ chain: [PENALTY], ...wanted });
      await refuses({ ...absent, count, op, packed, content });
      await refuses({ ...absent, count, op, packed, content, leafHead: headOf(anchoredForm([PENALTY])) });
    });
    it('shows another chain than the one that its leaf carries', async () => {
      const { count, op, packed, content } = inputOf({ chain: [{ ...PENALTY, severity: 0 }] });
      await refuses(tampered(() => ({ count, op, packed, content }), scene));
    });

    it('finds no room for a key between two leaves that are neighbours', async () => {
      const key = keyOf(BASE.uscc, 1, BASE.secret);
      const planted = new SmallTree([
        { key: 0n, nextKey: key - 1n, head: 0n },
        { key: key - 1n, nextKey: key, head: 3n },
        { key, nextKey: 0n, head: headOf(anchoredForm([PENALTY])) },
      ]);
      const { position, siblings } = planted.path(1);
      await refuses(
        tampered(
          () => ({
            ...none,
            root: planted.root,
            leafKey: key - 1n,
            leafNextKey: key,
            leafHead: 3n,
            position: position.map(BigInt),
            siblings,
          }),
          scene,
        ),
      );
    });

    it('finds no use for a planted leaf whose key is a negative number', async () => {
      const planted = new SmallTree([{ key: R - 5n, nextKey: 0n, head: 0n }]);
      const { position, siblings } = planted.path(0);
      await refuses(
        tampered(
          () => ({
            ...none,
            root: planted.root,
            leafKey: R - 5n,
            leafNextKey: 0n,
            leafHead: 0n,
            position: position.map(BigInt),
            siblings,
          }),
          scene,
        ),
      );
    });
  });

  describe('tampers with the path', () => {
    it('gives a digit outside 0 to 3', async () => {
      for (const digit of [4n, R - 1n, (R + 1n) / 2n]) {
        for (const level of [0, 13])
          await refuses(tampered((x) => ({ position: replace(x.position, level, digit) })));
      }
    });
    it('gives another position', () =>
      refuses(tampered((x) => ({ position: replace(x.position, 0, ((x.position[0] ?? 0n) + 1n) % 4n) }))));
    it('gives other siblings', async () => {
      for (const level of [0, 6, 13]) {
        await refuses(
          tampered((x) => ({
            siblings: replace(x.siblings, level, replace(x.siblings[level] ?? [], 1, 42n)),
          })),
        );
      }
    });
    it('proves under another root', () => refuses(tampered((x) => ({ root: x.root + 1n }))));
  });

  describe('speaks of another subject, register or class', () => {
    it('invents a secret', () => refuses(tampered(() => ({ secret: 7n }))));
    it('invents a secret under which the company has no entry', async () => {
      const clean = inputOf({ ...SCENE, chain: [], secret: 7n });
      const real = inputOf(SCENE);
      await refuses({ ...clean, secretCommit: real.secretCommit });
      // Under its own commitment it is provable: that the signal is the register's is for the verifier to check.
      expect((await accepts(clean)).answer).to.equal(1n);
      expect(clean.secretCommit).to.not.equal(real.secretCommit);
    });
    it('takes another company', () => refuses(tampered((x) => ({ uscc: x.uscc + 1n }))));
    it('takes another company that has no entry', async () => {
      const other = inputOf({ chain: [], clauses: [UNREPAIRED], uscc: BASE.uscc + 1n });
      await refuses({ ...other, subjectTag: inputOf(SCENE).subjectTag });
    });
    it('opens the tag with another company and nonce', () =>
      refuses(tampered((x) => ({ uscc: x.nonce, nonce: x.uscc }))));
    it('takes another nonce', () => refuses(tampered((x) => ({ nonce: x.nonce + 1n }))));
    it('takes the chain of another class', async () => {
      const permits = inputOf({ chain: [], clauses: [UNREPAIRED], class: 2 });
      await refuses({ ...permits, predicateHash: inputOf(SCENE).predicateHash });
    });
    it('takes a class that does not exist, consistently', async () => {
      for (const ledgerClass of [0, 4, 255]) await refuses(inputOf({ ...SCENE, class: ledgerClass }));
    });

    it('chooses the second spelling of the hash that gives the key', async () => {
      const circuit = await plainClaim(8);
      // A company whose hash has two spellings of 254 bits, about one in three.
      let { uscc } = BASE;
      const hashOf = (code: bigint): bigint => poseidon4([2n, code, 1n, BASE.secret]);
      while (hashOf(uscc) + R >= 1n << 254n) uscc += 1n;
      const second = hashOf(uscc) + R;
      const otherKey = second & ((1n << 248n) - 1n);
      // Under the other key the company would be absent: the attack is worth something.
      const input = inputOf({ ...SCENE, uscc });
      const tree = treeOf({ ...BASE, ...SCENE, uscc });
      const index = tree.indexFor(otherKey);
      const leaf = tree.leaves[index];
      if (leaf === undefined) throw new Error('no such leaf');
      expect(leaf.key).to.not.equal(otherKey);
      const { position, siblings } = tree.path(index);
      const attack = {
        ...input,
        count: 0n,
        op: Array<bigint>(8).fill(0n),
        packed: Array<bigint>(8).fill(0n),
        content: Array<bigint>(8).fill(0n),
        leafKey: leaf.key,
        leafNextKey: leaf.nextKey,
        leafHead: leaf.head,
        position: position.map(BigInt),
        siblings,
      };
      const bits = [...circuit.r1cs.wireOf.keys()].filter((name) =>
        /Trunc248_\d+_\d+\.bits\[\d+\]$/.test(name),
      );
      expect(bits).to.have.length(254);
      const forced = Object.fromEntries(
        bits.map((name) => [name, (second >> BigInt(/(\d+)\]$/.exec(name)?.[1] ?? '')) & 1n]),
      );
      await refuses(attack, forced);
      await refuses(attack, { key: otherKey });
      await refuses(attack);
    });
  });

  describe('tampers with the question', () => {
    const withClauses =
      (clauses: bigint[]): ((x: ClaimInput) => Partial<ClaimInput>) =>
      (x) => ({ clauses, predicateHash: poseidon4([4n, x.class, clauses[0] ?? 0n, clauses[1] ?? 0n]) });

    it('answers another predicate', () =>
      refuses(tampered(() => ({ clauses: [packClause({ ...ANY, threshold: 9n }), 0n] }))));
    it('adds a second clause', () => refuses(tampered((x) => ({ clauses: [x.clauses[0] ?? 0n, 1n] }))));
    it('swaps the clauses', () =>
      refuses(
        tampered((x) => ({ clauses: swap(x.clauses, 0, 1) }), {
          ...SCENE,
          clauses: [UNREPAIRED, { ...ANY, threshold: 9n }],
        }),
      ));
    it('asks for status 3, which is not defined', () =>
      refuses(tampered(withClauses([packClause(UNREPAIRED) | (3n << 104n), 0n]))));
    it('sets a bit above the 178 of a clause', async () => {
      for (const bit of [178n, 200n, 253n]) {
        await refuses(tampered(withClauses([packClause(ANY) | (1n << bit), 0n])));
        await refuses(tampered(withClauses([0n, 1n << bit])));
      }
    });
    it('says YES for a day on which it is NO, by moving the day of the comparison only', async () => {
      const circuit = await plainClaim(8);
      const dayBits = [...circuit.r1cs.wireOf.keys()].filter((name) =>
        /^Num2Bits_\d+_\d+\.out\[\d+\]$/.test(name),
      );
      expect(dayBits).to.have.length(20);
      await refuses(inputOf(SCENE), Object.fromEntries(dayBits.map((name) => [name, 0n])));
      await refuses(inputOf(SCENE), { 'value[0].recent[0]': 0n });
    });
    it('gives a day that is not of 20 bits', async () => {
      for (const asOfDay of [1n << 20n, 1n << 64n, R - 1n]) await refuses(tampered(() => ({ asOfDay })));
    });
    it('has its context in a constraint', async () => {
      const circuit = await claim(8);
      expect(circuit.r1cs.uses[circuit.wire('context')]).to.have.length.greaterThan(0);
    });
  });

  describe('anchors what is malformed', () => {
    const packed = packEntry(PENALTY);
    const anchor = (entry: Partial<AnchoredEntry>): Partial<Scene> => ({
      anchored: [{ op: 0n, packed, content: 1n, ...entry }],
      clauses: [ANY],
    });

    it('accepts the well-formed entry', async () => {
      expect((await accepts(inputOf(anchor({})))).answer).to.equal(0n);
    });
    const bits: Record<string, number[]> = {
      'kind beyond 63': [6, 7],
      'domain beyond 15': [12, 13, 14, 15],
      'severity beyond 3': [18, 19],
      'bits above 140': [140, 141, 200, 252],
    };
    for (const [name, positions] of Object.entries(bits)) {
      it(`${name} has no witness`, async () => {
        for (const bit of positions) await refuses(inputOf(anchor({ packed: packed | (1n << BigInt(bit)) })));
      });
    }
    it('an amount that is negative in the field has no witness', async () => {
      // amount = −1: packed = (the rest) − 2^60 mod r
      await refuses(inputOf(anchor({ packed: (packed - (5_001n << 60n) + R) % R })));
      await refuses(inputOf(anchor({ packed: R - 1n })));
    });
    it('an amount of 2^64 reads as a reference, never as an amount', async () => {
      const scene = anchor({ packed: packEntry({ ...PENALTY, amountFen: 0n }) + (1n << 124n) });
      const clauses = [{ ...ANY, aggregate: 'sum' as const, comparison: 'at-least' as const, threshold: 1n }];
      expect((await accepts(inputOf({ ...scene, clauses }))).answer).to.equal(0n);
    });
    it('an operation that is not defined has no witness', async () => {
      for (const op of [5n, 7n, 255n, R - 1n]) await refuses(inputOf(anchor({ op })));
    });
    it('an operation that carries the fields of a record never counts as one', async () => {
      for (const op of [1n, 2n, 3n, 4n]) expect((await accepts(inputOf(anchor({ op })))).answer).to.equal(1n);
    });
  });

  it('hashes as the protocol says (the tests would else agree with themselves only)', () => {
    const input = inputOf(SCENE);
    expect(input.secretCommit).to.equal(poseidon2([1n, input.secret]));
    expect(input.subjectTag).to.equal(poseidon3([3n, input.uscc, input.nonce]));
  });
});
