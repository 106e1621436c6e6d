import { expect } from 'chai';
import { poseidon4 } from 'poseidon-lite';
import { templateCircuit, type CircuitUnderTest } from './support/claim.ts';
import { R, brokenConstraints } from './support/r1cs.ts';
import { solve } from './support/solver.ts';

const bitsOf = (x: bigint, n: number): bigint[] => Array.from({ length: n }, (_, i) => (x >> BigInt(i)) & 1n);

describe('circuit templates, each alone', () => {
  describe('the solver that these tests rely on', () => {
    it('sees that a hint which nothing holds to its meaning is open', async () => {
      const circuit = await templateCircuit('loose-parity');
      expect(circuit.consequences({ in: 6n }).kind).to.equal('open');
    });

    it('sees two spellings of a decomposition without an alias check, and both are witnesses', async () => {
      const circuit = await templateCircuit('loose-trunc248');
      const x = 12345n;
      expect(circuit.consequences({ in: x }).kind).to.equal('open');
      for (const spelling of [x, x + R]) {
        const verdict = circuit.consequences({ in: x }, bitWires(circuit, spelling));
        expect(verdict.kind).to.equal('unique');
        if (verdict.kind !== 'unique') return;
        expect(brokenConstraints(circuit.r1cs, verdict.values)).to.deep.equal([]);
        expect(verdict.values[circuit.wire('out')]).to.equal(spelling & ((1n << 248n) - 1n));
      }
    });

    const bitWires = (circuit: CircuitUnderTest, spelling: bigint): Record<string, bigint> =>
      Object.fromEntries(bitsOf(spelling, 254).map((bit, i) => [`bits[${i}]`, bit]));
  });

  describe('Trunc248', () => {
    const TWICE_SPELLED = (1n << 254n) - R; // below it, x + r fits 254 bits too

    for (const [name, x] of [
      ['0', 0n],
      ['1', 1n],
      ['2^248 − 1', (1n << 248n) - 1n],
      ['2^248', 1n << 248n],
      ['the last number with two spellings', TWICE_SPELLED - 1n],
      ['the first number with one', TWICE_SPELLED],
      ['r − 1', R - 1n],
    ] as const) {
      it(`gives the low 248 bits of ${name}, and no witness gives others`, async () => {
        const circuit = await templateCircuit('trunc248');
        const verdict = circuit.consequences({ in: x });
        expect(verdict.kind).to.equal('unique');
        if (verdict.kind === 'unique')
          expect(verdict.values[circuit.wire('out')]).to.equal(x & ((1n << 248n) - 1n));
      });
    }

    it('refuses the second spelling x + r in every bit, with everything after it recomputed', async () => {
      const circuit = await templateCircuit('trunc248');
      for (const x of [0n, 1n, 12345n, 1n << 248n, TWICE_SPELLED - 1n]) {
        const forced = Object.fromEntries(bitsOf(x + R, 254).map((bit, i) => [`bits[${i}]`, bit]));
        expect(circuit.consequences({ in: x }, forced).kind).to.equal('none');
      }
    });

    it('refuses the low bits of the second spelling as its output', async () => {
      const circuit = await templateCircuit('trunc248');
      const forced = { out: (7n + R) & ((1n << 248n) - 1n) };
      expect(circuit.consequences({ in: 7n }, forced).kind).to.equal('none');
    });
  });

  describe('UsedSlots', () => {
    it('uses exactly the first count slots, for 0 to 8', async () => {
      const circuit = await templateCircuit('used-slots');
      for (let count = 0; count <= 8; count++) {
        const verdict = circuit.consequences({ count: BigInt(count) });
        expect(verdict.kind).to.equal('unique');
        if (verdict.kind !== 'unique') return;
        for (let i = 0; i < 8; i++) {
          expect(verdict.values[circuit.wire(`used[${i}]`)]).to.equal(i < count ? 1n : 0n);
        }
      }
    });

    for (const [name, count] of [
      ['9', 9n],
      ['−1', R - 1n],
      ['1/2', (R + 1n) / 2n],
      ['2^32', 1n << 32n],
    ] as const) {
      it(`has no witness for a count of ${name}`, async () => {
        const circuit = await templateCircuit('used-slots');
        expect(circuit.consequences({ count }).kind).to.equal('none');
      });
    }

    it('has no witness with a slot left out in the middle', async () => {
      const circuit = await templateCircuit('used-slots');
      expect(circuit.consequences({ count: 3n }, { 'used[1]': 0n }).kind).to.equal('none');
      expect(circuit.consequences({ count: 3n }, { 'used[3]': 1n }).kind).to.equal('none');
    });
  });

  describe('OpFlags', () => {
    const NAMES = ['isRecord', 'isRevoke', 'isRepair', 'isDispute', 'isSettle'];

    it('sets the one flag of each operation', async () => {
      const circuit = await templateCircuit('op-flags');
      for (let op = 0; op <= 4; op++) {
        const verdict = circuit.consequences({ op: BigInt(op), used: 1n });
        expect(verdict.kind).to.equal('unique');
        if (verdict.kind !== 'unique') return;
        expect(NAMES.map((name) => verdict.values[circuit.wire(name)])).to.deep.equal(
          NAMES.map((_, i) => (i === op ? 1n : 0n)),
        );
      }
    });

    it('sets none in an unused slot, whose op can only be 0', async () => {
      const circuit = await templateCircuit('op-flags');
      const verdict = circuit.consequences({ op: 0n, used: 0n });
      expect(verdict.kind).to.equal('unique');
      if (verdict.kind === 'unique') {
        expect(NAMES.map((name) => verdict.values[circuit.wire(name)])).to.deep.equal([0n, 0n, 0n, 0n, 0n]);
      }
      for (const op of [1n, 2n, 3n, 4n]) expect(circuit.consequences({ op, used: 0n }).kind).to.equal('none');
    });

    it('has no witness for an operation that is not defined', async () => {
      const circuit = await templateCircuit('op-flags');
      for (const op of [5n, 6n, 7n, 10n, 256n, R - 1n]) {
        expect(circuit.consequences({ op, used: 1n }).kind).to.equal('none');
      }
    });

    it('has no witness in which two operations add up to a third', async () => {
      const circuit = await templateCircuit('op-flags');
      expect(circuit.consequences({ op: 3n, used: 1n }, { isRevoke: 1n, isRepair: 1n }).kind).to.equal(
        'none',
      );
      expect(circuit.consequences({ op: 0n, used: 1n }, { isRecord: 0n }).kind).to.equal('none');
    });
  });

  describe('SelectFromTwoMasks', () => {
    it('reads the bit at every index of both masks, and no witness reads another', async () => {
      const circuit = await templateCircuit('select-from-two-masks');
      const masks = [0b1010_0110_1100_0001n, 0b0011_1111_0000_0110n].map((mask) => bitsOf(mask, 16));
      for (let index = 0; index < 16; index++) {
        const input = { index: bitsOf(BigInt(index), 4), mask: masks };
        const verdict = circuit.consequences(input);
        expect(verdict.kind).to.equal('unique');
        if (verdict.kind !== 'unique') return;
        expect([0, 1].map((c) => verdict.values[circuit.wire(`out[${c}]`)])).to.deep.equal([
          masks[0]?.[index],
          masks[1]?.[index],
        ]);
        expect(circuit.consequences(input, { 'out[0]': 1n - (masks[0]?.[index] ?? 0n) }).kind).to.equal(
          'none',
        );
      }
    });
  });

  describe('MeetsThreshold', () => {
    const TOP = (1n << 70n) - 1n;

    it('compares at the boundary, both ways, up to 2^70 − 1', async () => {
      const circuit = await templateCircuit('meets-threshold');
      for (const threshold of [0n, 1n, 5n, TOP - 1n, TOP]) {
        for (const total of [threshold - 1n, threshold, threshold + 1n].filter((x) => x >= 0n && x <= TOP)) {
          for (const isAtLeast of [0n, 1n]) {
            const verdict = circuit.consequences({ total, threshold, isAtLeast });
            expect(verdict.kind).to.equal('unique');
            if (verdict.kind !== 'unique') return;
            const expected = isAtLeast === 1n ? total >= threshold : total <= threshold;
            expect(verdict.values[circuit.wire('out')]).to.equal(expected ? 1n : 0n);
          }
        }
      }
    });

    it('has no witness for a difference outside the range, where it could wrap', async () => {
      const circuit = await templateCircuit('meets-threshold');
      for (const total of [1n << 71n, R - (1n << 71n), R / 2n]) {
        expect(circuit.consequences({ total, threshold: 0n, isAtLeast: 0n }).kind).to.equal('none');
      }
    });
  });

  describe('ParentNode', () => {
    const children = [101n, 102n, 103n, 104n];

    it('puts the node where the digit says, for all four', async () => {
      const circuit = await templateCircuit('parent-node');
      for (let digit = 0; digit < 4; digit++) {
        const siblings = children.filter((_, i) => i !== digit);
        const verdict = circuit.consequences({ node: children[digit], digit: BigInt(digit), siblings });
        expect(verdict.kind).to.equal('unique');
        if (verdict.kind === 'unique')
          expect(verdict.values[circuit.wire('out')]).to.equal(poseidon4(children));
      }
    });

    it('has no witness for a digit outside 0 to 3', async () => {
      const circuit = await templateCircuit('parent-node');
      for (const digit of [4n, 5n, R - 1n, (R + 1n) / 2n]) {
        expect(circuit.consequences({ node: 1n, digit, siblings: [2n, 3n, 4n] }).kind).to.equal('none');
      }
    });

    it('has no witness that replaces a child by another value and keeps the rest', async () => {
      const circuit = await templateCircuit('parent-node');
      const input = { node: 102n, digit: 1n, siblings: [101n, 103n, 104n] };
      for (let c = 0; c < 4; c++) {
        expect(circuit.consequences(input, { [`child[${c}]`]: 999n }).kind).to.equal('none');
      }
    });
  });

  describe('LeafAnswersForKey', () => {
    const TOP = (1n << 248n) - 1n;
    const absent = { key: 50n, leafKey: 40n, leafNextKey: 60n, leafHead: 7n, head: 0n, count: 0n };
    const present = { key: 50n, leafKey: 50n, leafNextKey: 60n, leafHead: 7n, head: 7n, count: 2n };

    const accepted: Record<string, typeof absent> = {
      'a key between two leaves': absent,
      'a key right above the low leaf and right below the next': {
        ...absent,
        leafKey: 49n,
        leafNextKey: 51n,
      },
      'a key after the last leaf': { ...absent, leafNextKey: 0n },
      'a key before the first subject, above the sentinel': { ...absent, leafKey: 0n },
      'the largest key of all, absent': { ...absent, key: TOP, leafKey: 40n, leafNextKey: 0n },
      'a present key with its head': present,
      'the largest key of all, present': { ...present, key: TOP, leafKey: TOP, leafNextKey: 0n },
    };
    for (const [name, input] of Object.entries(accepted)) {
      it(`accepts ${name}`, async () => {
        const circuit = await templateCircuit('leaf-answers-for-key');
        expect(circuit.consequences(input).kind).to.equal('unique');
      });
    }

    const refused: Record<string, typeof absent> = {
      'a key equal to the low leaf’s next key, which is present': { ...absent, key: 60n },
      'a key above the next key': { ...absent, key: 61n },
      'a low leaf above the key': { ...absent, leafKey: 51n },
      'a low leaf above the key that is the largest': { ...absent, leafKey: 51n, leafNextKey: 0n },
      'entries for an absent key': { ...absent, head: 7n, count: 1n },
      'a present key as if it had no entry': { ...present, head: 0n, count: 0n },
      'a present key with another head': { ...present, head: 8n },
      'a leaf key that is negative as a number, so that the gap would wrap': { ...absent, leafKey: R - 5n },
      'a leaf key of 2^248': { ...absent, leafKey: 1n << 248n, leafNextKey: 0n },
      'a next key whose gap is far beyond 248 bits': { ...absent, leafNextKey: R - 1n },
    };
    for (const [name, input] of Object.entries(refused)) {
      it(`has no witness for ${name}`, async () => {
        const circuit = await templateCircuit('leaf-answers-for-key');
        expect(circuit.consequences(input).kind).to.equal('none');
      });
    }

    it('has no witness that calls a present key absent, whatever the hints', async () => {
      const circuit = await templateCircuit('leaf-answers-for-key');
      expect(
        solve(circuit.r1cs, new Map([...circuit.inputWires(present), [circuit.wire('isPresent'), 0n]])).kind,
      ).to.equal('none');
    });
  });
});
