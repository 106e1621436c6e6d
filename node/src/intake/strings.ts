import { fileError } from './errors.ts';

const BLOCK_BYTES = 1024 * 1024;

/** Many strings as UTF-8 in a few large blocks: a fifth of what separate strings would take, and bounded. */
export class StringTable {
  readonly #blocks: Buffer[] = [];
  #offsets = new Float64Array(4096);
  #used = BLOCK_BYTES;
  #count = 0;
  #total = 0;
  readonly #limitBytes: number;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get size(): number {
    return this.#count;
  }

  /** @throws LedgerError XLSX_TOO_LARGE */
  push(text: string): void {
    const length = Buffer.byteLength(text);
    this.#total += length + 8;
    if (this.#total > this.#limitBytes) throw fileError('XLSX_TOO_LARGE', { part: 'sharedStrings.xml' });
    if (this.#used + length > (this.#blocks.at(-1)?.length ?? 0)) {
      this.#blocks.push(Buffer.allocUnsafe(Math.max(BLOCK_BYTES, length)));
      this.#used = 0;
    }
    if (this.#count === this.#offsets.length) {
      const larger = new Float64Array(this.#offsets.length * 2);
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
    const block = this.#blocks.length - 1;
    this.#blocks[block]?.write(text, this.#used);
    // Block, position and length in one number: below 2^53.
    this.#offsets[this.#count++] = (block * BLOCK_BYTES * 2 + this.#used) * 2 ** 20 + length;
    this.#used += length;
  }

  get(index: number): string | undefined {
    if (!Number.isInteger(index) || index < 0 || index >= this.#count) return undefined;
    const packed = this.#offsets[index] ?? 0;
    const length = packed % 2 ** 20;
    const place = (packed - length) / 2 ** 20;
    const start = place % (BLOCK_BYTES * 2);
    return this.#blocks[(place - start) / (BLOCK_BYTES * 2)]?.toString('utf8', start, start + length);
  }
}
