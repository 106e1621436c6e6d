import { expect } from 'chai';
import fc from 'fast-check';
import {
  RegisterTree,
  USCC_ALPHABET,
  asFieldElement,
  bodyOf,
  circuitInput,
  evaluate,
  organisationCheck,
  parseUscc,
  subjectKeyOf,
  trunc248,
  usccCheckCharacter,
  type Clause,
  type Content,
  type Context,
  type Day,
  type Entry,
  type LedgerClass,
  type Nonce,
  type OpenedEntry,
  type Predicate,
  type RegisterSecret,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { chains, predicates } from './support/arbitrary.ts';
import { claim } from './support/claim.ts';
import { evaluate as referenceEvaluate, packEntry, type ReferenceClause } from './support/reference.ts';
import { R } from './support/r1cs.ts';
import { TODAY } from './support/world.ts';

/** A made-up company: the n-th with a valid code. */
function company(n: number): Uscc {
  const body = `MA${String(n).padStart(6, '0')}`;
  const first17 = `91110105${body}${organisationCheck(body)}`;
  return parseUscc(`${first17}${usccCheckCharacter(first17)}`);
}

const toClause = (clause: ReferenceClause): Clause => ({ ...clause, domains: Number(clause.domains) });

describe('circuit and SDK say the same', () => {
  const secret = 0x1234567890abcdefn as RegisterSecret;
  const nonce = 99n as Nonce;

  it('for what the SDK builds as input, from its own tree, over random chains, subjects and predicates', async () => {
    const circuit = await claim(8);
    fc.assert(
      fc.property(
        chains(8),
        predicates,
        fc.integer({ min: 0, max: 400_000 }),
        fc.constantFrom<LedgerClass>(1, 2, 3),
        fc.integer({ min: 0, max: 6 }),
        (referenceChain, clauses, n, ledgerClass, others) => {
          const uscc = company(n);
          const chain: OpenedEntry[] = referenceChain.map((entry, i) => ({
            op: entry.op,
            packed: packEntry(entry),
            content: BigInt(77 + i) as Content,
          }));
          const tree = new RegisterTree();
          const entriesOf = (who: Uscc, entries: readonly OpenedEntry[]): Entry[] =>
            entries.map(({ op, packed, content }) => ({
              key: subjectKeyOf(who, ledgerClass, secret),
              op,
              body: bodyOf(packed, content),
            }));
          const filler: OpenedEntry = { op: 0, packed: 1n, content: 5n as Content };
          const strangers = Array.from({ length: others }, (_, i) =>
            entriesOf(company(500_000 + i), [filler]),
          ).flat();
          const entries = [...strangers, ...entriesOf(uscc, chain)];
          if (entries.length > 0) tree.append(entries, 1);
          const [first, second] = clauses.map(toClause) as [Clause, Clause | undefined];
          const predicate: Predicate = { class: ledgerClass, clauses: second ? [first, second] : [first] };
          const input = circuitInput({
            size: 8,
            uscc,
            secret,
            nonce,
            predicate,
            chain,
            path: tree.path(subjectKeyOf(uscc, ledgerClass, secret)),
            root: tree.root(),
            asOfDay: TODAY as Day,
            context: 5n as Context,
          });
          const witness = circuit.witness(input);
          const said = evaluate(predicate, chain, TODAY as Day);
          expect(witness[1]).to.equal(said.answer ? 1n : 0n);
          expect(witness[2]).to.equal(said.disputed ? 1n : 0n);
          expect(referenceEvaluate(clauses, referenceChain, TODAY)).to.deep.equal({
            answer: witness[1],
            disputed: witness[2],
          });
        },
      ),
      { numRuns: 60, seed: 20261123 },
    );
  });

  it('for numbers of 254 bits that are cut to 248', () => {
    for (const x of [0n, R - 1n, 1n << 248n, (1n << 253n) + 5n]) {
      expect(trunc248(asFieldElement(x))).to.equal(x % (1n << 248n));
    }
    expect(USCC_ALPHABET).to.have.length(31);
  });
});
