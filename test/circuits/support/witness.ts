import { readFileSync } from 'node:fs';
import { mod } from './r1cs.ts';

/** Input of a circuit: numbers, in arrays as the signals are. */
export type CircuitInput = Record<string, unknown>;

/** All values of an input in the order in which the circuit numbers them. */
export function flatten(value: unknown): bigint[] {
  if (Array.isArray(value)) return value.flatMap(flatten);
  return [mod(BigInt(value as bigint | number | string))];
}

interface CircomExports {
  init(sanityCheck: number): void;
  getFieldNumLen32(): number;
  getWitnessSize(): number;
  getWitness(index: number): void;
  readSharedRWMemory(index: number): number;
  writeSharedRWMemory(index: number, value: number): void;
  setInputSignal(high: number, low: number, index: number): void;
  getInputSignalSize(high: number, low: number): number;
  getMessageChar(): number;
}

function fnv64(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash;
}

/** The honest prover's witness calculator: the compiled circuit itself. */
export class WitnessCalculator {
  private readonly module: WebAssembly.Module;

  constructor(wasmPath: string) {
    this.module = new WebAssembly.Module(readFileSync(wasmPath));
  }

  /** @throws Error when the inputs break a constraint: an honest prover has no witness either */
  calculate(input: CircuitInput): bigint[] {
    let message = '';
    const instance = new WebAssembly.Instance(this.module, {
      runtime: {
        exceptionHandler: (code: number) => {
          throw new Error(`no witness (${code}) ${message}`);
        },
        printErrorMessage: () => {
          message += readMessage();
        },
        writeBufferMessage: () => void readMessage(),
        showSharedRWMemory: () => undefined,
      },
    });
    const circuit = instance.exports as unknown as CircomExports;
    const readMessage = (): string => {
      let text = '';
      for (let c = circuit.getMessageChar(); c !== 0; c = circuit.getMessageChar())
        text += String.fromCharCode(c);
      return text;
    };
    circuit.init(1);
    const words = circuit.getFieldNumLen32();
    for (const [name, value] of Object.entries(input)) {
      const hash = fnv64(name);
      const high = Number(hash >> 32n) | 0;
      const low = Number(hash & 0xffffffffn) | 0;
      const values = flatten(value);
      if (circuit.getInputSignalSize(high, low) !== values.length)
        throw new Error(`input ${name} has a wrong size`);
      values.forEach((each, i) => {
        for (let w = 0; w < words; w++) {
          circuit.writeSharedRWMemory(w, Number((each >> BigInt(32 * w)) & 0xffffffffn));
        }
        circuit.setInputSignal(high, low, i);
      });
    }
    const witness: bigint[] = [];
    for (let i = 0; i < circuit.getWitnessSize(); i++) {
      circuit.getWitness(i);
      let value = 0n;
      for (let w = words - 1; w >= 0; w--)
        value = (value << 32n) | BigInt(circuit.readSharedRWMemory(w) >>> 0);
      witness.push(value);
    }
    return witness;
  }
}
