import { expect } from 'chai';
import { appendFile, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type JournalFile, type JournalledBatch, OpeningsJournal } from '../../node/src/registers/journal.ts';
import { makeTempDir } from '../support/temp.ts';
import { rejection } from '../support/wait.ts';

const key = randomBytes(32);

function batch(ordinal: number, value = '行政处罚'): JournalledBatch {
  return {
    keyId: 'register-1',
    registerId: '1',
    ordinal,
    entriesHash: `0x${'ab'.repeat(32)}`,
    createdAt: '2026-11-23T00:00:00.000Z',
    entries: [
      {
        id: String(ordinal * 10),
        recordId: '7',
        op: 0,
        class: 1,
        uscc: '911100007109310000',
        subjectKey: '123456789',
        chainIndex: 0,
        packed: '1',
        content: '2',
        body: '3',
        salts: [{ name: 'reason', value, salt: '00'.repeat(16) }],
        bundle: null,
        operationHash: null,
        createdAt: '2026-11-23T00:00:00.000Z',
        record: null,
      },
    ],
  };
}

async function readBack(path: string, withKey: Uint8Array = key): Promise<JournalledBatch[]> {
  const all: JournalledBatch[] = [];
  for await (const one of new OpeningsJournal(path, withKey).readAll()) all.push(one);
  return all;
}

describe('The openings journal', () => {
  let directory: string;
  let path: string;
  let remove: () => Promise<void>;

  beforeEach(async () => {
    ({ path: directory, remove } = await makeTempDir());
    path = join(directory, 'second', 'place', 'openings.journal');
  });
  afterEach(() => remove());

  it('gives back everything that was written, over several openings, in order', async () => {
    const first = new OpeningsJournal(path, key);
    await first.append(batch(1));
    await first.append(batch(2));
    await first.close();
    const second = new OpeningsJournal(path, key);
    await second.append(batch(3));
    await second.close();
    expect(await readBack(path)).to.deep.equal([batch(1), batch(2), batch(3)]);
  });

  it('keeps the order of writes that are asked for at once', async () => {
    const journal = new OpeningsJournal(path, key);
    await Promise.all([1, 2, 3, 4, 5].map((ordinal) => journal.append(batch(ordinal))));
    await journal.close();
    expect((await readBack(path)).map(({ ordinal }) => ordinal)).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it('is readable by its owner only and shows nothing of what it holds', async () => {
    const journal = new OpeningsJournal(path, key);
    await journal.append(batch(1, 'a very secret reason'));
    await journal.close();
    const text = await readFile(path, 'utf8');
    expect((await stat(path)).mode & 0o077).to.equal(0);
    for (const secret of ['a very secret reason', '911100007109310000', 'register-1']) {
      expect(text).not.to.contain(secret);
      expect(text).not.to.contain(Buffer.from(secret).toString('base64').slice(0, 12));
    }
  });

  it('drops a torn last line, whatever its length, and goes on after it', async () => {
    const whole = new OpeningsJournal(path, key);
    await whole.append(batch(1));
    await whole.append(batch(2));
    await whole.close();
    const full = await readFile(path);
    const start = full.lastIndexOf(0x0a, full.length - 2) + 1;
    for (const length of [start + 1, start + 20, full.length - 1]) {
      await writeFile(path, full.subarray(0, length));
      expect((await readBack(path)).map(({ ordinal }) => ordinal)).to.deep.equal([1]);
      const journal = new OpeningsJournal(path, key);
      await journal.append(batch(3));
      await journal.close();
      expect((await readBack(path)).map(({ ordinal }) => ordinal)).to.deep.equal([1, 3]);
    }
  });

  it('makes a file anew of which only a part of the first line was written', async () => {
    const journal = new OpeningsJournal(path, key);
    await journal.append(batch(1));
    await journal.close();
    await truncate(path, 10);
    const again = new OpeningsJournal(path, key);
    await again.append(batch(2));
    await again.close();
    expect((await readBack(path)).map(({ ordinal }) => ordinal)).to.deep.equal([2]);
  });

  it('does not empty a file that is no journal', async () => {
    const journal = new OpeningsJournal(path, key);
    await journal.prepare();
    await journal.close();
    await writeFile(path, 'x'.repeat(5_000));
    expect((await rejection(new OpeningsJournal(path, key).append(batch(1)))).code).to.equal(
      'JOURNAL_FORMAT_UNKNOWN',
    );
    expect((await stat(path)).size).to.equal(5_000);
  });

  it('refuses another key, for reading and for writing', async () => {
    const journal = new OpeningsJournal(path, key);
    await journal.append(batch(1));
    await journal.close();
    const other = randomBytes(32);
    expect((await rejection(readBack(path, other))).code).to.equal('JOURNAL_WRONG_KEY');
    const before = await readFile(path);
    expect((await rejection(new OpeningsJournal(path, other).append(batch(2)))).code).to.equal(
      'JOURNAL_WRONG_KEY',
    );
    expect(await readFile(path)).to.deep.equal(before);
  });

  const attacks: readonly [string, (lines: string[]) => string[]][] = [
    [
      'altered',
      (lines) =>
        lines.map((line, i) =>
          i === 2 ? `${line.slice(0, 60)}${line[60] === 'A' ? 'B' : 'A'}${line.slice(61)}` : line,
        ),
    ],
    ['taken out from between', (lines) => lines.filter((_, i) => i !== 2)],
    ['moved', (lines) => [lines[0], lines[2], lines[1], lines[3]].filter((line) => line !== undefined)],
    [
      'repeated',
      (lines) => [...lines.slice(0, 3), lines[2], ...lines.slice(3)].filter((line) => line !== undefined),
    ],
  ];
  for (const [what, attack] of attacks) {
    it(`notices a line that was ${what}`, async () => {
      const journal = new OpeningsJournal(path, key);
      for (const ordinal of [1, 2, 3]) await journal.append(batch(ordinal));
      await journal.close();
      const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
      await writeFile(path, `${attack(lines).join('\n')}\n`);
      expect((await rejection(readBack(path))).code).to.equal('JOURNAL_TAMPERED');
      expect((await rejection(new OpeningsJournal(path, key).append(batch(4)))).code).to.equal(
        'JOURNAL_TAMPERED',
      );
    });
  }

  it('notices garbage added to its end instead of building on it', async () => {
    const journal = new OpeningsJournal(path, key);
    await journal.append(batch(1));
    await appendFile(path, 'not a line of ours\n');
    expect((await rejection(journal.append(batch(2)))).code).to.equal('JOURNAL_TAMPERED');
  });

  it('writes to a new file when its own was removed or replaced while open, and names it anew', async () => {
    const journal = new OpeningsJournal(path, key);
    await journal.append(batch(1));
    const before = journal.identity;
    await rename(path, `${path}.gone`);
    await journal.append(batch(2));
    await journal.close();
    expect(journal.identity).not.to.equal(before);
    expect((await readBack(path)).map(({ ordinal }) => ordinal)).to.deep.equal([2]);
  });

  it('says when it cannot be written, and works again when the cause is gone', async () => {
    await writeFile(join(directory, 'second'), 'a file where the directory should be');
    const journal = new OpeningsJournal(path, key);
    const error = await rejection(journal.append(batch(1)));
    expect(error.code).to.equal('JOURNAL_UNWRITABLE');
    expect(error.operands?.['reason']).to.be.oneOf(['EEXIST', 'ENOTDIR']);
    await rm(join(directory, 'second'));
    await journal.append(batch(1));
    await journal.close();
    expect(await readBack(path)).to.deep.equal([batch(1)]);
  });

  for (const failing of ['write', 'sync', 'write and truncate'] as const) {
    it(`leaves nothing half-written when the disk fails at: ${failing}`, async () => {
      let broken = false;
      const { open } = await import('node:fs/promises');
      const openFile = async (at: string): Promise<JournalFile> => {
        const handle = await open(at, 'r+').catch(() => open(at, 'wx+', 0o600));
        const full = (): never => {
          throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        };
        return {
          write: async (bytes, offset) => {
            if (broken && failing !== 'sync') {
              await handle.write(bytes, 0, 9, offset);
              full();
            }
            await handle.write(bytes, 0, bytes.length, offset);
          },
          sync: async () => {
            if (broken && failing === 'sync') full();
            await handle.sync();
          },
          truncate: async (length) => {
            if (broken && failing === 'write and truncate') full();
            await handle.truncate(length);
          },
          close: () => handle.close(),
        };
      };
      const journal = new OpeningsJournal(path, key, { openFile });
      await journal.append(batch(1));
      broken = true;
      const error = await rejection(journal.append(batch(2)));
      expect([error.code, error.operands?.['reason']]).to.deep.equal(['JOURNAL_UNWRITABLE', 'ENOSPC']);
      broken = false;
      await journal.append(batch(3));
      await journal.close();
      expect((await readBack(path)).map(({ ordinal }) => ordinal)).to.deep.equal([1, 3]);
    });
  }
});
