/** 32 bytes, big-endian, of an unsigned integer: how words of the chain are stored. */
export function wordBytes(value: bigint): Uint8Array {
  const digits = value.toString(16);
  if (value < 0n || digits.length > 64) throw new RangeError('the value does not fit 32 bytes');
  return Buffer.from(digits.padStart(64, '0'), 'hex');
}

/** The inverse of wordBytes, for any number of bytes. */
export function wordOf(bytes: Uint8Array): bigint {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return hex === '' ? 0n : BigInt(`0x${hex}`);
}

/** Bytes as 0x and lower-case hexadecimal. */
export function hexOf(bytes: Uint8Array): `0x${string}` {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`;
}

/** The inverse of hexOf. */
export function bytesOf(hex: string): Uint8Array {
  if (!/^0x([0-9a-f]{2})*$/i.test(hex)) throw new RangeError('not hexadecimal with 0x');
  return Buffer.from(hex.slice(2), 'hex');
}
