import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KEYS_DIR } from './paths.ts';

/** What circuits/keys/manifest.json says; nodes and tests check the files against it. */
export interface KeysManifest {
  format: 'circuit-keys/1';
  purpose: string;
  compiler: string;
  phase1: { power: number; sha256: string };
  circuits: ManifestCircuit[];
  /** Every file beside the manifest, by name. */
  files: Record<string, { sha256: string; bytes: number }>;
}

export interface ManifestCircuit {
  name: 'claim';
  size: number;
  circuitId: string;
  verificationKeyHash: string;
  constraints: number;
  publicSignals: number;
  r1csSha256: string;
  files: { zkey: string; wasm: string; vkey: string };
  phase2: {
    circuitHash: string;
    contributions: { name: string; hash: string }[];
    beacon: { name: string; value: string; iterationsExp: number; hash: string };
  };
}

export async function sha256OfFile(path: string): Promise<{ sha256: string; bytes: number }> {
  const data = await readFile(path);
  return { sha256: createHash('sha256').update(data).digest('hex'), bytes: data.length };
}

/** Reads the manifest of a keys directory. */
export async function readManifest(dir = KEYS_DIR): Promise<KeysManifest> {
  return JSON.parse(await readFile(join(dir, 'manifest.json'), 'utf8')) as KeysManifest;
}

/** Names of the files that are missing or differ from the manifest; empty when all is well. */
export async function differingFiles(manifest: KeysManifest, dir = KEYS_DIR): Promise<string[]> {
  const differing: string[] = [];
  for (const [name, expected] of Object.entries(manifest.files)) {
    try {
      if ((await sha256OfFile(join(dir, name))).sha256 !== expected.sha256) differing.push(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      differing.push(name);
    }
  }
  return differing;
}
