import { expect } from 'chai';
import { mkdtemp, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCeremony } from '../../circuits/tools/ceremony.ts';
import { readPhase1, requirePower } from '../../circuits/tools/phase1.ts';
import { endSnarkWorkers } from '../../circuits/tools/snarkjs.ts';

const { powersOfTau, curves } = createRequire(import.meta.url)('snarkjs') as {
  powersOfTau: {
    newAccumulator(curve: unknown, power: number, file: string): Promise<unknown>;
    preparePhase2(from: string, to: string): Promise<unknown>;
  };
  curves: { getCurveFromName(name: string): Promise<unknown> };
};

async function rejection(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'no error';
}

describe('key ceremony', () => {
  let dir: string;
  let raw: string;
  let prepared: string;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ceremony-'));
    raw = join(dir, 'raw.ptau');
    prepared = join(dir, 'prepared.ptau');
    await powersOfTau.newAccumulator(await curves.getCurveFromName('bn128'), 6, raw);
    await powersOfTau.preparePhase2(raw, prepared);
  });
  after(async () => {
    await rm(dir, { recursive: true, force: true });
    await endSnarkWorkers();
  });

  it('reads the power of a prepared phase-1 file', async () => {
    expect((await readPhase1(prepared)).power).to.equal(6);
  });

  it('refuses a file that is too small, before it writes a key', async () => {
    const out = join(dir, 'out');
    expect(await rejection(runCeremony({ ptau: prepared, out }))).to.match(
      /is of power 6 .* claim8 needs 14364 rows/,
    );
    expect((await readdir(out)).filter((name) => name !== 'verifiers')).to.deep.equal([]);
  });

  it('counts public signals as rows: a circuit that fits without them does not', () => {
    const phase1 = { path: 'x', power: 6, sha256: '' };
    requirePower(phase1, 'c', 60, 3);
    expect(() => requirePower(phase1, 'c', 60, 4)).to.throw(/needs 65 rows/);
  });

  it('refuses a file that is not prepared, cut short, of another curve, or no phase-1 file', async () => {
    expect(await rejection(readPhase1(raw))).to.match(/not prepared/);
    const short = join(dir, 'short.ptau');
    await writeFile(short, await readFile(prepared));
    await truncate(short, 40);
    expect(await rejection(readPhase1(short))).to.match(/cut short/);
    const otherCurve = join(dir, 'other.ptau');
    const data = await readFile(prepared);
    data.writeUInt8((data.readUInt8(12 + 12 + 4) ^ 1) & 0xff, 12 + 12 + 4); // first byte of the modulus
    await writeFile(otherCurve, data);
    expect(await rejection(readPhase1(otherCurve))).to.match(/not for the curve BN254/);
    const other = join(dir, 'other.txt');
    await writeFile(other, 'not a phase-1 file');
    expect(await rejection(readPhase1(other))).to.match(/not a powers-of-tau file/);
  });

  it('refuses fewer than three contributors', async () => {
    expect(await rejection(runCeremony({ ptau: prepared, out: dir, contributors: ['a', 'b'] }))).to.match(
      /three/,
    );
  });
});
