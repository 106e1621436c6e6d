import { expect } from 'chai';
import {
  encodeDelta,
  type Entry,
  type EntryBody,
  EMPTY_ROOT,
  H2,
  H4,
  random248,
  RegisterTree,
  sortForBatch,
  type SubjectKey,
  type LedgerClass,
  randomSecret,
  subjectKeyOf,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { type Hasher, InlineHasher, ThreadHasher } from '../../node/src/registers/index.ts';
import { SubjectKeys } from '../../node/src/registers/entry-maker.ts';
import { codeOf } from '../support/codes.ts';
import { companyCode } from './support/world.ts';

const entries = (count: number): Entry[] =>
  sortForBatch(
    Array.from({ length: count }, () => ({
      key: random248() as SubjectKey,
      op: 0 as const,
      body: random248() as bigint as EntryBody,
    })),
  );
const none = async (): Promise<Uint8Array[]> => [];

for (const [name, make] of [
  ['in this thread', () => new InlineHasher()],
  ['in a thread of its own', () => new ThreadHasher()],
] as const) {
  describe(`Hashing ${name}`, function () {
    this.timeout(60_000);
    let hasher: Hasher;

    beforeEach(() => {
      hasher = make();
    });
    afterEach(() => hasher.close());

    it('gives Poseidon of each list, in order', async () => {
      expect(
        await hasher.hash([
          [1n, 2n],
          [1n, 2n, 3n, 4n],
          [2n, 1n],
        ]),
      ).to.deep.equal([H2(1n, 2n), H4(1n, 2n, 3n, 4n), H2(2n, 1n)]);
      expect(await hasher.hash([])).to.deep.equal([]);
    });

    it('appends as the reference tree does, batch after batch, after a step back, and from a history', async () => {
      const tree = new RegisterTree();
      const base = () => ({ registerId: 1n, seq: tree.seq, root: tree.root() });
      for (const seq of [1, 2]) {
        const batch = entries(5);
        const delta = await hasher.append(base(), batch, seq, none);
        expect(delta).to.deep.equal(tree.append(batch, seq));
      }
      tree.rollbackTo(1);
      const batch = entries(4);
      const delta = await hasher.append(base(), batch, 3, none);
      expect(delta).to.deep.equal(tree.append(batch, 3));

      const other = make();
      const reference = new RegisterTree();
      const [one, two, three] = [entries(3), entries(3), entries(3)];
      const history = [reference.append(one, 1), reference.append(two, 2)].map(encodeDelta);
      const at = { registerId: 9n, seq: 2, root: reference.root() };
      expect(await other.append(at, three, 4, async () => history)).to.deep.equal(reference.append(three, 4));
      await other.close();
    });

    it('keeps the trees of registers apart', async () => {
      const [one, two] = [entries(3), entries(3)];
      const base = { seq: 0, root: EMPTY_ROOT };
      const [first, second] = await Promise.all([
        hasher.append({ ...base, registerId: 1n }, one, 1, none),
        hasher.append({ ...base, registerId: 2n }, two, 1, none),
      ]);
      expect([first.root, second.root]).to.deep.equal([
        new RegisterTree().append(one, 1).root,
        new RegisterTree().append(two, 1).root,
      ]);
    });

    it('does not append to a tree that is not what it is said to be', async () => {
      const work = hasher.append({ registerId: 1n, seq: 1, root: 5n }, entries(1), 2, none);
      expect(await codeOf(work)).to.equal('TREE_HISTORY_INCONSISTENT');
    });

    it('makes subject keys as the protocol does', async () => {
      const secret = randomSecret();
      const subjects = [1, 2, 1].map((n) => ({ uscc: companyCode(n), class: n as LedgerClass }));
      expect(await new SubjectKeys(secret, hasher).of(subjects)).to.deep.equal(
        subjects.map(({ uscc, class: ledgerClass }) => subjectKeyOf(uscc as Uscc, ledgerClass, secret)),
      );
    });
  });
}

describe('The hashing thread', () => {
  it('leaves the event loop free', async () => {
    const hasher = new ThreadHasher();
    await hasher.hash([[1n]]);
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    await hasher.append({ registerId: 1n, seq: 0, root: EMPTY_ROOT }, entries(200), 1, none);
    clearInterval(timer);
    await hasher.close();
    expect(turns).to.be.greaterThan(3);
  });

  it('refuses what is asked after it was closed, and what was waiting then', async () => {
    const hasher = new ThreadHasher();
    const waiting = codeOf(hasher.hash(Array.from({ length: 2_000 }, () => [1n, 2n])));
    await hasher.close();
    expect(await waiting).to.equal('HASHER_ENDED');
    expect(await codeOf(hasher.hash([[1n]]))).to.equal('HASHER_ENDED');
  });
});
