import { Readable, Transform } from 'node:stream';
import yauzl from 'yauzl';
import { fileError } from './errors.ts';
import type { IntakeLimits } from './limits.ts';
import type { ByteSource } from './source.ts';

const RATIO_FROM_BYTES = 1024 * 1024;

/** The parts of a workbook, unpacked within limits: a small file must not become a large one. */
export interface Package {
  has(name: string): boolean;
  /** The names of all parts. */
  readonly names: readonly string[];
  /** One part, unpacked as it is read. @throws LedgerError XLSX_BROKEN, XLSX_TOO_LARGE */
  open(name: string): Promise<Readable>;
}

class SourceReader extends yauzl.RandomAccessReader {
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    super();
    this.#source = source;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#source.chunks(start, end), { objectMode: false });
  }
}

/** Reads the directory of a ZIP archive. @throws LedgerError XLSX_BROKEN, XLSX_TOO_LARGE, FILE_ENCRYPTED */
export async function openPackage(source: ByteSource, limits: IntakeLimits): Promise<Package> {
  const zip = await yauzl
    .fromRandomAccessReaderPromise(new SourceReader(source), source.size, {
      lazyEntries: true,
      autoClose: false,
      validateEntrySizes: true,
    })
    .catch(broken);
  if (zip.entryCount > limits.entries) throw fileError('XLSX_TOO_LARGE', { part: `${zip.entryCount} parts` });
  const entries = new Map<string, yauzl.Entry>();
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.isEncrypted()) throw fileError('FILE_ENCRYPTED');
      // A second entry of one name would let two readers see two different sheets.
      if (entries.has(entry.fileName))
        throw fileError('XLSX_BROKEN', { reason: `${entry.fileName} stands twice` });
      entries.set(entry.fileName, entry);
    }
  } catch (error) {
    broken(error);
  }
  let total = 0;
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    async open(name) {
      const entry = entries.get(name);
      if (entry === undefined) throw fileError('XLSX_BROKEN', { reason: `${name} is missing` });
      if (entry.uncompressedSize > limits.partBytes) throw fileError('XLSX_TOO_LARGE', { part: name });
      const packed = await zip.openReadStreamPromise(entry).catch(broken);
      let bytes = 0;
      const guard = new Transform({
        transform(chunk: Uint8Array, _encoding, done) {
          bytes += chunk.length;
          total += chunk.length;
          const inflated = bytes > RATIO_FROM_BYTES && bytes > limits.ratio * entry.compressedSize;
          if (inflated || bytes > limits.partBytes || total > limits.totalBytes) {
            done(fileError('XLSX_TOO_LARGE', { part: name }));
          } else done(null, chunk);
        },
      });
      packed.on('error', (error: unknown) => {
        guard.destroy(fileError('XLSX_BROKEN', { reason: `${name} cannot be unpacked` }, { cause: error }));
      });
      guard.on('close', () => packed.destroy());
      return packed.pipe(guard);
    },
  };
}

function broken(error: unknown): never {
  if (error instanceof Error && error.name === 'LedgerError') throw error;
  throw fileError('XLSX_BROKEN', { reason: 'the ZIP archive cannot be read' }, { cause: error });
}
