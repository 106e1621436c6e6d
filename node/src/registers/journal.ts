import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { registerError } from './errors.ts';

const FORMAT = 'credit-openings/1';
const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const NEWLINE = 0x0a;
/** More than the first line of a journal takes. */
const FIRST_LINE_BYTES = 256;

/** The openings of one batch: enough to rebuild its entries and the batch itself. */
export interface JournalledBatch {
  readonly keyId: string;
  readonly registerId: string | null;
  readonly ordinal: number;
  readonly entriesHash: string;
  readonly createdAt: string;
  readonly entries: readonly JournalledEntry[];
}

/** One entry with its opening; numbers beyond 2^53 are decimal strings. */
export interface JournalledEntry {
  readonly id: string;
  readonly recordId: string | null;
  readonly op: number;
  readonly class: number;
  readonly uscc: string | null;
  readonly subjectKey: string;
  readonly chainIndex: number;
  readonly packed: string;
  readonly content: string;
  readonly body: string;
  readonly salts: readonly { readonly name: string; readonly value: string; readonly salt: string }[];
  readonly bundle: string | null;
  readonly operationHash: string | null;
  readonly createdAt: string;
  /** The record of a RECORD entry; null for operations and cover entries. */
  readonly record: JournalledRecord | null;
}

/** A record as it was taken in; its number is the entry's `recordId`. */
export interface JournalledRecord {
  /** The agency when left out: journals of before there were origins. */
  readonly origin?: 'agency' | 'self-declared';
  readonly class: 1 | 2 | 3;
  readonly uscc: string;
  readonly subjectName: string;
  readonly documentNumber: string;
  readonly kind: number;
  readonly domain: number;
  readonly severity: 0 | 1 | 2 | 3;
  readonly severityBasis: string;
  readonly day: number;
  readonly until: number;
  readonly amountFen: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly sourceProfile: string;
  readonly sourceAgency: { readonly name: string; readonly uscc: string | null };
  readonly contentHash: string;
}

/** The file operations that may fail; replaced in tests of a full disk. */
export interface JournalFile {
  write(bytes: Uint8Array, at: number): Promise<void>;
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

export interface JournalOptions {
  /** Opens the file for writing; the default opens it on disk. */
  readonly openFile?: (path: string) => Promise<JournalFile>;
}

/**
 * The second place of the openings (protocol §4): a file that is only ever added
 * to, each line encrypted (AES-256-GCM) and bound to the one before, so that a
 * line that was altered, moved or taken out from between is noticed. A line counts
 * once it was flushed; what a crash left half-written at the end is dropped.
 */
export class OpeningsJournal {
  readonly path: string;
  readonly #key: Uint8Array;
  readonly #openFile: (path: string) => Promise<JournalFile>;
  #file: JournalFile | undefined;
  #inode = 0;
  #identity: string | undefined;
  #length = 0;
  #lastTag = '';
  #turn: Promise<unknown> = Promise.resolve();

  /** @param key 32 bytes, the keyring's journal key */
  constructor(path: string, key: Uint8Array, options: JournalOptions = {}) {
    if (key.length !== 32) throw new RangeError('the journal key has 32 bytes');
    this.path = resolve(path);
    this.#key = key;
    this.#openFile = options.openFile ?? openOnDisk;
  }

  /**
   * Names the file that the last `append` went to; another name means that the file was
   * replaced, and what was in the old one is missing.
   */
  get identity(): string | undefined {
    return this.#identity;
  }

  /** Opens the file, or makes it, without adding a batch. Errors as `append`. */
  prepare(): Promise<void> {
    return this.#inTurn(async () => void (await this.#opened()));
  }

  /**
   * Adds a batch's openings; when it resolves they are durable.
   * @throws LedgerError JOURNAL_UNWRITABLE (the file is as before), JOURNAL_WRONG_KEY,
   *   JOURNAL_TAMPERED, JOURNAL_FORMAT_UNKNOWN
   */
  append(batch: JournalledBatch): Promise<void> {
    return this.#inTurn(async () => {
      const file = await this.#opened();
      const { line, tag } = this.#seal(JSON.stringify(batch), this.#lastTag);
      try {
        await file.write(line, this.#length);
        await file.sync();
      } catch (error) {
        await this.#takeBack(file);
        throw unwritable(this.path, error);
      }
      this.#length += line.length;
      this.#lastTag = tag;
    });
  }

  /**
   * Reads everything back, oldest first. A batch whose writing was repeated after a
   * crash comes twice; both say the same.
   * @throws LedgerError JOURNAL_WRONG_KEY, JOURNAL_TAMPERED, JOURNAL_FORMAT_UNKNOWN, JOURNAL_UNREADABLE
   */
  async *readAll(): AsyncGenerator<JournalledBatch> {
    let previousTag = '';
    let number = 0;
    for await (const { line, complete } of this.#lines()) {
      number += 1;
      if (!complete) return;
      const { text, tag } = this.#unseal(line, previousTag, number);
      previousTag = tag;
      if (number > 1) yield JSON.parse(text) as JournalledBatch;
    }
  }

  /** Ends writing; a later `append` opens the file again. */
  close(): Promise<void> {
    return this.#inTurn(async () => {
      const file = this.#file;
      this.#file = undefined;
      await file?.close();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Opens for writing: checks what is there, drops a torn end, writes the first line of a new file. */
  async #opened(): Promise<JournalFile> {
    if (this.#file !== undefined) {
      // A file that was removed or replaced under us would take what we write with it.
      const onDisk = await stat(this.path).catch(() => undefined);
      if (onDisk?.ino === this.#inode && onDisk.size === this.#length) return this.#file;
      await this.#file.close().catch(() => undefined);
      this.#file = undefined;
    }
    let length = 0;
    let lastTag = '';
    let number = 0;
    let torn = false;
    for await (const { line, complete } of this.#lines()) {
      if (!complete) {
        // A first line is short: a long one is a file of somebody else's, and not to be emptied.
        if (number === 0 && line.length > FIRST_LINE_BYTES) {
          throw registerError('JOURNAL_FORMAT_UNKNOWN', { path: this.path });
        }
        torn = true;
        break;
      }
      number += 1;
      const { text, tag } = this.#unseal(line, lastTag, number);
      if (number === 1) this.#identity = (JSON.parse(text) as { id: string }).id;
      lastTag = tag;
      length += line.length + 1;
    }
    let file: JournalFile | undefined;
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
      file = await this.#openFile(this.path);
      if (torn) await file.truncate(length);
      if (number === 0) {
        const id = randomBytes(16).toString('hex');
        const first = this.#seal(JSON.stringify({ format: FORMAT, id }), '');
        await file.write(first.line, 0);
        length = first.line.length;
        lastTag = first.tag;
        this.#identity = id;
      }
      await file.sync();
      await flushDirectory(dirname(this.path));
      this.#inode = (await stat(this.path)).ino;
    } catch (error) {
      await file?.close().catch(() => undefined);
      throw unwritable(this.path, error);
    }
    this.#length = length;
    this.#lastTag = lastTag;
    this.#file = file;
    return file;
  }

  /** After a failed write: back to the last good length, or the file is opened and checked anew next time. */
  async #takeBack(file: JournalFile): Promise<void> {
    try {
      await file.truncate(this.#length);
      await file.sync();
    } catch {
      // The end stays torn; opening drops it.
      this.#file = undefined;
      await file.close().catch(() => undefined);
    }
  }

  #seal(text: string, previousTag: string): { line: Uint8Array; tag: string } {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#key, iv, { authTagLength: TAG_BYTES });
    cipher.setAAD(associated(previousTag));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    const tag = cipher.getAuthTag();
    const line = Buffer.concat([iv, tag, sealed]).toString('base64');
    return { line: Buffer.from(`${line}\n`, 'ascii'), tag: tag.toString('hex') };
  }

  #unseal(line: Buffer, previousTag: string, number: number): { text: string; tag: string } {
    const bytes = Buffer.from(line.toString('ascii'), 'base64');
    const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
    let text: string;
    try {
      const decipher = createDecipheriv(CIPHER, this.#key, bytes.subarray(0, IV_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(associated(previousTag));
      decipher.setAuthTag(tag);
      text = Buffer.concat([
        decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)),
        decipher.final(),
      ]).toString('utf8');
    } catch {
      // The engine's error says nothing more.
      throw registerError(number === 1 ? 'JOURNAL_WRONG_KEY' : 'JOURNAL_TAMPERED', {
        path: this.path,
        line: number,
      });
    }
    if (number === 1 && (JSON.parse(text) as { format?: unknown }).format !== FORMAT) {
      throw registerError('JOURNAL_FORMAT_UNKNOWN', { path: this.path });
    }
    return { text, tag: tag.toString('hex') };
  }

  async *#lines(): AsyncGenerator<{ line: Buffer; complete: boolean }> {
    try {
      await stat(this.path);
    } catch (error) {
      // Nothing is there; whether it can be made, making it will tell.
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return;
      throw registerError('JOURNAL_UNREADABLE', { path: this.path, reason: reasonOf(error) }, error);
    }
    const pending: Buffer[] = [];
    const stream = createReadStream(this.path, { highWaterMark: 1 << 20 });
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        let start = 0;
        for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
          pending.push(chunk.subarray(start, end));
          start = end + 1;
          const line = Buffer.concat(pending.splice(0));
          yield { line, complete: true };
        }
        if (start < chunk.length) pending.push(chunk.subarray(start));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      throw registerError('JOURNAL_UNREADABLE', { path: this.path, reason: reasonOf(error) }, error);
    }
    if (pending.length > 0) yield { line: Buffer.concat(pending), complete: false };
  }
}

/** Binds a line to the one before. */
function associated(previousTag: string): Buffer {
  return Buffer.from(`${FORMAT}:${previousTag}`, 'ascii');
}

function unwritable(path: string, error: unknown): Error {
  return registerError('JOURNAL_UNWRITABLE', { path, reason: reasonOf(error) }, error);
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
}

async function openOnDisk(path: string): Promise<JournalFile> {
  const handle: FileHandle = await open(path, 'r+', 0o600).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(path, 'wx+', 0o600);
  });
  return {
    async write(bytes, at) {
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
        done += bytesWritten;
      }
    },
    sync: () => handle.sync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
}

/** A new name is durable only when its directory is. */
async function flushDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
