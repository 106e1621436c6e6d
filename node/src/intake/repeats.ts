import { hash } from 'node:crypto';

/** Words of 32 bits a slot: 4 of the document's hash, 4 of the content's, 2 of the subject's, 1 row. */
const WORDS = 11;
const ROW = 10;
const FIRST_SLOTS = 1024;

/** What a file said earlier about a document. */
export interface Earlier {
  readonly row: number;
  readonly isSameContent: boolean;
  readonly isSameSubject: boolean;
}

/**
 * The documents of a file so far, to tell repeats: some 60 to 120 bytes for each,
 * outside of the heap, so that a file of a million rows stays small. Hashes of
 * 128 bits stand for documents and contents.
 */
export class DocumentsSeen {
  #slots = FIRST_SLOTS;
  #count = 0;
  #words = new Uint32Array(FIRST_SLOTS * WORDS);

  /** What was said before about this document, or undefined when it is new, in which case it is remembered. */
  meet(
    document: string,
    content: { readonly contentHash: string; readonly uscc: string; readonly row: number },
  ): Earlier | undefined {
    const key = wordsOf(hash('sha256', document, 'hex'), 4);
    const said = wordsOf(content.contentHash.slice(2), 4);
    const subject = wordsOf(hash('sha256', content.uscc, 'hex'), 2);
    const at = this.#place(key);
    const found = this.#words.subarray(at, at + WORDS);
    if (found[ROW] !== 0) {
      return {
        row: found[ROW] ?? 0,
        isSameContent: said.every((word, i) => found[4 + i] === word),
        isSameSubject: subject.every((word, i) => found[8 + i] === word),
      };
    }
    found.set([...key, ...said, ...subject, content.row]);
    this.#count++;
    if (this.#count * 4 > this.#slots * 3) this.#grow();
    return undefined;
  }

  /** The slot of a key: its own, or the first free one after where it belongs. Rows count from 1, so 0 is free. */
  #place(key: ArrayLike<number>): number {
    for (let slot = (key[0] ?? 0) % this.#slots; ; slot = (slot + 1) % this.#slots) {
      const at = slot * WORDS;
      if (this.#words[at + ROW] === 0) return at;
      if ([0, 1, 2, 3].every((i) => this.#words[at + i] === key[i])) return at;
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(this.#slots * WORDS);
    for (let at = 0; at < old.length; at += WORDS) {
      const entry = old.subarray(at, at + WORDS);
      if (entry[ROW] !== 0) this.#words.set(entry, this.#place(entry));
    }
  }
}

function wordsOf(hex: string, count: number): number[] {
  return Array.from({ length: count }, (_, i) => parseInt(hex.slice(8 * i, 8 * i + 8), 16));
}
