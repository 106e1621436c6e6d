import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { openDatabase } from '../../node/src/store/database.ts';
import { makeTempDir } from '../support/temp.ts';
import { rejection } from '../support/wait.ts';

describe('an embedded database whose process is killed', function () {
  this.timeout(60_000);

  it('has all that was acknowledged, and is free for the next process', async () => {
    const directory = await makeTempDir();
    const writer = spawn(
      process.execPath,
      [
        '--conditions=source',
        fileURLToPath(new URL('../support/write-until-killed.ts', import.meta.url)),
        directory.path,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let acknowledged = 0;
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === 25) {
        // The writer lives and holds the database.
        expect((await rejection(openDatabase({ dataDir: directory.path }))).code).to.equal('STORE_IN_USE');
      }
      if (acknowledged === 50) writer.kill('SIGKILL');
    }
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit');
    expect(writer.signalCode).to.equal('SIGKILL');
    const db = await openDatabase({ dataDir: directory.path });
    const rows = await db.query<{ id: number }>('SELECT id FROM written ORDER BY id');
    expect(rows.length).to.be.at.least(acknowledged);
    expect(rows.map(({ id }) => id)).to.deep.equal(rows.map((_, index) => index + 1));
    await db.close();
    await directory.remove();
  });
});
