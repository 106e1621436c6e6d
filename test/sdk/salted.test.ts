import {
  canonicalBytes,
  isLedgerError,
  keccakHex,
  randomSalt256,
  saltedHash,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { keccak256, stringToBytes } from 'viem';

const SALT = '0123456789abcdef'.repeat(4);

function codeOf(document: object): string {
  try {
    saltedHash(document as { salt: string });
  } catch (error) {
    if (isLedgerError(error)) return error.code;
    throw error;
  }
  return 'it was hashed';
}

describe('salted documents', () => {
  it('are named by keccak-256 over their canonical JSON', () => {
    const document = { salt: SALT, 名称: '食品经营许可', b: 1, a: [true, null] };
    const canonical = `{"a":[true,null],"b":1,"salt":"${SALT}","名称":"食品经营许可"}`;
    expect(saltedHash(document)).to.equal(keccak256(stringToBytes(canonical)));
    expect(saltedHash(document)).to.equal(keccakHex(canonicalBytes(document)));
  });

  it('have one hash, in whatever order their members come', () => {
    expect(saltedHash({ salt: SALT, a: 1, b: 2 } as { salt: string })).to.equal(
      saltedHash({ b: 2, a: 1, salt: SALT } as { salt: string }),
    );
  });

  it('differ in their hash when only the salt differs, so that equal texts do not show', () => {
    const hash = (): string => saltedHash({ salt: randomSalt256(), text: 'same' } as { salt: string });
    expect(hash()).to.not.equal(hash());
  });

  for (const [what, document] of Object.entries({
    'has none': {},
    'has 128 bits only': { salt: SALT.slice(32) },
    'is in capitals': { salt: SALT.toUpperCase() },
    'has a prefix': { salt: `0x${SALT}` },
    'is a number': { salt: 5 },
    'is all zeros': { salt: '0'.repeat(64) },
    'is another placeholder': { salt: 'f'.repeat(64) },
  })) {
    it(`are not hashed when the salt ${what}`, () => {
      expect(codeOf({ text: 'a', ...document })).to.equal('DOCUMENT_NOT_SALTED');
    });
  }

  it('are not hashed when the salt is inherited, since it would not be in the bytes', () => {
    expect(codeOf(Object.create({ salt: SALT }) as object)).to.equal('DOCUMENT_NOT_SALTED');
  });

  it('are not hashed when JSON cannot say them', () => {
    expect(codeOf({ salt: SALT, when: undefined })).to.equal('JSON_NOT_CANONICAL');
    expect(codeOf({ salt: SALT, amount: 1n })).to.equal('JSON_NOT_CANONICAL');
  });

  it('get salts of 256 bits that do not come twice', () => {
    const salts = Array.from({ length: 50 }, randomSalt256);
    expect(new Set(salts).size).to.equal(50);
    for (const salt of salts) expect(salt).to.match(/^[0-9a-f]{64}$/);
  });
});
