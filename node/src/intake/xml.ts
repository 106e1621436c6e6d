import { SaxesParser } from 'saxes';
import { fileError } from './errors.ts';

export interface XmlHandlers {
  open?(name: string, attributes: Readonly<Record<string, string>>): void;
  close?(name: string): void;
  text?(text: string): void;
}

/** More than any cell may hold, entities and all: beyond it a text is an attack on memory. */
const MAX_TOKEN_CHARS = 1024 * 1024;
const MAX_DEPTH = 64;

/**
 * Reads XML in pieces, bounded: no document type (so no entities of its own),
 * no deep nesting, no single text or tag of unbounded length.
 * Names come without their prefix.
 */
export class BoundedXml {
  readonly #parser = new SaxesParser<{ xmlns: false; position: false }>({ xmlns: false, position: false });
  readonly #part: string;
  #sinceToken = 0;
  #depth = 0;

  constructor(part: string, handlers: XmlHandlers) {
    this.#part = part;
    const parser = this.#parser;
    parser.on('error', (error) => {
      throw fileError('XLSX_BROKEN', { reason: `${part} is not well-formed` }, { cause: error });
    });
    parser.on('doctype', () => {
      throw fileError('XLSX_BROKEN', { reason: `${part} declares a document type` });
    });
    parser.on('opentag', (tag) => {
      this.#sinceToken = 0;
      if (++this.#depth > MAX_DEPTH)
        throw fileError('XLSX_BROKEN', { reason: `${part} is nested too deeply` });
      handlers.open?.(localName(tag.name), tag.attributes);
    });
    parser.on('closetag', (tag) => {
      this.#sinceToken = 0;
      this.#depth--;
      handlers.close?.(localName(tag.name));
    });
    const { text } = handlers;
    if (text !== undefined) {
      parser.on('text', text);
      parser.on('cdata', text);
    }
  }

  /** @throws LedgerError XLSX_BROKEN, CELL_TOO_LARGE */
  write(chunk: string): void {
    this.#sinceToken += chunk.length;
    this.#parser.write(chunk);
    if (this.#sinceToken > MAX_TOKEN_CHARS) {
      throw fileError('CELL_TOO_LARGE', { row: '?', limitKiB: MAX_TOKEN_CHARS / 1024, part: this.#part });
    }
  }

  end(): void {
    this.#parser.close();
  }
}

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}
