import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { makeTempDir } from '../support/temp.ts';
import { json, ledger } from './support.ts';
import { madeUpProcesses } from '../support/deployment.ts';

const BIN = join(import.meta.dirname, '../../node/bin/ledger.mjs');

describe('serve', () => {
  it('starts without a chain, serves the machine’s own command line, and ends in order at SIGTERM', async () => {
    const temp = await makeTempDir();
    const address = (digit: number): string => `0x${String(digit).repeat(40)}`;
    await writeFile(
      join(temp.path, 'deployment.json'),
      JSON.stringify({
        chainId: 31337,
        consortium: address(1),
        registers: address(2),
        applications: address(3),
        grants: address(4),
        answerLog: address(5),
        processes: madeUpProcesses(),
        deployedAtBlock: 1,
      }),
    );
    const data = join(temp.path, 'node');
    const init = [
      'init',
      '--data',
      data,
      '--rpc',
      'http://127.0.0.1:9',
      '--deployment',
      'deployment.json',
      '--port',
      '0',
    ];
    expect((await ledger([...init, '--set', 'proverWorkers=1'], { directory: temp.path })).code).to.equal(0);
    const child = spawn(process.execPath, [BIN, 'serve', '--data', data, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '' },
    });
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    try {
      const lines: string[] = [];
      const url = await new Promise<string>((resolve, reject) => {
        createInterface({ input: child.stdout }).on('line', (line) => {
          lines.push(line);
          const found = /"url": "(http[^"]+)"/.exec(line);
          if (found?.[1] !== undefined) resolve(found[1]);
        });
        child.once('exit', () => reject(new Error(`ended: ${log}`)));
      });
      expect((await fetch(`${url}/v1/health`)).status).to.equal(200);
      const status = await ledger(['status', '--json'], { environment: { LEDGER_DATA_DIR: data } });
      expect(status.code).to.equal(1);
      expect(json<{ ready: boolean; chain: { detail: string } }>(status)).to.deep.include({
        ready: false,
        chain: { ok: false, detail: 'CHAIN_UNREACHABLE' },
      });
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await exit).to.deep.equal([0, null]);
      // Standard output was the one JSON value; the log went elsewhere.
      expect(JSON.parse(lines.join('\n'))).to.deep.equal({ url });
      expect(log).to.include('"listening"').and.include('"stopped"');
      expect(await stat(join(data, 'serving.json')).catch(() => 'absent')).to.equal('absent');
      expect(await stat(join(data, 'store.lock')).catch(() => 'absent')).to.equal('absent');
    } finally {
      child.kill('SIGKILL');
      await temp.remove();
    }
  });
});
