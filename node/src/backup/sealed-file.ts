import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { backupError } from './errors.ts';

const FORMAT = 'credit-backup/1';
const CIPHER = 'aes-256-gcm';
const TAG_BYTES = 16;
const CHUNK_BYTES = 256 * 1024;
const LARGEST_HEADER_BYTES = 4 * 1024 * 1024;
/** The length of a chunk, with the highest bit set on the last: a file that was cut off lacks it. */
const LENGTH_BYTES = 4;
const LAST = 0x8000_0000;

const header = z.object({
  format: z.literal(FORMAT),
  createdAt: z.iso.datetime(),
  /** Migrations of the schema that the rows are of. */
  schema: z.array(z.string().regex(/^\d{4}_[a-z0-9_]+$/)).max(9999),
  /** Small files that are secret by themselves (keystores) or not at all (settings), by their name in a data directory. */
  files: z.record(z.string().regex(/^(keys\/)?[a-z0-9-]+\.json$/), z.string()),
  salt: z.string().regex(/^[0-9a-f]{64}$/),
});
/** What of a backup can be read without a key. */
export type BackupHeader = z.infer<typeof header>;

/** The key of one backup: the journal's, which whoever restores must have, under a salt of its own. */
function keyOf(journalKey: Uint8Array, salt: string): Buffer {
  return Buffer.from(hkdfSync('sha256', journalKey, Buffer.from(salt, 'hex'), FORMAT, 32));
}

/**
 * Writes a backup: a line of JSON, then chunks, each sealed (AES-256-GCM) with its number, the hash of that line and
 * whether it is the last. So chunks cannot be left out, exchanged, cut off or put under another header.
 */
export class SealedWriter {
  readonly #file: FileHandle;
  readonly #key: Buffer;
  readonly #headerHash: Buffer;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #number = 0;

  private constructor(file: FileHandle, key: Buffer, headerHash: Buffer) {
    this.#file = file;
    this.#key = key;
    this.#headerHash = headerHash;
  }

  /** Errors: `BACKUP_EXISTS`. */
  static async create(
    path: string,
    journalKey: Uint8Array,
    about: Omit<BackupHeader, 'format' | 'salt'>,
  ): Promise<SealedWriter> {
    const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
      throw (error as NodeJS.ErrnoException).code === 'EEXIST'
        ? backupError('BACKUP_EXISTS', { path })
        : error;
    });
    const salt = randomBytes(32).toString('hex');
    const line = Buffer.from(`${JSON.stringify({ format: FORMAT, ...about, salt })}\n`, 'utf8');
    await file.write(line);
    return new SealedWriter(file, keyOf(journalKey, salt), sha256(line));
  }

  async write(text: string): Promise<void> {
    const bytes = Buffer.from(text, 'utf8');
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    while (this.#pendingBytes >= CHUNK_BYTES) {
      const all = Buffer.concat(this.#pending);
      await this.#chunk(all.subarray(0, CHUNK_BYTES), false);
      this.#pending = [all.subarray(CHUNK_BYTES)];
      this.#pendingBytes -= CHUNK_BYTES;
    }
  }

  /** Ends the file; durable when it resolves. */
  async end(): Promise<void> {
    await this.#chunk(Buffer.concat(this.#pending), true);
    await this.#file.sync();
    await this.#file.close();
  }

  async abandon(): Promise<void> {
    await this.#file.close();
  }

  async #chunk(plain: Buffer, isLast: boolean): Promise<void> {
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(this.#number), { authTagLength: TAG_BYTES });
    cipher.setAAD(associated(this.#headerHash, this.#number, isLast));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE((sealed.length | (isLast ? LAST : 0)) >>> 0);
    await this.#file.write(Buffer.concat([length, sealed]));
    this.#number += 1;
  }
}

/** Reads what {@link SealedWriter} has written; every byte of it is checked before it is given. */
export class SealedReader {
  readonly header: BackupHeader;
  readonly #file: FileHandle;
  readonly #headerHash: Buffer;
  readonly #start: number;

  private constructor(file: FileHandle, about: BackupHeader, headerHash: Buffer, start: number) {
    this.#file = file;
    this.header = about;
    this.#headerHash = headerHash;
    this.#start = start;
  }

  /** Errors: `BACKUP_INVALID`. */
  static async open(path: string): Promise<SealedReader> {
    const file = await open(path, 'r').catch((error: unknown) => {
      throw backupError('BACKUP_INVALID', { path }, error);
    });
    try {
      const begin = Buffer.alloc(LARGEST_HEADER_BYTES);
      const { bytesRead } = await file.read(begin, 0, begin.length, 0);
      const end = begin.subarray(0, bytesRead).indexOf('\n');
      if (end === -1) throw backupError('BACKUP_INVALID', { path });
      const line = begin.subarray(0, end + 1);
      return new SealedReader(file, header.parse(JSON.parse(line.toString('utf8'))), sha256(line), end + 1);
    } catch (error) {
      await file.close();
      throw backupError('BACKUP_INVALID', { path }, error);
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Lines of the text. Errors: `BACKUP_WRONG_KEY` (the first chunk does not open), `BACKUP_INVALID`. */
  async *lines(journalKey: Uint8Array): AsyncGenerator<string> {
    let rest = '';
    for await (const text of this.#texts(keyOf(journalKey, this.header.salt))) {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      yield* parts;
    }
    if (rest !== '') throw backupError('BACKUP_INVALID');
  }

  async *#texts(key: Buffer): AsyncGenerator<string> {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    let at = this.#start;
    for (let number = 0; ; number++) {
      const length = await this.#bytes(at, LENGTH_BYTES);
      const word = length.readUInt32BE();
      const isLast = word >= LAST;
      const size = word % LAST;
      if (size < TAG_BYTES || size > CHUNK_BYTES + TAG_BYTES)
        throw backupError('BACKUP_INVALID', { chunk: number });
      const sealed = await this.#bytes(at + LENGTH_BYTES, size);
      at += LENGTH_BYTES + size;
      const decipher = createDecipheriv(CIPHER, key, nonceOf(number), { authTagLength: TAG_BYTES });
      decipher.setAAD(associated(this.#headerHash, number, isLast));
      decipher.setAuthTag(sealed.subarray(size - TAG_BYTES));
      let plain: Buffer;
      try {
        plain = Buffer.concat([decipher.update(sealed.subarray(0, size - TAG_BYTES)), decipher.final()]);
      } catch {
        // The engine's error says nothing more.
        throw backupError(number === 0 ? 'BACKUP_WRONG_KEY' : 'BACKUP_INVALID', { chunk: number });
      }
      yield decoder.decode(plain, { stream: !isLast });
      if (!isLast) continue;
      const { size: whole } = await this.#file.stat();
      if (whole !== at) throw backupError('BACKUP_INVALID', { chunk: number });
      return;
    }
  }

  async #bytes(at: number, count: number): Promise<Buffer> {
    const bytes = Buffer.alloc(count);
    const { bytesRead } = await this.#file.read(bytes, 0, count, at);
    if (bytesRead !== count) throw backupError('BACKUP_INVALID');
    return bytes;
  }
}

function nonceOf(number: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 8);
  return nonce;
}

function associated(headerHash: Buffer, number: number, isLast: boolean): Buffer {
  return Buffer.concat([headerHash, nonceOf(number), Buffer.from([isLast ? 1 : 0])]);
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
