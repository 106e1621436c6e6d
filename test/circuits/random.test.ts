import { expect } from 'chai';
import fc from 'fast-check';
import { claim, honest, plainClaim } from './support/claim.ts';
import { chains, predicates } from './support/arbitrary.ts';
import { evaluate, type ReferenceClause, type ReferenceEntry } from './support/reference.ts';
import { unnoticedChanges } from './support/mutations.ts';
import { brokenConstraints } from './support/r1cs.ts';
import type { CircuitInput } from './support/witness.ts';
import { TODAY, inputOf } from './support/world.ts';

for (const { size, honestRuns, witnessRuns } of [
  { size: 8, honestRuns: 120, witnessRuns: 20 },
  { size: 40, honestRuns: 30, witnessRuns: 4 },
] as const) {
  describe(`claim(${size}) over random chains and predicates`, () => {
    it('says what the reference says', async () => {
      const circuit = await claim(size);
      const seen = new Set<string>();
      fc.assert(
        fc.property(chains(size), predicates, (chain, clauses) => {
          const expected = evaluate(clauses, chain, TODAY);
          seen.add(`${expected.answer} ${expected.disputed}`);
          expect(honest(circuit, inputOf({ size, chain, clauses }))).to.deep.equal(expected);
        }),
        { numRuns: honestRuns, seed: 20261123 },
      );
      // A run that met only one outcome would have shown little.
      expect([...seen].sort()).to.deep.equal(['0 0', '0 1', '1 0', '1 1']);
    });

    it('has no witness that says anything else', async () => {
      const circuit = await plainClaim(size);
      fc.assert(
        fc.property(chains(size, size / 2), predicates, (chain, clauses) => {
          const expected = evaluate(clauses, chain, TODAY);
          const input = inputOf({ size, chain, clauses }) as unknown as CircuitInput;
          const verdict = circuit.consequences(input);
          expect(verdict.kind).to.equal('unique');
          if (verdict.kind !== 'unique') return;
          expect({ answer: verdict.values[1], disputed: verdict.values[2] }).to.deep.equal(expected);
          // What is not forced is the inverse hint of a zero test on zero, and nothing else.
          const names = new Map([...circuit.r1cs.wireOf].map(([name, wire]) => [wire, name]));
          for (const wire of verdict.inert) expect(names.get(wire)).to.match(/\.inv$/);
        }),
        { numRuns: witnessRuns, seed: 20261123 },
      );
    });

    it('notices a change of any single wire of the proved constraints', async () => {
      const circuit = await claim(size);
      const names = new Map([...circuit.r1cs.wireOf].map(([name, wire]) => [wire, name]));
      const [chain, clauses] = fc.sample(fc.tuple(chains(size, size - 1), predicates), {
        numRuns: 1,
        seed: 7,
      })[0] as [ReferenceEntry[], ReferenceClause[]];
      for (const scene of [
        { chain, clauses },
        { chain: [], clauses },
      ]) {
        const witness = circuit.witness(inputOf({ size, ...scene }) as unknown as CircuitInput);
        expect(brokenConstraints(circuit.r1cs, witness)).to.deep.equal([]);
        const unnoticed = unnoticedChanges(circuit.r1cs, witness);
        // The inverse hint of a zero test is free where the tested value is zero, and read by nobody there.
        expect(unnoticed.filter(({ wire }) => !/\.inv$/.test(names.get(wire) ?? '?'))).to.deep.equal([]);
        expect(unnoticed.length).to.be.lessThan(circuit.r1cs.wires / 20);
      }
    });
  });
}

describe('claim(40): long chains', () => {
  it('counts forty entries, adds forty of the largest amounts without wrapping, and refuses forty-one', async () => {
    const circuit = await claim(40);
    const most = (1n << 64n) - 1n;
    const chain = Array.from({ length: 40 }, () => ({
      op: 0 as const,
      kind: 63,
      domain: 15,
      severity: 3,
      day: TODAY,
      until: TODAY,
      amountFen: most,
      ref: 0,
    }));
    const sum = {
      kinds: 1n << 63n,
      domains: 1n << 15n,
      minSeverity: 3,
      maxAgeDays: 1,
      status: 'in-force' as const,
      aggregate: 'sum' as const,
      comparison: 'at-least' as const,
      threshold: 40n * most,
    };
    const answerTo = (clauses: ReferenceClause[]): bigint =>
      honest(circuit, inputOf({ size: 40, chain, clauses })).answer;
    expect(answerTo([sum])).to.equal(1n);
    expect(answerTo([{ ...sum, threshold: 40n * most + 1n }])).to.equal(0n);
    expect(answerTo([{ ...sum, aggregate: 'count', threshold: 40n }])).to.equal(1n);
    expect(answerTo([{ ...sum, aggregate: 'count', threshold: 41n }])).to.equal(0n);
    expect(() => honest(circuit, inputOf({ size: 40, chain: [...chain, ...chain.slice(0, 1)] }))).to.throw(
      /no witness/,
    );
  });
});
