import {
  R,
  brokenConstraints,
  inverse,
  mod,
  wiresOf,
  type Constraint,
  type Linear,
  type R1cs,
} from './r1cs.ts';

/**
 * What the constraints alone say about every witness that has given values on some wires.
 *
 * The witness calculator shows what an honest prover gets. A dishonest one may put anything on the
 * other wires. The solver derives, from the constraints and nothing else, which values are forced:
 * - `none`: no witness with these values exists, whatever a prover does;
 * - `unique`: every witness with these values has `values`, except on `inert` wires, which are
 *   multiplied by zero wherever they occur (the inverse hint of a zero test) and decide nothing;
 * - `open`: something is not forced (as far as the solver can see): `openWires`.
 * It never guesses: each step is an implication, and a case is dropped only when it ends in a
 * contradiction.
 */
export type Verdict =
  | { kind: 'none'; constraint: number }
  | { kind: 'unique'; values: bigint[]; inert: number[] }
  | { kind: 'open'; values: (bigint | undefined)[]; openWires: number[] };

class Contradiction extends Error {
  readonly constraint: number;
  constructor(constraint: number) {
    super(`constraint ${constraint} cannot be met`);
    this.constraint = constraint;
  }
}

const HALF = R / 2n;
const MAX_GROUP = 8;
const SMALL = 1n << 32n;

/** ±2^k modulo r for |k| ≤ 253. */
const POWERS = new Map<bigint, { exponent: number; negative: boolean }>();
{
  const half = inverse(2n);
  let up = 1n;
  let down = 1n;
  for (let k = 0; k <= 253; k++) {
    POWERS.set(up, { exponent: k, negative: false });
    POWERS.set(mod(-up), { exponent: k, negative: true });
    POWERS.set(down, { exponent: -k, negative: false });
    POWERS.set(mod(-down), { exponent: -k, negative: true });
    up = mod(up * 2n);
    down = mod(down * half);
  }
}

/** Σ coefficient·wire + constant = 0, in which every wire is unknown, and 0 or 1. */
interface BitSum {
  wires: number[];
  coefficients: bigint[];
  constant: bigint;
}

/**
 * The constraints, prepared. A constraint a·(k·a + m) = 0 over several wires says that a is 0 or v:
 * it is replaced by a − v·β = 0 with one more boolean wire β, which is the same statement and linear.
 */
interface Static {
  constraints: Constraint[];
  /** For each constraint its wires. */
  wires: number[][];
  /** For each wire its constraints. */
  uses: number[][];
  isBoolean: boolean[];
  /** A wire that one linear constraint makes a sum of bits: that constraint, and the sum. */
  definitions: Map<number, { by: number; sum: Linear }>;
}

const cache = new WeakMap<R1cs, Static>();

function analyse(r1cs: R1cs): Static {
  const known = cache.get(r1cs);
  if (known !== undefined) return known;
  const isBoolean: boolean[] = new Array<boolean>(r1cs.wires).fill(false);
  const uses = r1cs.uses.map((each) => [...each]);
  const wires: number[][] = [];
  const constraints = r1cs.constraints.map((constraint, i) => {
    const own = [...wiresOf(constraint)];
    wires.push(own);
    const { a, b, c } = constraint;
    if (own.length === 1) {
      const wire = own[0] as number;
      const meets = (x: bigint): boolean => mod(at(a, wire, x) * at(b, wire, x)) === at(c, wire, x);
      const moves = (linear: Linear): boolean => at(linear, wire, 1n) !== at(linear, wire, 0n);
      // A square that 0 and 1 solve has no third solution.
      if (moves(a) && moves(b) && meets(0n) && meets(1n)) isBoolean[wire] = true;
      return constraint;
    }
    const value = c.wires.length === 0 ? otherValue(a, b) : undefined;
    if (value === undefined) return constraint;
    const bit = isBoolean.push(true) - 1;
    uses.push([i]);
    own.push(bit);
    return {
      a: { wires: [...a.wires, bit], coefficients: [...a.coefficients, mod(-value)] },
      b: { wires: [0], coefficients: [1n] },
      c: { wires: [], coefficients: [] },
    };
  });
  const definitions: Static['definitions'] = new Map();
  const inputs = r1cs.outputs + r1cs.publicInputs + r1cs.privateInputs;
  constraints.forEach(({ a, b, c }, by) => {
    const isLinear = c.wires.length === 0 && b.wires.length === 1 && b.wires[0] === 0;
    if (!isLinear) return;
    const others = (wires[by] as number[]).filter((wire) => isBoolean[wire] !== true);
    const [wire] = others;
    if (wire === undefined || others.length > 1 || definitions.has(wire)) return;
    if (wire > r1cs.outputs && wire <= inputs) return;
    const unit = inverse(mod(-(a.coefficients[a.wires.indexOf(wire)] as bigint)));
    const sum: Linear = { wires: [], coefficients: [] };
    a.wires.forEach((each, i) => {
      if (each === wire) return;
      sum.wires.push(each);
      sum.coefficients.push(mod((a.coefficients[i] as bigint) * unit));
    });
    definitions.set(wire, { by, sum });
  });
  const result = { constraints, wires, uses, isBoolean, definitions };
  cache.set(r1cs, result);
  return result;
}

/** Value of a linear combination of one wire and the constant. */
function at(linear: Linear, wire: number, x: bigint): bigint {
  let sum = 0n;
  linear.wires.forEach((w, i) => {
    const coefficient = linear.coefficients[i] as bigint;
    sum += w === 0 ? coefficient : w === wire ? coefficient * x : 0n;
  });
  return mod(sum);
}

/** If b = k·a + m with m ≠ 0: the other value, −m/k, that a may have when a·b = 0. */
function otherValue(a: Linear, b: Linear): bigint | undefined {
  const inB = new Map(b.wires.map((wire, i) => [wire, b.coefficients[i] as bigint]));
  let k: bigint | undefined;
  let constantA = 0n;
  let matched = 0;
  for (let i = 0; i < a.wires.length; i++) {
    const wire = a.wires[i] as number;
    const coefficient = a.coefficients[i] as bigint;
    if (wire === 0) {
      constantA = coefficient;
      continue;
    }
    const other = inB.get(wire);
    if (other === undefined) return undefined;
    k ??= mod(other * inverse(coefficient));
    if (mod(coefficient * k) !== other) return undefined;
    matched++;
  }
  if (k === undefined || matched !== [...inB.keys()].filter((wire) => wire !== 0).length) return undefined;
  const m = mod((inB.get(0) ?? 0n) - k * constantA);
  return m === 0n ? undefined : mod(-m * inverse(k));
}

class Propagation {
  readonly fixed: Static;
  readonly values: (bigint | undefined)[];
  readonly unknowns: Int32Array;
  private readonly queue: number[] = [];
  /** Linear constraints with several unknowns, to be solved together with their neighbours. */
  private readonly systems = new Set<number>();
  private readonly queued: Uint8Array;
  /** Decompositions with two spellings, which need a case distinction. */
  private readonly ambiguous = new Map<number, [number, bigint][][]>();

  constructor(fixed: Static, from?: Propagation) {
    this.fixed = fixed;
    this.queued = new Uint8Array(fixed.wires.length);
    if (from === undefined) {
      this.values = new Array<bigint | undefined>(fixed.isBoolean.length).fill(undefined);
      this.values[0] = 1n;
      this.unknowns = Int32Array.from(fixed.wires.map((wires) => wires.length));
    } else {
      this.values = [...from.values];
      this.unknowns = Int32Array.from(from.unknowns);
    }
  }

  enqueue(constraint: number): void {
    if (this.queued[constraint] === 0) {
      this.queued[constraint] = 1;
      this.queue.push(constraint);
    }
  }

  enqueueAll(): void {
    for (let i = 0; i < this.fixed.wires.length; i++) this.enqueue(i);
  }

  set(wire: number, value: bigint, because: number): void {
    const old = this.values[wire];
    if (old !== undefined) {
      if (old !== value) throw new Contradiction(because);
      return;
    }
    if (this.fixed.isBoolean[wire] === true && value > 1n) throw new Contradiction(because);
    this.values[wire] = value;
    for (const constraint of this.fixed.uses[wire] as number[]) {
      this.unknowns[constraint] = (this.unknowns[constraint] as number) - 1;
      this.enqueue(constraint);
    }
  }

  run(): void {
    for (;;) {
      const constraint = this.queue.pop();
      if (constraint !== undefined) {
        this.queued[constraint] = 0;
        this.step(constraint);
        continue;
      }
      const [system] = this.systems;
      if (system === undefined) return;
      this.systems.delete(system);
      this.solveSystem(system);
    }
  }

  private partial(linear: Linear): { constant: bigint; wires: number[]; coefficients: bigint[] } {
    let constant = 0n;
    const wires: number[] = [];
    const coefficients: bigint[] = [];
    for (let i = 0; i < linear.wires.length; i++) {
      const wire = linear.wires[i] as number;
      const coefficient = linear.coefficients[i] as bigint;
      const value = this.values[wire];
      if (value === undefined) {
        wires.push(wire);
        coefficients.push(coefficient);
      } else constant += coefficient * value;
    }
    return { constant: mod(constant), wires, coefficients };
  }

  private step(index: number): void {
    const count = this.unknowns[index] as number;
    const { a, b, c } = this.fixed.constraints[index] as { a: Linear; b: Linear; c: Linear };
    const pa = this.partial(a);
    const pb = this.partial(b);
    const pc = this.partial(c);
    if (count === 0) {
      if (mod(pa.constant * pb.constant) !== pc.constant) throw new Contradiction(index);
      return;
    }
    if (pa.wires.length > 0 && pb.wires.length > 0) {
      if (count === 1) this.solveSquare(index, pa, pb, pc);
      else if (count <= MAX_GROUP) this.enumerate(index);
      return;
    }
    // One factor is known: linear in the unknowns.
    const [factor, other] = pa.wires.length === 0 ? [pa.constant, pb] : [pb.constant, pa];
    const sum = new Map<number, bigint>();
    const add = (wire: number, coefficient: bigint): void => {
      const total = mod((sum.get(wire) ?? 0n) + coefficient);
      if (total === 0n) sum.delete(wire);
      else sum.set(wire, total);
    };
    other.wires.forEach((wire, i) => add(wire, factor * (other.coefficients[i] as bigint)));
    pc.wires.forEach((wire, i) => add(wire, -(pc.coefficients[i] as bigint)));
    const constant = mod(factor * other.constant - pc.constant);
    if (sum.size === 0) {
      if (constant !== 0n) throw new Contradiction(index);
      return;
    }
    if (sum.size === 1) {
      const [[wire, coefficient]] = [...sum] as [[number, bigint]];
      this.set(wire, mod(-constant * inverse(coefficient)), index);
      return;
    }
    this.solveBits(
      index,
      this.expand(index, { wires: [...sum.keys()], coefficients: [...sum.values()], constant }),
    );
    if (count <= MAX_GROUP) {
      this.enumerate(index);
      this.systems.add(index);
    }
  }

  /** Solves the linear constraints that have no unknown outside those of one constraint. */
  private solveSystem(index: number): void {
    const unknown = (this.fixed.wires[index] as number[]).filter((wire) => this.values[wire] === undefined);
    if (unknown.length === 0) return;
    const column = new Map(unknown.map((wire, i) => [wire, i]));
    const rows: bigint[][] = [];
    for (const constraint of new Set(unknown.flatMap((wire) => this.fixed.uses[wire] as number[]))) {
      if ((this.unknowns[constraint] as number) > unknown.length) continue;
      if (
        !(this.fixed.wires[constraint] as number[]).every(
          (w) => this.values[w] !== undefined || column.has(w),
        )
      )
        continue;
      const { a, b, c } = this.fixed.constraints[constraint] as Constraint;
      const [pa, pb, pc] = [this.partial(a), this.partial(b), this.partial(c)];
      if (pa.wires.length > 0 && pb.wires.length > 0) continue;
      const [factor, other] = pa.wires.length === 0 ? [pa.constant, pb] : [pb.constant, pa];
      const row = new Array<bigint>(unknown.length + 1).fill(0n);
      const add = (at: number, x: bigint): void => {
        row[at] = mod((row[at] as bigint) + x);
      };
      other.wires.forEach((wire, i) =>
        add(column.get(wire) as number, factor * (other.coefficients[i] as bigint)),
      );
      pc.wires.forEach((wire, i) => add(column.get(wire) as number, -(pc.coefficients[i] as bigint)));
      add(unknown.length, factor * other.constant - pc.constant);
      rows.push(row);
    }
    for (let at = 0, used = 0; at < unknown.length; at++) {
      const pivot = rows.findIndex((row, i) => i >= used && row[at] !== 0n);
      if (pivot < 0) continue;
      const row = rows[pivot] as bigint[];
      rows[pivot] = rows[used] as bigint[];
      const unit = inverse(row[at] as bigint);
      const scaled = row.map((x) => mod(x * unit));
      rows[used] = scaled;
      rows.forEach((each, i) => {
        const factor = each[at] as bigint;
        if (i !== used && factor !== 0n)
          rows[i] = each.map((x, k) => mod(x - factor * (scaled[k] as bigint)));
      });
      used++;
    }
    for (const row of rows) {
      const constant = row[unknown.length] as bigint;
      const places = unknown.map((_, i) => i).filter((i) => row[i] !== 0n);
      if (places.length === 0 && constant !== 0n) throw new Contradiction(index);
      // Pivots are 1.
      if (places.length === 1) this.set(unknown[places[0] as number] as number, mod(-constant), index);
    }
  }

  /** One unknown wire on both sides of the product: only useful for bits. */
  private solveSquare(
    index: number,
    pa: { constant: bigint; wires: number[]; coefficients: bigint[] },
    pb: { constant: bigint; coefficients: bigint[] },
    pc: { constant: bigint; coefficients: bigint[] },
  ): void {
    const wire = pa.wires[0] as number;
    if (this.fixed.isBoolean[wire] !== true) return;
    const [ca, cb, cc] = [pa.coefficients[0] ?? 0n, pb.coefficients[0] ?? 0n, pc.coefficients[0] ?? 0n];
    const fits = [0n, 1n].filter(
      (x) => mod((pa.constant + ca * x) * (pb.constant + cb * x) - (pc.constant + cc * x)) === 0n,
    );
    if (fits.length === 0) throw new Contradiction(index);
    if (fits.length === 1) this.set(wire, fits[0] as bigint, index);
  }

  /** Writes wires that are sums of bits as those bits. */
  private expand(index: number, sum: BitSum): BitSum {
    if (sum.wires.every((wire) => this.fixed.isBoolean[wire] === true)) return sum;
    const terms = new Map<number, bigint>();
    let constant = sum.constant;
    const add = (wire: number, coefficient: bigint): void => {
      const value = this.values[wire];
      if (value !== undefined) constant += coefficient * value;
      else terms.set(wire, mod((terms.get(wire) ?? 0n) + coefficient));
    };
    sum.wires.forEach((wire, i) => {
      const coefficient = sum.coefficients[i] as bigint;
      const definition = this.fixed.definitions.get(wire);
      if (definition === undefined || definition.by === index) add(wire, coefficient);
      else
        definition.sum.wires.forEach((bit, k) =>
          add(bit, coefficient * (definition.sum.coefficients[k] as bigint)),
        );
    });
    const left = [...terms].filter(([, coefficient]) => coefficient !== 0n);
    return {
      wires: left.map(([wire]) => wire),
      coefficients: left.map(([, coefficient]) => coefficient),
      constant: mod(constant),
    };
  }

  private solveBits(index: number, sum: BitSum): void {
    if (sum.wires.length === 0) {
      if (sum.constant !== 0n) throw new Contradiction(index);
      return;
    }
    if (!sum.wires.every((wire) => this.fixed.isBoolean[wire] === true)) return;
    this.solveBounds(index, sum);
    this.solvePowers(index, sum);
  }

  /** Small coefficients: what cannot reach the sum otherwise is forced. */
  private solveBounds(index: number, sum: BitSum): void {
    const { coefficients } = sum;
    // A common factor is divided out, so that an eliminated unit bit leaves small numbers.
    const unit = inverse(coefficients[0] as bigint);
    const signed = (x: bigint): bigint => (x > HALF ? x - R : x);
    const scaled = coefficients.map((coefficient) => signed(mod(coefficient * unit)));
    const constant = signed(mod(sum.constant * unit));
    const small = (x: bigint): boolean => (x < 0n ? -x : x) < SMALL;
    if (!scaled.every(small)) return;
    let low = 0n;
    let high = 0n;
    for (const each of scaled) {
      if (each < 0n) low += each;
      else high += each;
    }
    const target = -constant;
    if (target < low || target > high) throw new Contradiction(index);
    sum.wires.forEach((wire, i) => {
      const each = scaled[i] as bigint;
      if (this.values[wire] !== undefined) return;
      const size = each < 0n ? -each : each;
      if (target - low < size) this.set(wire, each < 0n ? 1n : 0n, index);
      else if (high - target < size) this.set(wire, each < 0n ? 0n : 1n, index);
    });
  }

  /** Distinct powers of two: at most one spelling, or two when 254 bits are free. */
  private solvePowers(index: number, sum: BitSum): void {
    if (sum.wires.some((wire) => this.values[wire] !== undefined)) return;
    const { coefficients } = sum;
    const unit = inverse(coefficients[0] as bigint);
    const powers = coefficients.map((coefficient) => POWERS.get(mod(coefficient * unit)));
    let least = 0;
    for (const power of powers) {
      if (power === undefined) return;
      least = Math.min(least, power.exponent);
    }
    const shift = 1n << BigInt(-least);
    const exponents = powers.map((power) => (power?.exponent ?? 0) - least);
    if (new Set(exponents).size !== exponents.length) return;
    const total = exponents.reduce((acc, exponent) => acc + (1n << BigInt(exponent)), 0n);
    // With x′ = 1 − x for negative terms, Σ 2^e·x′ = target.
    let target = -sum.constant * unit * shift;
    powers.forEach((power, i) => {
      if (power?.negative === true) target += 1n << BigInt(exponents[i] as number);
    });
    const spellings: [number, bigint][][] = [];
    for (let candidate = mod(target); candidate <= total; candidate += R) {
      if ((candidate & ~total) !== 0n) continue;
      spellings.push(
        sum.wires.map((wire, i) => {
          const bit = (candidate >> BigInt(exponents[i] as number)) & 1n;
          return [wire, powers[i]?.negative === true ? 1n - bit : bit];
        }),
      );
    }
    if (spellings.length === 0) throw new Contradiction(index);
    if (spellings.length === 1) {
      for (const [wire, bit] of spellings[0] as [number, bigint][]) this.set(wire, bit, index);
    } else this.ambiguous.set(index, spellings);
  }

  /** A few unknown bits: tries all, against every constraint that has no other unknown. */
  private enumerate(index: number): void {
    const group = (this.fixed.wires[index] as number[]).filter((wire) => this.values[wire] === undefined);
    if (!group.every((wire) => this.fixed.isBoolean[wire] === true)) return;
    const inGroup = new Set(group);
    const relevant = new Set<number>();
    for (const wire of group) {
      for (const constraint of this.fixed.uses[wire] as number[]) {
        if ((this.unknowns[constraint] as number) > group.length) continue;
        const own = this.fixed.wires[constraint] as number[];
        if (own.every((each) => this.values[each] !== undefined || inGroup.has(each)))
          relevant.add(constraint);
      }
    }
    const checks = [...relevant].map((constraint) => {
      const { a, b, c } = this.fixed.constraints[constraint] as { a: Linear; b: Linear; c: Linear };
      return [a, b, c].map((linear) => {
        const part = this.partial(linear);
        return {
          constant: part.constant,
          terms: part.wires.map((wire, i) => [group.indexOf(wire), part.coefficients[i]] as [number, bigint]),
        };
      });
    });
    const fits: number[] = [];
    for (let bits = 0; bits < 1 << group.length; bits++) {
      const evaluate = (part: { constant: bigint; terms: [number, bigint][] } | undefined): bigint =>
        mod(
          (part?.constant ?? 0n) +
            (part?.terms ?? []).reduce((acc, [k, x]) => acc + ((bits >> k) & 1 ? x : 0n), 0n),
        );
      if (checks.every(([a, b, c]) => mod(evaluate(a) * evaluate(b)) === evaluate(c))) fits.push(bits);
    }
    if (fits.length === 0) throw new Contradiction(index);
    group.forEach((wire, k) => {
      const first = ((fits[0] as number) >> k) & 1;
      if (fits.every((bits) => ((bits >> k) & 1) === first)) this.set(wire, BigInt(first), index);
    });
  }

  private impossible(assignment: [number, bigint][], because: number): boolean {
    const branch = new Propagation(this.fixed, this);
    try {
      for (const [wire, value] of assignment) branch.set(wire, value, because);
      branch.run();
      return false;
    } catch (error) {
      if (error instanceof Contradiction) return true;
      throw error;
    }
  }

  /** Case distinctions: a value is taken when all others end in a contradiction. */
  splitCases(): void {
    for (let progress = true; progress;) {
      progress = false;
      for (const [index, spellings] of this.ambiguous) {
        this.ambiguous.delete(index);
        if (spellings.flat().every(([wire]) => this.values[wire] !== undefined)) continue;
        const possible = spellings.filter((spelling) => !this.impossible(spelling, index));
        if (possible.length === 0) throw new Contradiction(index);
        if (possible.length === 1) {
          for (const [wire, bit] of possible[0] as [number, bigint][]) this.set(wire, bit, index);
          this.run();
          progress = true;
        }
      }
      if (progress) continue;
      for (let wire = 1; wire < this.fixed.isBoolean.length; wire++) {
        if (this.fixed.isBoolean[wire] !== true || this.values[wire] !== undefined) continue;
        const because = (this.fixed.uses[wire] as number[])[0] as number;
        const possible = [0n, 1n].filter((bit) => !this.impossible([[wire, bit]], because));
        if (possible.length === 0) throw new Contradiction(because);
        if (possible.length === 1) {
          this.set(wire, possible[0] as bigint, because);
          this.run();
          progress = true;
          break;
        }
      }
    }
  }

  /** An unknown wire that is multiplied by zero in each of its constraints. */
  isInert(wire: number): boolean {
    return (this.fixed.uses[wire] as number[]).every((index) => {
      const { a, b, c } = this.fixed.constraints[index] as { a: Linear; b: Linear; c: Linear };
      const [pa, pb, pc] = [this.partial(a), this.partial(b), this.partial(c)];
      if (pc.wires.length > 0) return false;
      if (pa.wires.length === 0) return pa.constant === 0n;
      if (pb.wires.length === 0) return pb.constant === 0n;
      return false;
    });
  }
}

/**
 * @param given values that the prover or verifier has fixed, by wire
 */
export function solve(r1cs: R1cs, given: ReadonlyMap<number, bigint>): Verdict {
  const fixed = analyse(r1cs);
  const state = new Propagation(fixed);
  try {
    state.enqueueAll();
    for (const [wire, value] of given) state.set(wire, mod(value), -1);
    state.run();
    state.splitCases();
  } catch (error) {
    if (error instanceof Contradiction) return { kind: 'none', constraint: error.constraint };
    throw error;
  }
  const unknown: number[] = [];
  state.values.forEach((value, wire) => {
    if (value === undefined && (fixed.uses[wire] as number[]).length > 0) unknown.push(wire);
  });
  const openWires = unknown.filter((wire) => !state.isInert(wire));
  if (openWires.length > 0) return { kind: 'open', values: state.values, openWires };
  const values = state.values.slice(0, r1cs.wires).map((value) => value ?? 0n);
  // A solver that is wrong about its own result would hide an unsound circuit.
  const broken = brokenConstraints(r1cs, values);
  if (broken.length > 0) throw new Error(`the solver's witness breaks constraint ${broken[0]}`);
  return { kind: 'unique', values, inert: unknown };
}
