import { readFileSync } from 'node:fs';

/** The BN254 scalar field. */
export const R = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

export const mod = (x: bigint): bigint => {
  const rest = x % R;
  return rest < 0n ? rest + R : rest;
};

/** Inverse modulo r, by the extended Euclidean algorithm. */
export function inverse(x: bigint): bigint {
  let [a, b] = [mod(x), R];
  let [u, v] = [1n, 0n];
  if (a === 0n) throw new Error('0 has no inverse');
  while (a > 1n) {
    const q = b / a;
    [a, b] = [b % a, a];
    [u, v] = [v - q * u, u];
  }
  return mod(u);
}

/** Σ coefficient·wire; wire 0 is the constant 1. */
export interface Linear {
  wires: number[];
  coefficients: bigint[];
}

/** a · b = c */
export interface Constraint {
  a: Linear;
  b: Linear;
  c: Linear;
}

export interface R1cs {
  wires: number;
  outputs: number;
  publicInputs: number;
  privateInputs: number;
  constraints: Constraint[];
  /** For each wire the constraints in which it occurs. */
  uses: number[][];
  /** Wire of a signal by its name without `main.`; signals that the compiler merged away are absent. */
  wireOf: Map<string, number>;
}

/** Reads an .r1cs file (iden3 binary format, version 1) and its .sym file: no code of the prover's. */
export function readR1cs(r1csPath: string, symPath: string): R1cs {
  const data = readFileSync(r1csPath);
  if (data.toString('latin1', 0, 4) !== 'r1cs') throw new Error('not an .r1cs file');
  const sections = new Map<number, number>();
  let offset = 12;
  for (let i = 0; i < data.readUInt32LE(8); i++) {
    sections.set(data.readUInt32LE(offset), offset + 12);
    offset += 12 + Number(data.readBigUInt64LE(offset + 4));
  }
  const header = sections.get(1);
  const body = sections.get(2);
  if (header === undefined || body === undefined) throw new Error('sections are missing');
  const fieldBytes = data.readUInt32LE(header);
  const at = header + 4 + fieldBytes;
  const wires = data.readUInt32LE(at);
  const outputs = data.readUInt32LE(at + 4);
  const publicInputs = data.readUInt32LE(at + 8);
  const privateInputs = data.readUInt32LE(at + 12);
  const count = data.readUInt32LE(at + 24);

  const interned = new Map<string, bigint>();
  let place = body;
  const readLinear = (): Linear => {
    const terms = data.readUInt32LE(place);
    place += 4;
    const linear: Linear = { wires: [], coefficients: [] };
    for (let i = 0; i < terms; i++) {
      linear.wires.push(data.readUInt32LE(place));
      const bytes = data.toString('latin1', place + 4, place + 4 + fieldBytes);
      let value = interned.get(bytes);
      if (value === undefined) {
        value = 0n;
        for (let k = fieldBytes - 8; k >= 0; k -= 8)
          value = (value << 64n) | data.readBigUInt64LE(place + 4 + k);
        interned.set(bytes, value);
      }
      linear.coefficients.push(value);
      place += 4 + fieldBytes;
    }
    return linear;
  };
  const constraints: Constraint[] = [];
  const uses: number[][] = Array.from({ length: wires }, () => []);
  for (let i = 0; i < count; i++) {
    const constraint = { a: readLinear(), b: readLinear(), c: readLinear() };
    constraints.push(constraint);
    for (const wire of wiresOf(constraint)) uses[wire]?.push(i);
  }

  const wireOf = new Map<string, number>();
  for (const line of readFileSync(symPath, 'utf8').split('\n')) {
    const [, wire, , name] = line.split(',');
    if (wire !== undefined && name !== undefined && wire !== '-1')
      wireOf.set(name.replace(/^main\./, ''), Number(wire));
  }
  return { wires, outputs, publicInputs, privateInputs, constraints, uses, wireOf };
}

/** The wires of a constraint, each once, without the constant. */
export function wiresOf(constraint: Constraint): Set<number> {
  const all = new Set([...constraint.a.wires, ...constraint.b.wires, ...constraint.c.wires]);
  all.delete(0);
  return all;
}

export function valueOf(linear: Linear, witness: readonly bigint[]): bigint {
  let sum = 0n;
  for (let i = 0; i < linear.wires.length; i++) {
    sum += (linear.coefficients[i] as bigint) * (witness[linear.wires[i] as number] as bigint);
  }
  return mod(sum);
}

export function holds(constraint: Constraint, witness: readonly bigint[]): boolean {
  return (
    mod(valueOf(constraint.a, witness) * valueOf(constraint.b, witness)) === valueOf(constraint.c, witness)
  );
}

/** Indices of the constraints that a full witness breaks. */
export function brokenConstraints(r1cs: R1cs, witness: readonly bigint[]): number[] {
  const broken: number[] = [];
  r1cs.constraints.forEach((constraint, i) => {
    if (!holds(constraint, witness)) broken.push(i);
  });
  return broken;
}
