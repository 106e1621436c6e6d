import { expect } from 'chai';
import { bytesToHex } from 'viem';
import { type BindingRequest, Bindings } from '../../node/src/subjects/index.ts';
import { OTHER_SUBJECT } from '../answers/support/claims.ts';
import { codeOf } from '../support/codes.ts';
import { memoryDatabase, type TestDatabase } from '../support/database.ts';
import { word } from '../exchange/support/fake-ledger.ts';
import { BINDING_ID, Desk, OWN } from './support/desk.ts';
import { TestSubject } from './support/subject.ts';

describe('Binding a subject’s key', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let desk: Desk;
  let bindings: Bindings;
  before(async () => {
    database = await memoryDatabase();
  });
  after(() => database.dispose());
  beforeEach(async () => {
    desk = await Desk.make(database.db);
    bindings = new Bindings(desk.parts);
  });

  const request = async (subject = desk.subject) => ({
    uscc: subject.uscc,
    subject: subject.address,
    salt: subject.salt,
    signature: await subject.binding(OWN),
  });

  it('keeps the code and the salt here, and sends a commitment in which neither can be found', async () => {
    const { bindingCommit } = await bindings.bind(await request(), 'officer');
    expect(bindingCommit).to.equal(desk.subject.bindingCommit);
    const [sent] = desk.transactions.sent;
    expect(sent?.to).to.equal(desk.ledger.contracts.consents);
    expect(sent?.data).to.include(bindingCommit.slice(2));
    expect(sent?.data).not.to.include(Buffer.from(desk.subject.uscc).toString('hex'));
    expect(sent?.data).not.to.include(desk.subject.salt.slice(2));
    const [kept] = await desk.db.query<{ uscc: string; salt: Uint8Array }>('SELECT * FROM subject_bindings');
    expect([kept?.uscc, bytesToHex(kept?.salt ?? new Uint8Array())]).to.deep.equal([
      desk.subject.uscc,
      desk.subject.salt,
    ]);
  });

  it('is one binding when it is asked for twice', async () => {
    const once = await bindings.bind(await request(), 'officer');
    expect(await bindings.bind(await request(), 'another officer')).to.deep.equal(once);
    expect(desk.transactions.sent).to.have.length(1);
  });

  it('shows how far it has come, and only to who vouched or can open it', async () => {
    await bindings.bind(await request(), 'officer');
    expect((await bindings.list())[0]).to.include({ bindingId: null, sending: 'queued' });
    await desk.bound();
    await desk.bound(new TestSubject(OTHER_SUBJECT, desk.domain), 5n, 2n);
    expect((await bindings.list()).map(({ bindingId }) => bindingId)).to.deep.equal([BINDING_ID]);
    expect(await bindings.list(desk.subject.uscc)).to.have.length(1);
    expect(await bindings.list(OTHER_SUBJECT)).to.have.length(0);
    await desk.event('BindingEnded', { bindingId: BINDING_ID.toString(), bySubject: true });
    expect((await bindings.list())[0]?.endedAt).to.equal(desk.ledger.time);
  });

  const refusals: [string, string, () => Promise<Partial<BindingRequest>>][] = [
    ['a code that is none', 'USCC_LENGTH', async () => ({ uscc: '123' })],
    ['a code with a wrong check character', 'USCC_CHECK', async () => ({ uscc: otherCheck() })],
    [
      'a signature of another key',
      'BINDING_WRONG_SIGNER',
      async () => ({
        signature: await new TestSubject(desk.subject.uscc, desk.domain).binding(
          OWN,
          desk.subject.bindingCommit,
        ),
      }),
    ],
    ['another code than the signed one', 'BINDING_WRONG_SIGNER', async () => ({ uscc: OTHER_SUBJECT })],
    [
      'a signature that another authority was given',
      'BINDING_WRONG_SIGNER',
      async () => ({ signature: await desk.subject.binding(2n) }),
    ],
    ['another salt than the signed one', 'BINDING_WRONG_SIGNER', async () => ({ salt: word(0x1234n) })],
    ['a salt that was never drawn', 'BINDING_SALT_INVALID', async () => ({ salt: word(0) })],
  ];
  for (const [title, code, change] of refusals) {
    it(`refuses ${title} (${code}), and keeps nothing`, async () => {
      expect(await codeOf(bindings.bind({ ...(await request()), ...(await change()) }, 'x'))).to.equal(code);
      expect(desk.transactions.sent).to.have.length(0);
      expect(await bindings.list()).to.have.length(0);
    });
  }
  function otherCheck(): string {
    const { uscc } = desk.subject;
    return `${uscc.slice(0, 17)}${uscc.endsWith('0') ? '1' : '0'}`;
  }

  for (const [error, code] of [
    ['KeyBound', 'BINDING_KEY_BOUND'],
    ['CommitUsed', 'BINDING_COMMIT_USED'],
    ['NotAnAuthority', 'BINDING_NOT_AUTHORITY'],
    ['WrongSubjectSignature', 'BINDING_WRONG_SIGNER'],
    ['MemberNotActive', 'CHAIN_REVERTED'],
  ] as const) {
    it(`says ${code} when the contract would refuse with ${error}, and keeps nothing`, async () => {
      desk.refusal = error;
      expect(await codeOf(bindings.bind(await request(), 'x'))).to.equal(code);
      expect(desk.transactions.sent).to.have.length(0);
    });
  }

  describe('is ended', () => {
    beforeEach(() => desk.bound());

    it('by the voucher, or by the subject’s signature', async () => {
      await bindings.end(BINDING_ID);
      await bindings.end(BINDING_ID, await desk.subject.bindingEnd(BINDING_ID));
      expect(desk.transactions.sent.map(({ kind }) => kind)).to.deep.equal(['end-binding', 'end-binding']);
    });

    it('not by another key, another binding’s signature, or for a binding that there is not', async () => {
      const other = new TestSubject(OTHER_SUBJECT, desk.domain);
      for (const signature of [await other.bindingEnd(BINDING_ID), await desk.subject.bindingEnd(5n)]) {
        expect(await codeOf(bindings.end(BINDING_ID, signature))).to.equal('BINDING_WRONG_SIGNER');
      }
      expect(await codeOf(bindings.end(99n))).to.equal('BINDING_UNKNOWN');
      desk.refusal = 'NotVoucher';
      expect(await codeOf(bindings.end(BINDING_ID))).to.equal('BINDING_NOT_OURS');
      desk.refusal = 'BindingHasEnded';
      expect(await codeOf(bindings.end(BINDING_ID))).to.equal('BINDING_ENDED');
      expect(desk.transactions.sent).to.have.length(0);
    });
  });
});
