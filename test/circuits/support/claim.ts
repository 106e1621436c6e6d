import { join } from 'node:path';
import { compileCircuit, compileClaim } from '../../../circuits/tools/compile.ts';
import { BUILD_DIR, CIRCUITS_DIR, claimName, type ClaimSize } from '../../../circuits/tools/paths.ts';
import { readR1cs, type R1cs } from './r1cs.ts';
import { solve, type Verdict } from './solver.ts';
import { WitnessCalculator, flatten, type CircuitInput } from './witness.ts';
import type { ClaimInput } from './world.ts';

/** A compiled circuit with the means to ask what the honest prover gets and what any prover could. */
export class CircuitUnderTest {
  readonly r1cs: R1cs;
  private readonly calculator: WitnessCalculator;

  constructor(files: { r1cs: string; sym: string; wasm: string }) {
    this.r1cs = readR1cs(files.r1cs, files.sym);
    this.calculator = new WitnessCalculator(files.wasm);
  }

  witness(input: CircuitInput): bigint[] {
    return this.calculator.calculate(input);
  }

  wire(name: string): number {
    const wire = this.r1cs.wireOf.get(name);
    if (wire === undefined) throw new Error(`no wire for ${name}`);
    return wire;
  }

  /** Input values by wire. */
  inputWires(input: CircuitInput): Map<number, bigint> {
    const given = new Map<number, bigint>();
    for (const [name, value] of Object.entries(input)) {
      const put = (path: string, each: unknown): void => {
        if (Array.isArray(each)) each.forEach((inner, i) => put(`${path}[${i}]`, inner));
        else given.set(this.wire(path), flatten(each)[0] as bigint);
      };
      put(name, value);
    }
    return given;
  }

  /** What every witness with this input, and these values on other wires, has in common. */
  consequences(input: CircuitInput, forced: Record<string, bigint> = {}): Verdict {
    const given = this.inputWires(input);
    for (const [name, value] of Object.entries(forced)) given.set(this.wire(name), value);
    return solve(this.r1cs, given);
  }
}

const loaded = new Map<string, Promise<CircuitUnderTest>>();

function once(
  name: string,
  load: () => Promise<{ r1cs: string; sym: string; wasm: string }>,
): Promise<CircuitUnderTest> {
  let circuit = loaded.get(name);
  if (circuit === undefined) {
    circuit = load().then((files) => new CircuitUnderTest(files));
    loaded.set(name, circuit);
  }
  return circuit;
}

/** claim(size) as it is proved: the very constraints of the keys. */
export function claim(size: ClaimSize): Promise<CircuitUnderTest> {
  return once(claimName(size), () => compileClaim(size));
}

/**
 * claim(size) with its linear constraints written out, from the same sources. The optimiser of the
 * proved circuit only solves linear constraints for wires; here every step of a hash can be followed
 * one by one, which the solver needs to derive what all witnesses have in common.
 */
export function plainClaim(size: ClaimSize): Promise<CircuitUnderTest> {
  const main = join(CIRCUITS_DIR, `${claimName(size)}.circom`);
  return once(`${claimName(size)} plain`, () => compileCircuit(main, join(BUILD_DIR, 'plain'), '--O1'));
}

/** A small circuit around one template, for its own tests. */
export function templateCircuit(name: string): Promise<CircuitUnderTest> {
  const main = join(import.meta.dirname, '..', 'templates', `${name}.circom`);
  return once(name, () => compileCircuit(main, join(BUILD_DIR, 'templates'), '--O1'));
}

/** answer and disputed of the honest witness. */
export function honest(circuit: CircuitUnderTest, input: ClaimInput): { answer: bigint; disputed: bigint } {
  const witness = circuit.witness(input as unknown as CircuitInput);
  return { answer: witness[1] as bigint, disputed: witness[2] as bigint };
}
