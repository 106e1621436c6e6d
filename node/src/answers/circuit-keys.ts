import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CLAIM_SIZES,
  circuitIdOf,
  type ClaimSize,
  type Hex,
  LedgerError,
  type VerificationKey,
} from '@credit-ledger/sdk/protocol';
import { z } from 'zod';

/** The keys of one circuit, exactly as they were checked against the manifest. */
export interface CircuitKeys {
  readonly name: 'claim';
  readonly size: ClaimSize;
  readonly circuitId: Hex;
  readonly verificationKey: VerificationKey;
  /** In shared memory: all workers prove from these bytes, which are the ones that were checked. */
  readonly provingKey: Uint8Array;
  readonly witnessProgram: Uint8Array;
}

const manifestSchema = z.object({
  format: z.literal('circuit-keys/1'),
  purpose: z.string(),
  circuits: z.array(
    z.object({
      name: z.literal('claim'),
      size: z.literal(CLAIM_SIZES),
      circuitId: z.string(),
      files: z.object({ zkey: z.string(), wasm: z.string(), vkey: z.string() }),
    }),
  ),
  files: z.record(z.string(), z.object({ sha256: z.string(), bytes: z.number() })),
});

const PLAIN_NAME = /^[a-z0-9][a-z0-9.]*$/;

export interface KeyLoading {
  /** In production the reference keys of the repository are refused (protocol §9). */
  readonly production?: boolean;
  /** Sizes to load; all by default. */
  readonly sizes?: readonly ClaimSize[];
}

/**
 * Reads the proving keys of a directory and checks every file against its manifest.
 * Errors: `CIRCUIT_KEYS_MISSING`, `CIRCUIT_KEYS_ALTERED` (a file or an id differs
 * from the manifest), `CIRCUIT_KEYS_REFERENCE` (reference keys in production).
 */
export async function loadCircuitKeys(directory: string, options: KeyLoading = {}): Promise<CircuitKeys[]> {
  const manifest = manifestSchema.safeParse(await readJson(join(directory, 'manifest.json')));
  if (!manifest.success) throw altered(['manifest.json'], directory);
  if (options.production === true && /reference/i.test(manifest.data.purpose)) throw referenceKeys(directory);

  const keys: CircuitKeys[] = [];
  for (const circuit of manifest.data.circuits) {
    if (options.sizes !== undefined && !options.sizes.includes(circuit.size)) continue;
    const read = async (name: string): Promise<Uint8Array> => {
      const expected = manifest.data.files[name];
      if (expected === undefined || !PLAIN_NAME.test(name)) throw altered([name], directory);
      return checked(directory, name, expected.sha256);
    };
    const verificationKey = JSON.parse(
      new TextDecoder().decode(await read(circuit.files.vkey)),
    ) as VerificationKey;
    const circuitId = circuitIdOf(circuit.name, circuit.size, verificationKey);
    if (circuitId !== circuit.circuitId) throw altered([circuit.files.vkey], directory);
    keys.push({
      name: circuit.name,
      size: circuit.size,
      circuitId,
      verificationKey,
      provingKey: shared(await read(circuit.files.zkey)),
      witnessProgram: shared(await read(circuit.files.wasm)),
    });
  }
  if (keys.length === 0) throw altered(['manifest.json'], directory);
  return keys.sort((a, b) => a.size - b.size);
}

async function checked(directory: string, name: string, sha256: string): Promise<Uint8Array> {
  const data = await read(join(directory, name));
  if (createHash('sha256').update(data).digest('hex') !== sha256) throw altered([name], directory);
  return data;
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new LedgerError(
      'CIRCUIT_KEYS_MISSING',
      { en: `The circuit keys lack ${path}.`, zh: `缺少电路密钥文件 ${path}。` },
      { path },
    );
  }
}

async function readJson(path: string): Promise<unknown> {
  const text = (await read(path)).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function shared(data: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(data.length));
  copy.set(data);
  return copy;
}

function altered(files: readonly string[], directory: string): LedgerError {
  return new LedgerError(
    'CIRCUIT_KEYS_ALTERED',
    {
      en: `The circuit keys in ${directory} differ from their manifest (${files.join(', ')}); the node does not prove with them.`,
      zh: `${directory} 中的电路密钥与清单不符（${files.join('、')}），节点拒绝使用。`,
    },
    { directory, files },
  );
}

function referenceKeys(directory: string): LedgerError {
  return new LedgerError(
    'CIRCUIT_KEYS_REFERENCE',
    {
      en: 'These are the reference keys for development; in production use the keys of your consortium’s ceremony.',
      zh: '这是用于开发的参考密钥；生产环境须使用联盟仪式产生的密钥。',
    },
    { directory },
  );
}
