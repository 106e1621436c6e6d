let table: Map<string, number> | undefined;

/** Encodes text as GB18030 (its one- and two-byte part, which holds all common Chinese characters). */
export function encodeGb18030(text: string): Buffer {
  table ??= twoByteTable();
  const bytes: number[] = [];
  for (const c of text) {
    const code = c.charCodeAt(0);
    if (code < 0x80) {
      bytes.push(code);
      continue;
    }
    const pair = table.get(c);
    if (pair === undefined)
      throw new RangeError(`no two-byte GB18030 form of U+${c.codePointAt(0)?.toString(16) ?? ''}`);
    bytes.push(pair >> 8, pair & 0xff);
  }
  return Buffer.from(bytes);
}

/** The decoder, read backwards. */
function twoByteTable(): Map<string, number> {
  const decoder = new TextDecoder('gb18030');
  const found = new Map<string, number>();
  for (let lead = 0x81; lead <= 0xfe; lead++) {
    for (let trail = 0x40; trail <= 0xfe; trail++) {
      if (trail === 0x7f) continue;
      const c = decoder.decode(Uint8Array.of(lead, trail));
      if ([...c].length === 1 && c !== '\ufffd' && !found.has(c)) found.set(c, (lead << 8) | trail);
    }
  }
  return found;
}
