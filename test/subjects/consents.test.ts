import type { ConsentTerms, Hex } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { Bindings, Consents } from '../../node/src/subjects/index.ts';
import { OTHER_SUBJECT } from '../answers/support/claims.ts';
import { codeOf } from '../support/codes.ts';
import { memoryDatabase, type TestDatabase } from '../support/database.ts';
import { word } from '../exchange/support/fake-ledger.ts';
import { APPLICATION_ID, REGISTER_ID } from '../exchange/support/questions.ts';
import { BINDING_ID, Desk, OWN } from './support/desk.ts';
import { TestSubject } from './support/subject.ts';

describe('Relaying consents', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let desk: Desk;
  let consents: Consents;
  let terms: ConsentTerms;
  before(async () => {
    database = await memoryDatabase();
  });
  after(() => database.dispose());
  beforeEach(async () => {
    desk = await Desk.make(database.db);
    consents = new Consents(desk.parts);
    await desk.bound();
    terms = {
      bindingId: BINDING_ID,
      applicationId: APPLICATION_ID,
      registerId: REGISTER_ID,
      requester: OWN,
      validFrom: desk.ledger.time - 60n,
      validUntil: desk.ledger.time + 3_600n,
      maxUses: 2,
      salt: word(0xc0ffeen),
    };
  });

  /** As the chain has a consent that was given. */
  async function given(change: Partial<ConsentTerms> = {}): Promise<Hex> {
    const input = { ...terms, ...change };
    const consentId = desk.subject.consentId(input);
    desk.ledger.consentsGiven.set(consentId, { ...input, uses: 0, revokedAt: 0n });
    await desk.event('ConsentGiven', {
      consentId,
      bindingId: input.bindingId.toString(),
      input: Object.fromEntries(Object.entries(input).map(([name, value]) => [name, String(value)])),
    });
    return consentId;
  }

  it('sends what the subject signed, under the id that it signed', async () => {
    const signature = await desk.subject.consent(terms);
    const { consentId } = await consents.give(terms, signature, undefined, 'officer');
    expect(consentId).to.equal(desk.subject.consentId(terms));
    expect(desk.transactions.sent.map(({ kind, to }) => [kind, to])).to.deep.equal([
      ['give-consent', desk.ledger.contracts.consents],
    ]);
  });

  it('keeps an opening that opens the binding, and refuses one that does not', async () => {
    const signature = await desk.subject.consent(terms);
    const { uscc, salt } = desk.subject;
    for (const opening of [
      { uscc, salt: word(5) },
      { uscc: OTHER_SUBJECT, salt },
    ]) {
      expect(await codeOf(consents.give(terms, signature, opening, 'x'))).to.equal('CONSENT_OTHER_SUBJECT');
    }
    expect(desk.transactions.sent).to.have.length(0);
    await consents.give(terms, signature, { uscc, salt }, 'officer');
    const [known] = await new Bindings(desk.parts).list(uscc);
    expect(known?.bindingId).to.equal(BINDING_ID);
  });

  const refusals: [string, string, () => Promise<[ConsentTerms, Hex]>][] = [
    [
      'another signer',
      'CONSENT_WRONG_SIGNER',
      async () => [terms, await new TestSubject(OTHER_SUBJECT, desk.domain).consent(terms)],
    ],
    [
      'terms that were altered after signing',
      'CONSENT_WRONG_SIGNER',
      async () => [{ ...terms, maxUses: 3 }, await desk.subject.consent(terms)],
    ],
    [
      'one that has expired',
      'CONSENT_EXPIRED',
      async () => {
        const late = { ...terms, validUntil: desk.ledger.time - 1n };
        return [late, await desk.subject.consent(late)];
      },
    ],
    [
      'a binding that there is not',
      'BINDING_UNKNOWN',
      async () => {
        const nowhere = { ...terms, bindingId: 99n };
        return [nowhere, await desk.subject.consent(nowhere)];
      },
    ],
  ];
  for (const [title, code, make] of refusals) {
    it(`refuses ${title} (${code})`, async () => {
      const [changed, signature] = await make();
      expect(await codeOf(consents.give(changed, signature, undefined, 'x'))).to.equal(code);
      expect(desk.transactions.sent).to.have.length(0);
    });
  }

  for (const [error, code] of [
    ['ConsentKnown', 'CONSENT_KNOWN'],
    ['ConsentIsRevoked', 'CONSENT_REVOKED'],
    ['InvalidConsent', 'CONSENT_INVALID'],
    ['BindingHasEnded', 'BINDING_ENDED'],
    ['WrongSubjectSignature', 'CONSENT_WRONG_SIGNER'],
  ] as const) {
    it(`says ${code} when the contract would refuse with ${error}`, async () => {
      desk.refusal = error;
      const signature = await desk.subject.consent(terms);
      expect(await codeOf(consents.give(terms, signature, undefined, 'x'))).to.equal(code);
      expect(desk.transactions.sent).to.have.length(0);
    });
  }

  it('revokes by the subject’s signature alone, also a consent that was not given yet', async () => {
    const consentId = await given();
    const other = new TestSubject(OTHER_SUBJECT, desk.domain);
    expect(await codeOf(consents.revoke(consentId, await other.revocation(consentId)))).to.equal(
      'CONSENT_WRONG_SIGNER',
    );
    expect(desk.transactions.sent).to.have.length(0);
    await consents.revoke(consentId, await desk.subject.revocation(consentId));
    await consents.revoke(word(9), await desk.subject.revocation(word(9)));
    expect(desk.transactions.sent.map(({ kind }) => kind)).to.deep.equal([
      'revoke-consent',
      'revoke-consent',
    ]);
    desk.refusal = 'UnknownConsent';
    expect(await codeOf(consents.revoke(word(8), await other.revocation(word(8))))).to.equal(
      'CONSENT_UNKNOWN',
    );
  });

  it('lists consents with their uses and the state that they have now', async () => {
    const states = async (): Promise<string[]> => (await consents.list(10)).map(({ state }) => state);
    const first = await given();
    expect(await states()).to.deep.equal(['valid']);
    await given({ salt: word(2), validFrom: desk.ledger.time + 600n });
    await given({ salt: word(3), validUntil: desk.ledger.time - 1n });
    expect(await states()).to.deep.equal(['expired', 'not-yet-valid', 'valid']);
    await desk.event('ConsentUsed', { consentId: first, uses: '1' });
    expect((await consents.get(first))?.uses).to.equal(1);
    await desk.event('ConsentUsed', { consentId: first, uses: '2' });
    expect((await consents.get(first))?.state).to.equal('exhausted');
    // Somebody else's word about an id that he foresaw: the contract keeps it, and it is nobody's consent.
    await desk.event('ConsentRevoked', { consentId: first, bindingId: (BINDING_ID + 1n).toString() });
    expect((await consents.get(first))?.state).to.equal('exhausted');
    await desk.event('ConsentRevoked', { consentId: first, bindingId: BINDING_ID.toString() });
    expect((await consents.get(first))?.state).to.equal('revoked');
    await desk.event('BindingEnded', { bindingId: BINDING_ID.toString() });
    expect(await states()).to.deep.equal(['binding-ended', 'binding-ended', 'revoked']);
  });

  it('shows only consents that concern this member', async () => {
    await given();
    const stranger = new Consents({ ...desk.parts, memberId: 3n });
    expect(await stranger.list(10)).to.have.length(0);
    await desk.db.query(
      `INSERT INTO own_registers (key_id, register_id, secret_commit, promise_seconds, created_at)
       VALUES ('k', $1, '\\x00', 60, now())`,
      [REGISTER_ID],
    );
    expect(await stranger.list(10)).to.have.length(1);
  });
});
