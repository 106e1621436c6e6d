import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { claim, honest, templateCircuit } from './support/claim.ts';
import { SmallTree, inputOf, type ClaimInput } from './support/world.ts';

interface Identities {
  secret: string;
  secretCommit: string;
  nonce: string;
  subjects: { uscc: string; number: string; keys: Record<string, string>; tag: string }[];
}
interface Entries {
  chain: { op: number; packed: string; content: string; head: string }[];
}
interface Tree {
  paths: {
    leaf: { key: string; nextKey: string; head: string };
    digits: number[];
    siblings: string[][];
    root: string;
  }[];
}
interface Predicates {
  predicates: {
    slug: string;
    predicate: { class: number };
    clauses: string[];
    predicateHash: string;
    values: { asOfDay: number; answer: boolean; disputed: boolean }[];
  }[];
}

async function vectors<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

describe('circuits and the shared vectors', () => {
  it('open the same secret, derive the same subject keys and tags', async () => {
    const { secret, secretCommit, nonce, subjects } = await vectors<Identities>('identities');
    const [commit, key, tag] = await Promise.all(
      ['secret-commit', 'subject-key', 'subject-tag'].map((name) => templateCircuit(name)),
    );
    expect(commit?.witness({ secret })[1]).to.equal(BigInt(secretCommit));
    for (const subject of subjects) {
      expect(tag?.witness({ uscc: subject.number, nonce })[1]).to.equal(BigInt(subject.tag));
      for (const [ledgerClass, expected] of Object.entries(subject.keys)) {
        expect(key?.witness({ uscc: subject.number, class: ledgerClass, secret })[1]).to.equal(
          BigInt(expected),
        );
      }
    }
  });

  it('come to the same head after every entry of the chain', async () => {
    const { chain } = await vectors<Entries>('entries');
    const circuit = await templateCircuit('entry-chain');
    for (let length = 0; length <= chain.length; length++) {
      const slots = Array.from({ length: 8 }, (_, i) => (i < length ? chain[i] : undefined));
      const witness = circuit.witness({
        used: slots.map((slot) => (slot === undefined ? 0 : 1)),
        op: slots.map((slot) => slot?.op ?? 0),
        packed: slots.map((slot) => slot?.packed ?? 0),
        content: slots.map((slot) => slot?.content ?? 0),
      });
      expect(witness[1]).to.equal(BigInt(chain[length - 1]?.head ?? 0));
    }
  });

  it('come from every path to the same root', async () => {
    const { paths } = await vectors<Tree>('tree');
    const circuit = await templateCircuit('register-root');
    for (const { leaf, digits, siblings, root } of paths) {
      const witness = circuit.witness({ ...leaf, position: digits, siblings });
      expect(witness[1]).to.equal(BigInt(root));
    }
  });

  it('give every listed predicate the same value, on every day', async () => {
    const { secret, secretCommit, nonce, subjects } = await vectors<Identities>('identities');
    const { chain } = await vectors<Entries>('entries');
    const { predicates } = await vectors<Predicates>('predicates');
    const [subject] = subjects;
    if (subject === undefined) throw new Error('no subject');
    const circuit = await claim(8);
    for (const { slug, predicate, clauses, predicateHash, values } of predicates) {
      const key = BigInt(subject.keys[String(predicate.class)] ?? 0);
      const head = BigInt(chain.at(-1)?.head ?? 0);
      const tree = SmallTree.of([
        [key, head],
        [1n, 5n],
      ]);
      const { position, siblings } = tree.path(1);
      for (const { asOfDay, answer, disputed } of values) {
        const input: ClaimInput = {
          ...inputOf(),
          root: tree.root,
          secretCommit: BigInt(secretCommit),
          subjectTag: BigInt(subject.tag),
          predicateHash: BigInt(predicateHash),
          asOfDay: BigInt(asOfDay),
          uscc: BigInt(subject.number),
          secret: BigInt(secret),
          nonce: BigInt(nonce),
          class: BigInt(predicate.class),
          count: BigInt(chain.length),
          op: chain.map(({ op }) => BigInt(op)),
          packed: chain.map(({ packed }) => BigInt(packed)),
          content: chain.map(({ content }) => BigInt(content)),
          leafKey: key,
          leafNextKey: 0n,
          leafHead: head,
          position: position.map(BigInt),
          siblings,
          clauses: clauses.map(BigInt),
        };
        expect(honest(circuit, input), `${slug} on day ${asOfDay}`).to.deep.equal({
          answer: answer ? 1n : 0n,
          disputed: disputed ? 1n : 0n,
        });
      }
    }
  });
});
