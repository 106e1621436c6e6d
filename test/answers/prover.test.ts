import { appendFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verifyProof } from '@credit-ledger/sdk/answer';
import { BASE_FIELD_MODULUS, type CircuitInput } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { type CircuitKeys, loadCircuitKeys, PooledProver } from '../../node/src/answers/index.ts';
import { codeOf } from '../support/codes.ts';
import { waitFor } from '../support/wait.ts';
import { claimInput, claimSignals } from './support/claims.ts';

const KEYS = fileURLToPath(new URL('../../circuits/keys/', import.meta.url));
const program = (name: string): URL => new URL(`./support/${name}`, import.meta.url);

describe('Circuit keys', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'circuit-keys-'));
    for (const file of ['manifest.json', 'claim8.wasm', 'claim8.zkey', 'claim8.vkey.json']) {
      await cp(join(KEYS, file), join(directory, file));
    }
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('load when every file is the one that the manifest names', async () => {
    const [keys] = await loadCircuitKeys(directory, { sizes: [8] });
    expect(keys?.size).to.equal(8);
    expect(keys?.circuitId).to.match(/^0x[0-9a-f]{64}$/);
  });

  for (const file of ['claim8.wasm', 'claim8.zkey', 'claim8.vkey.json']) {
    it(`are refused when ${file} has one byte more`, async () => {
      await appendFile(join(directory, file), ' ');
      expect(await codeOf(loadCircuitKeys(directory, { sizes: [8] }))).to.equal('CIRCUIT_KEYS_ALTERED');
    });
  }

  it('are refused when the manifest is not one', async () => {
    await appendFile(join(directory, 'manifest.json'), '}');
    expect(await codeOf(loadCircuitKeys(directory, { sizes: [8] }))).to.equal('CIRCUIT_KEYS_ALTERED');
  });

  it('are refused when a file is missing', async () => {
    await rm(join(directory, 'claim8.zkey'));
    expect(await codeOf(loadCircuitKeys(directory, { sizes: [8] }))).to.equal('CIRCUIT_KEYS_MISSING');
  });

  it('of the repository are refused in production', async () => {
    expect(await codeOf(loadCircuitKeys(directory, { sizes: [8], production: true }))).to.equal(
      'CIRCUIT_KEYS_REFERENCE',
    );
  });
});

describe('The pooled prover', function () {
  this.timeout(120_000);
  let keys: CircuitKeys[];
  let prover: PooledProver | undefined;

  before(async () => {
    keys = await loadCircuitKeys(KEYS, { sizes: [8] });
  });
  afterEach(async () => {
    await prover?.close();
    prover = undefined;
  });

  it('proves a claim: canonical coordinates, the expected signals, a proof that verifies', async () => {
    prover = new PooledProver(keys, { workers: 1 });
    const { proof, publicSignals } = await prover.prove(8, claimInput());
    expect(publicSignals).to.deep.equal(claimSignals());
    const [{ verificationKey }] = keys as [CircuitKeys];
    expect(verifyProof(verificationKey, publicSignals, proof)).to.equal(true);
    expect(
      verifyProof(verificationKey, [1n - (publicSignals[0] ?? 0n), ...publicSignals.slice(1)], proof),
    ).to.equal(false);
    for (const coordinate of [...proof.a, ...proof.b.flat(), ...proof.c]) {
      expect(coordinate).to.match(/^0x[0-9a-f]{64}$/);
      expect(BigInt(coordinate) < BASE_FIELD_MODULUS).to.equal(true);
    }
  });

  it('refuses a claim that does not hold and goes on with the next', async () => {
    prover = new PooledProver(keys, { workers: 1 });
    const invented: CircuitInput = { ...claimInput(), secret: '12345' };
    expect(await codeOf(prover.prove(8, invented))).to.equal('CLAIM_UNSATISFIABLE');
    expect((await prover.prove(8, claimInput())).publicSignals).to.deep.equal(claimSignals());
  });

  it('says BUSY when as many jobs wait as may', async () => {
    prover = new PooledProver(keys, {
      workers: 1,
      queueLimit: 1,
      workerProgram: program('hanging-worker.mjs'),
    });
    const first = codeOf(prover.prove(8, claimInput()));
    await waitFor('a job under way', () => prover?.load.running === 1);
    const second = codeOf(prover.prove(8, claimInput()));
    expect(await codeOf(prover.prove(8, claimInput()))).to.equal('BUSY');
    await prover.close();
    expect([await first, await second]).to.deep.equal(['PROVER_CLOSED', 'PROVER_CLOSED']);
  });

  it('gives a job up when it is cancelled, waiting or under way, and takes the next', async () => {
    prover = new PooledProver(keys, { workers: 1, workerProgram: program('hanging-worker.mjs') });
    const running = new AbortController();
    const waiting = new AbortController();
    const first = codeOf(prover.prove(8, claimInput(), { signal: running.signal }));
    await waitFor('a job under way', () => prover?.load.running === 1);
    const second = codeOf(prover.prove(8, claimInput(), { signal: waiting.signal }));
    waiting.abort();
    expect(await second).to.equal('PROVER_CANCELLED');
    expect(prover.load.waiting).to.equal(0);
    running.abort();
    expect(await first).to.equal('PROVER_CANCELLED');
    const third = codeOf(prover.prove(8, claimInput()));
    await waitFor('a job under way', () => prover?.load.running === 1);
    await prover.close();
    expect(await third).to.equal('PROVER_CLOSED');
  });

  it('gives a job up that takes too long', async () => {
    prover = new PooledProver(keys, {
      workers: 1,
      timeoutMilliseconds: 20,
      workerProgram: program('hanging-worker.mjs'),
    });
    expect(await codeOf(prover.prove(8, claimInput()))).to.equal('PROVER_TIMEOUT');
  });

  it('fails only the job whose worker crashed, and replaces the worker', async () => {
    prover = new PooledProver(keys, { workers: 1, workerProgram: program('crashing-worker.mjs') });
    expect(await codeOf(prover.prove(8, claimInput()))).to.equal('PROVER_CRASHED');
    expect(await codeOf(prover.prove(8, claimInput()))).to.equal('PROVER_CRASHED');
  });

  it('does not leave jobs waiting when workers do not even start', async () => {
    prover = new PooledProver(keys, { workers: 1, workerProgram: program('no-such-worker.mjs') });
    expect(await codeOf(prover.prove(8, claimInput()))).to.equal('PROVER_CRASHED');
    expect(await codeOf(prover.prove(8, claimInput()))).to.equal('PROVER_CRASHED');
  });

  it('refuses a size that it has no keys for, and everything once closed', async () => {
    prover = new PooledProver(keys, { workers: 1, workerProgram: program('hanging-worker.mjs') });
    expect(await codeOf(prover.prove(40, claimInput()))).to.equal('CIRCUIT_UNKNOWN');
    await prover.close();
    expect(await codeOf(prover.prove(8, claimInput()))).to.equal('PROVER_CLOSED');
  });
});
