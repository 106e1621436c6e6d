import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';

export interface Phase1File {
  path: string;
  /** Fits circuits of up to 2^power constraints. */
  power: number;
  sha256: string;
}

const PREPARED_SECTION = 12; // Lagrange basis of tau·G1: there only after "prepare phase2"
const BN254_BASE_FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * Reads the header of a phase-1 (powers of tau) file.
 * @throws Error when it is no such file, is of another curve, or was not prepared for phase 2
 */
export async function readPhase1(path: string): Promise<Phase1File> {
  const file = await open(path, 'r');
  try {
    const read = async (position: number, length: number): Promise<Buffer> => {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, position);
      if (bytesRead !== length) throw new Error(`${path} is cut short`);
      return buffer;
    };
    const head = await read(0, 12);
    if (head.toString('latin1', 0, 4) !== 'ptau') throw new Error(`${path} is not a powers-of-tau file`);
    let power: number | undefined;
    let isPrepared = false;
    let position = 12;
    for (let i = 0; i < head.readUInt32LE(8); i++) {
      const section = await read(position, 12);
      const type = section.readUInt32LE(0);
      if (type === 1) {
        const size = (await read(position + 12, 4)).readUInt32LE(0);
        const header = await read(position + 16, size + 4);
        const modulus = BigInt(`0x${Buffer.from(header.subarray(0, size)).reverse().toString('hex')}`);
        if (modulus !== BN254_BASE_FIELD) throw new Error(`${path} is not for the curve BN254`);
        power = header.readUInt32LE(size);
      }
      if (type === PREPARED_SECTION) isPrepared = true;
      position += 12 + Number(section.readBigUInt64LE(4));
    }
    if (power === undefined) throw new Error(`${path} has no header`);
    if (!isPrepared)
      throw new Error(`${path} is not prepared for phase 2 (snarkjs powersoftau prepare phase2)`);
    return { path, power, sha256: await hashFile(path) };
  } finally {
    await file.close();
  }
}

/**
 * Refuses a phase-1 file that is too small for a circuit.
 * @param constraints constraints of the circuit
 * @param publicSignals outputs and public inputs, each of which takes a row as well
 */
export function requirePower(
  phase1: Phase1File,
  name: string,
  constraints: number,
  publicSignals: number,
): void {
  const rows = constraints + publicSignals + 1;
  if (rows > 2 ** phase1.power) {
    throw new Error(
      `${phase1.path} is of power ${phase1.power} (${2 ** phase1.power} rows); ${name} needs ${rows} rows`,
    );
  }
}
