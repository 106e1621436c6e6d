import { LETTER_TYPES } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { hashTypedData } from 'viem';
import { readDocument, typedDataOf } from '../../node/src/cli/subject-documents.ts';
import { digestOf, isSignedBy, typedDocument } from '../../node/src/letters/signatures.ts';
import { oneTimeKey, sign } from './support/world.ts';

const LEDGER = { chainId: 31_337, contract: `0x${'c3'.repeat(20)}` } as const;
const WORD = `0x${'5a'.repeat(32)}`;
const typed = typedDocument(LEDGER, LETTER_TYPES, {
  letterId: 2n ** 200n,
  authority: 1n,
  itemId: WORD,
  itemVersion: 3,
  templateId: WORD,
  subjectTag: WORD,
  applicant: `0x${'a1'.repeat(20)}`,
  documentHash: WORD,
  publicScopeHash: WORD,
  publicUntil: 20_000,
  drawId: 0n,
});

describe('What an applicant signs', () => {
  it('is plain JSON that the command line for subjects signs, with the digest that the contract checks', () => {
    const read = readDocument(JSON.stringify(typed));
    expect(hashTypedData(typedDataOf(read))).to.equal(digestOf(typed));
  });

  it('is signed by one key in one spelling', async () => {
    const account = oneTimeKey();
    const signature = await sign(account, typed);
    expect(isSignedBy(typed, signature, account.address)).to.equal(true);
    expect(isSignedBy(digestOf(typed), signature, account.address)).to.equal(true);
    expect(isSignedBy(typed, signature, oneTimeKey().address)).to.equal(false);
    const other = { ...typed, message: { ...typed.message, itemVersion: 4 } };
    expect(isSignedBy(other, signature, account.address)).to.equal(false);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const [r, s] = [signature.slice(2, 66), BigInt(`0x${signature.slice(66, 130)}`)];
    const flipped = signature.endsWith('1b') ? '1c' : '1b';
    const high = `0x${r}${(order - s).toString(16).padStart(64, '0')}${flipped}` as const;
    for (const spelled of [
      high,
      `${signature.slice(0, 130)}00`,
      signature.slice(0, 130),
      '0x',
      signature.toUpperCase(),
    ]) {
      expect(isSignedBy(typed, spelled as `0x${string}`, account.address), spelled).to.equal(false);
    }
  });
});
