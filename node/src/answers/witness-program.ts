import { FIELD_MODULUS, integerToBytes, type CircuitInput } from '@credit-ledger/sdk/protocol';

/** What a circuit compiled by circom 2 exports. */
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

/** The input breaks a constraint, or is not an input of this circuit. */
export class NoWitness extends Error {}

/**
 * Computes witnesses with a compiled circuit. The program is compiled once;
 * each witness gets an instance of its own, so nothing of one subject is left
 * for the next.
 */
export class WitnessProgram {
  readonly #module: WebAssembly.Module;

  constructor(code: Uint8Array) {
    this.#module = new WebAssembly.Module(new Uint8Array(code));
  }

  /**
   * The whole witness in the `wtns` format that snarkjs reads; wipe it after use.
   * @throws NoWitness
   */
  run(input: CircuitInput): Uint8Array {
    const instance = new WebAssembly.Instance(this.#module, {
      runtime: {
        exceptionHandler: (code: number) => {
          throw new NoWitness(`the circuit refused its input (${code})`);
        },
        // Messages name places in the circuit; what is wanted is only that it refused.
        printErrorMessage: () => drain(),
        writeBufferMessage: () => drain(),
        showSharedRWMemory: () => undefined,
      },
    });
    const circuit = instance.exports as unknown as CircomExports;
    const drain = (): void => {
      let character = circuit.getMessageChar();
      while (character !== 0) character = circuit.getMessageChar();
    };
    circuit.init(1);
    const words = circuit.getFieldNumLen32();
    for (const [name, value] of Object.entries(input)) {
      const [high, low] = signalHash(name);
      const values = flatten(value);
      if (circuit.getInputSignalSize(high, low) !== values.length) {
        throw new NoWitness(`the circuit has no input ${name} of ${values.length} values`);
      }
      values.forEach((each, i) => {
        for (let w = 0; w < words; w += 1) {
          circuit.writeSharedRWMemory(w, Number((each >> BigInt(32 * w)) & 0xffffffffn));
        }
        circuit.setInputSignal(high, low, i);
      });
    }
    return witnessFile(circuit, words);
  }
}

const MAGIC = [0x77, 0x74, 0x6e, 0x73];

function witnessFile(circuit: CircomExports, words: number): Uint8Array {
  const elementBytes = words * 4;
  const count = circuit.getWitnessSize();
  const headerBytes = 4 + elementBytes + 4;
  const bytes = new Uint8Array(12 + 12 + headerBytes + 12 + count * elementBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC, 0);
  view.setUint32(4, 2, true); // version
  view.setUint32(8, 2, true); // sections
  view.setUint32(12, 1, true);
  view.setUint32(16, headerBytes, true);
  view.setUint32(24, elementBytes, true);
  bytes.set(integerToBytes(FIELD_MODULUS, elementBytes).reverse(), 28);
  view.setUint32(28 + elementBytes, count, true);
  let at = 24 + headerBytes;
  view.setUint32(at, 2, true);
  view.setUint32(at + 4, count * elementBytes, true);
  at += 12;
  for (let i = 0; i < count; i += 1) {
    circuit.getWitness(i);
    for (let w = 0; w < words; w += 1, at += 4) view.setUint32(at, circuit.readSharedRWMemory(w), true);
  }
  return bytes;
}

function flatten(value: string | readonly (string | readonly string[])[]): bigint[] {
  if (typeof value === 'string') return [BigInt(value)];
  return value.flatMap((each) => flatten(each));
}

/** FNV-1a over the name: how circom numbers its inputs. */
function signalHash(name: string): readonly [number, number] {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return [Number(hash >> 32n) | 0, Number(hash & 0xffffffffn) | 0];
}
