import { mod, valueOf, type Linear, type R1cs } from './r1cs.ts';

/**
 * Changes every wire of a good witness, one at a time, and gives the wires whose change no constraint
 * notices.
 */
export function unnoticedChanges(r1cs: R1cs, witness: readonly bigint[]): { wire: number; to: bigint }[] {
  // Where each wire occurs, with its coefficients in a, b and c.
  const occurrences: { constraint: number; a: bigint; b: bigint; c: bigint }[][] = Array.from(
    { length: r1cs.wires },
    () => [],
  );
  const values = r1cs.constraints.map((constraint, index) => {
    const own = new Map<number, { constraint: number; a: bigint; b: bigint; c: bigint }>();
    for (const side of ['a', 'b', 'c'] as const) {
      const linear: Linear = constraint[side];
      linear.wires.forEach((wire, i) => {
        let entry = own.get(wire);
        if (entry === undefined) {
          entry = { constraint: index, a: 0n, b: 0n, c: 0n };
          own.set(wire, entry);
          occurrences[wire]?.push(entry);
        }
        entry[side] += linear.coefficients[i] as bigint;
      });
    }
    return {
      a: valueOf(constraint.a, witness),
      b: valueOf(constraint.b, witness),
      c: valueOf(constraint.c, witness),
    };
  });

  const unnoticed: { wire: number; to: bigint }[] = [];
  for (let wire = 1; wire < r1cs.wires; wire++) {
    const value = witness[wire] as bigint;
    // Another bit, the next number, and a number that no honest witness has.
    for (const to of new Set([value === 0n ? 1n : 0n, mod(value + 1n), mod(-value - 12345n)])) {
      const by = to - value;
      const isNoticed = (occurrences[wire] ?? []).some(({ constraint, a, b, c }) => {
        const old = values[constraint] as { a: bigint; b: bigint; c: bigint };
        return mod((old.a + by * a) * (old.b + by * b)) !== mod(old.c + by * c);
      });
      if (!isNoticed) unnoticed.push({ wire, to });
    }
  }
  return unnoticed;
}
