import {
  BINDING_END_TYPES,
  BINDING_TYPES,
  bindingCommitOf,
  bindingDigest,
  bindingEndDigest,
  CASE_ACTIONS,
  CASE_STATES,
  CASE_TRANSITIONS,
  CASE_TYPES,
  caseStateAfter,
  CONSENT_REVOCATION_TYPES,
  CONSENT_TYPES,
  consentIdOf,
  consentRevocationDigest,
  DISMISSAL,
  DISMISSAL_NAMES,
  dismissalAllowed,
  dismissalName,
  type Hex,
  isCaseOpen,
  isLedgerError,
  ledgerDomain,
  PLEDGE_KIND,
  PLEDGE_KIND_NAMES,
  PLEDGE_TYPES,
  PLEDGE_WITHDRAWAL_TYPES,
  pledgeDigest,
  pledgeWithdrawalDigest,
  wordHex,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { AbiCoder, keccak256, TypedDataEncoder, type TypedDataField } from 'ethers';
import fc from 'fast-check';
import { encodeAbiParameters, hashTypedData, keccak256 as viemKeccak256 } from 'viem';
import { company } from './support/companies.ts';

const word = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }).map(wordHex);
const number256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
const number64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const number32 = fc.nat(2 ** 32 - 1);
const address = fc
  .bigInt({ min: 0n, max: 2n ** 160n - 1n })
  .map((value): Hex => `0x${value.toString(16).padStart(40, '0')}`);
const domain = fc
  .record({ chainId: fc.bigInt({ min: 1n, max: 2n ** 40n }), contract: address })
  .map(({ chainId, contract }) => ledgerDomain(chainId, contract));

type Domain = ReturnType<typeof ledgerDomain>;
type Types = Record<string, readonly TypedDataField[]>;

/** What two libraries that know nothing of this project make of the same message. */
function others(domain: Domain, types: Types, message: Record<string, unknown>): readonly string[] {
  const [primaryType] = Object.keys(types);
  if (primaryType === undefined) throw new Error('no type');
  const mutable = Object.fromEntries(Object.entries(types).map(([name, fields]) => [name, [...fields]]));
  return [
    TypedDataEncoder.hash(domain, mutable, message),
    hashTypedData({ domain, types: mutable, primaryType, message }),
  ];
}

describe('what subjects and pledgers sign', () => {
  it('a binding’s commitment is the keccak of abi.encode, as ethers and viem write it', () => {
    const types = ['string', 'string', 'bytes32'];
    fc.assert(
      fc.property(fc.nat(9_999_999), word, (number, salt) => {
        const uscc = company(number);
        const values = ['credit-ledger/binding', uscc, salt] as const;
        const commit = bindingCommitOf(uscc, salt);
        expect(commit).to.equal(keccak256(AbiCoder.defaultAbiCoder().encode(types, values)));
        expect(commit).to.equal(
          viemKeccak256(
            encodeAbiParameters(
              types.map((type) => ({ type })),
              values,
            ),
          ),
        );
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it('another salt or another company is another commitment', () => {
    const commits = [company(1), company(2)].flatMap((uscc) =>
      [1n, 2n, 2n ** 255n].map((salt) => bindingCommitOf(uscc, wordHex(salt))),
    );
    expect(new Set(commits).size).to.equal(6);
  });

  it('a salt of more than 32 bytes is refused', () => {
    let code = 'nothing was refused';
    try {
      bindingCommitOf(company(1), `0x1${'0'.repeat(64)}`);
    } catch (error) {
      if (!isLedgerError(error)) throw error;
      code = error.code;
    }
    expect(code).to.equal('WORD_OUT_OF_RANGE');
  });

  it('every digest is what ethers and viem have a key sign', () => {
    const terms = fc.record({
      bindingId: number256,
      applicationId: word,
      registerId: number256,
      requester: number256,
      validFrom: number64,
      validUntil: number64,
      maxUses: number32,
      salt: word,
    });
    const pledge = fc.record({
      association: number256,
      kind: fc.constantFrom(PLEDGE_KIND.comprehensive, PLEDGE_KIND.productQuality),
      documentHash: word,
      scopeHash: word,
      publicUntil: number32,
    });
    fc.assert(
      fc.property(domain, number256, word, terms, pledge, (at, number, hash, consent, pledged) => {
        const cases: readonly [Hex, Types, Record<string, unknown>][] = [
          [bindingDigest(at, number, hash), BINDING_TYPES, { voucher: number, bindingCommit: hash }],
          [bindingEndDigest(at, number), BINDING_END_TYPES, { bindingId: number }],
          [consentIdOf(at, consent), CONSENT_TYPES, consent],
          [consentRevocationDigest(at, hash), CONSENT_REVOCATION_TYPES, { consentId: hash }],
          [pledgeDigest(at, pledged), PLEDGE_TYPES, pledged],
          [pledgeWithdrawalDigest(at, number), PLEDGE_WITHDRAWAL_TYPES, { pledgeId: number }],
        ];
        for (const [digest, types, message] of cases) {
          expect(others(at, types, message)).to.deep.equal([digest, digest], Object.keys(types).join());
        }
      }),
      { numRuns: 50, seed: 2 },
    );
  });

  it('every kind of pledge has a name in both languages', () => {
    expect(Object.keys(PLEDGE_KIND_NAMES)).to.deep.equal(Object.keys(PLEDGE_KIND));
    for (const { en, zh } of Object.values(PLEDGE_KIND_NAMES)) {
      expect(en).to.match(/^[ -~]+$/);
      expect(zh).to.match(/[\u4e00-\u9fff]/);
    }
  });
});

describe('the table of a case’s steps', () => {
  const types = CASE_TYPES.filter((type) => type !== 'none');

  it('names each step once, and every action and state is used', () => {
    const steps = CASE_TRANSITIONS.map((step) => [step.caseType, step.action, step.from, step.by].join());
    expect(new Set(steps).size).to.equal(steps.length);
    expect(new Set(CASE_TRANSITIONS.map((step) => step.action))).to.deep.equal(new Set(CASE_ACTIONS));
    expect(new Set(CASE_TRANSITIONS.flatMap((step) => [step.from, step.to]))).to.deep.equal(
      new Set(CASE_STATES),
    );
  });

  it('an open case can always be ended, and a closed one never moves again', () => {
    for (const caseType of types) {
      for (const state of CASE_STATES) {
        const moves = CASE_TRANSITIONS.filter((step) => step.caseType === caseType && step.from === state);
        const reached = CASE_TRANSITIONS.some((step) => step.caseType === caseType && step.to === state);
        if (!reached) continue;
        expect(moves.length > 0, `${caseType} ${state}`).to.equal(isCaseOpen(state));
        if (isCaseOpen(state)) {
          expect(moves.some((step) => step.by === 'source' && step.to !== state)).to.equal(true);
        }
      }
    }
  });

  it('a superior decides repairs and never disputes', () => {
    const steps = CASE_TRANSITIONS.filter((step) => step.by === 'superior');
    expect(steps.map((step) => [step.caseType, step.action, step.from, step.to])).to.have.deep.members([
      ['repair', 'deny', 'received', 'denied'],
      ['repair', 'grant', 'received', 'granted'],
    ]);
  });

  it('says where a step leads', () => {
    expect(caseStateAfter('repair', 'grant', 'received', 'source')).to.equal('carried-out');
    expect(caseStateAfter('repair', 'grant', 'received', 'superior')).to.equal('granted');
    expect(caseStateAfter('repair', 'grant', 'filed', 'source')).to.equal(undefined);
    expect(caseStateAfter('dispute', 'grant', 'received', 'source')).to.equal(undefined);
    expect(caseStateAfter('dispute', 'withdraw', 'filed', 'source')).to.equal(undefined);
  });

  it('every dismissal has a name in both languages, and three are for repairs only', () => {
    expect(Object.keys(DISMISSAL_NAMES)).to.deep.equal(Object.keys(DISMISSAL));
    for (const { en, zh } of Object.values(DISMISSAL_NAMES)) {
      expect(en).to.match(/^[ -~]+\.$/);
      expect(zh).to.match(/[\u4e00-\u9fff]。$/);
    }
    const allowed = types.map((type) =>
      [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1.5, NaN].filter((code) => dismissalAllowed(type, code)),
    );
    expect(allowed).to.deep.equal([
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4, 5, 6, 7, 8],
    ]);
    expect([0, 1, 8, 9].map((code) => dismissalName(code))).to.deep.equal([
      undefined,
      'ENTRY_UNKNOWN',
      'CONDITIONS_NOT_MET',
      undefined,
    ]);
  });
});
