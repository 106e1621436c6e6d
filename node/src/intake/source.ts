import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileError } from './errors.ts';
import { DEFAULT_LIMITS } from './limits.ts';

/**
 * The bytes of a file, readable as often as needed and from any place: a file
 * is checked as a whole before the first row is written.
 */
export interface ByteSource {
  readonly size: number;
  /** Bytes from `start` up to, not including, `end`. */
  chunks(start?: number, end?: number): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

const CHUNK_BYTES = 64 * 1024;
const IN_MEMORY_BYTES = 8 * 1024 * 1024;

/** Bytes that are in memory already. */
export function memorySource(bytes: Uint8Array): ByteSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    size: buffer.length,
    chunks: (start = 0, end = buffer.length) => slices(buffer, start, end),
    close: async () => {},
  };
}

/** A file on disk, left as it is. @throws LedgerError FILE_TOO_LARGE */
export async function fileSource(path: string, limitBytes = DEFAULT_LIMITS.fileBytes): Promise<ByteSource> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat();
  if (size > limitBytes) {
    await handle.close();
    throw tooLarge(limitBytes);
  }
  return {
    size,
    chunks: (start = 0, end = size) => readAt(handle, start, end),
    close: () => handle.close(),
  };
}

/**
 * A stream made readable more than once. What does not fit in memory goes to a
 * temporary file that is unlinked at once and encrypted under a key that only
 * this process has: an uploaded file holds personal columns, and those must
 * not come to rest on a disk. @throws LedgerError FILE_TOO_LARGE
 */
export async function streamSource(
  input: AsyncIterable<Uint8Array>,
  limitBytes = DEFAULT_LIMITS.fileBytes,
): Promise<ByteSource> {
  const head: Uint8Array[] = [];
  let size = 0;
  let spool: Spool | null = null;
  try {
    for await (const chunk of input) {
      size += chunk.length;
      if (size > limitBytes) throw tooLarge(limitBytes);
      if (spool === null) {
        head.push(chunk);
        if (size > IN_MEMORY_BYTES) {
          spool = await Spool.create();
          for (const part of head.splice(0)) await spool.write(part);
        }
      } else await spool.write(chunk);
    }
  } catch (error) {
    await spool?.close();
    throw error;
  }
  return spool ?? memorySource(Buffer.concat(head));
}

/** SHA-256 of the whole file. */
export async function sha256Of(source: ByteSource): Promise<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of source.chunks()) hash.update(chunk);
  return hash.digest();
}

/** An unlinked temporary file under AES-256-CTR, which can be read from any place. */
class Spool implements ByteSource {
  size = 0;
  readonly #handle: FileHandle;
  readonly #directory: string;
  readonly #key = randomBytes(32);
  readonly #cipher = createCipheriv('aes-256-ctr', this.#key, Buffer.alloc(16));

  constructor(handle: FileHandle, directory: string) {
    this.#handle = handle;
    this.#directory = directory;
  }

  static async create(): Promise<Spool> {
    const directory = await mkdtemp(join(tmpdir(), 'ledger-intake-'));
    const handle = await open(join(directory, 'spool'), 'wx+', 0o600);
    const spool = new Spool(handle, directory);
    await rm(directory, { recursive: true, force: true });
    return spool;
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#handle.writeFile(this.#cipher.update(chunk));
    this.size += chunk.length;
  }

  async *chunks(start = 0, end = this.size): AsyncGenerator<Uint8Array> {
    // The counter block of the first byte wanted; what precedes it in its block is dropped.
    const skip = start % 16;
    const counter = Buffer.alloc(16);
    counter.writeBigUInt64BE(BigInt((start - skip) / 16), 8);
    const decipher = createDecipheriv('aes-256-ctr', this.#key, counter);
    let isFirst = true;
    for await (const chunk of readAt(this.#handle, start - skip, end)) {
      const plain = decipher.update(chunk);
      yield isFirst ? plain.subarray(skip) : plain;
      isFirst = false;
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function* slices(buffer: Buffer, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += CHUNK_BYTES)
    yield buffer.subarray(at, Math.min(at + CHUNK_BYTES, end));
}

async function* readAt(handle: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end;) {
    // A new buffer each time: whoever reads may still hold the last one.
    const { bytesRead, buffer } = await handle.read(
      Buffer.allocUnsafe(Math.min(CHUNK_BYTES, end - at)),
      0,
      undefined,
      at,
    );
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function tooLarge(limitBytes: number): Error {
  return fileError('FILE_TOO_LARGE', { limitMiB: Math.floor(limitBytes / 1024 / 1024) });
}
