import {
  bindingCommitOf,
  type Hex,
  ledgerDomain,
  randomSalt256,
  saltedHash,
  STATEMENT_REVOCATION_TYPES,
  STATEMENT_TYPES,
  type StatementDocument,
  TRUTH_PROMISE,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { bringForward, OpeningsJournal } from '../../node/src/registers/index.ts';
import { EntryStore } from '../../node/src/store/index.ts';
import { RecordStore } from '../../node/src/store/records.ts';
import { SubjectStore } from '../../node/src/store/subjects.ts';
import { type SignedStatement, Statements } from '../../node/src/subjects/index.ts';
import { codeOf } from '../support/codes.ts';
import { FakeLedger, FakeTransactions, word } from '../exchange/support/fake-ledger.ts';
import { COMPANY, OTHER_COMPANY, type RegisterWorld, registerWorld } from '../registers/support/world.ts';
import { TestSubject } from './support/subject.ts';
import type { Uscc } from '@credit-ledger/sdk/protocol';
import { hexToBytes } from 'viem';

const OWN = 1n;
const BINDING = 4n;

describe('What subjects say of themselves', function () {
  this.timeout(60_000);
  let world: RegisterWorld;
  let ledger: FakeLedger;
  let company: TestSubject;
  let other: TestSubject;
  let statements: Statements;

  beforeEach(async () => {
    world = await registerWorld();
    await world.service.open(86_400);
    await world.settle();
    ledger = new FakeLedger();
    const domain = ledgerDomain(ledger.domain.chainId, ledger.contracts.consents);
    company = new TestSubject(COMPANY as Uscc, domain);
    other = new TestSubject(OTHER_COMPANY as Uscc, domain);
    bind(company, BINDING);
    bind(other, BINDING + 1n);
    statements = new Statements({
      db: world.db,
      facts: ledger,
      transactions: new FakeTransactions(ledger),
      clock: world.clock,
      memberId: OWN,
      simulate: () => Promise.resolve(undefined),
      registers: world.service,
    });
  });
  afterEach(() => world.dispose());

  function bind(subject: TestSubject, bindingId: bigint): void {
    ledger.bindings.set(bindingId, {
      subject: subject.address,
      voucher: OWN,
      bindingCommit: subject.bindingCommit,
      boundAt: 0n,
      endedAt: 0n,
    });
  }

  function documentOf(change: Partial<StatementDocument> = {}): StatementDocument {
    return {
      format: 'credit-statement/1',
      kind: 46,
      uscc: COMPANY,
      subjectName: '北京示例有限公司',
      title: '质量管理体系认证证书',
      contents: '证书编号 SAMPLE-2026-001',
      day: '2026-01-05',
      until: '2028-01-04',
      publicityAsked: true,
      promise: TRUTH_PROMISE,
      salt: randomSalt256(),
      ...change,
    };
  }

  async function signed(
    document = documentOf(),
    by = company,
    bindingId = BINDING,
  ): Promise<SignedStatement & { salt: Hex }> {
    const signature = await by.account.signTypedData({
      domain: by.domain,
      types: STATEMENT_TYPES,
      primaryType: 'Statement',
      message: { bindingId, documentHash: saltedHash(document) },
    });
    return { bindingId, document, signature, salt: by.salt };
  }

  const revocation = (documentHash: Hex, by = company, bindingId = BINDING): Promise<Hex> =>
    by.account.signTypedData({
      domain: by.domain,
      types: STATEMENT_REVOCATION_TYPES,
      primaryType: 'StatementRevocation',
      message: { bindingId, documentHash },
    });

  it('are records of their own kind and origin, whose entry holds origin, hash and signature', async () => {
    const statement = await signed();
    const made = await statements.register(statement);
    expect(made).to.deep.include({ document: statement.document, revoked: false });
    const record = await new RecordStore(world.db).byId(made.recordId);
    expect(record).to.include({ origin: 'self-declared', class: 3, kind: 46, uscc: COMPANY, severity: 0 });
    const [entry] = await new EntryStore(world.db).ofRecord(made.recordId);
    const fields = new Map(entry?.salts.map(({ name, value }) => [name, value]));
    expect(fields.get('origin')).to.equal('self-declared');
    expect(fields.get('statementHash')).to.equal(saltedHash(statement.document));
    expect(fields.get('statementSignature')).to.equal(statement.signature);
    expect(fields.get('promise')).to.equal(TRUTH_PROMISE);
    const whole = JSON.parse(fields.get('statement') ?? '') as StatementDocument;
    expect(saltedHash(whole)).to.equal(made.documentHash);
  });

  it('are one when relayed twice, also at the same moment, and are listed with their promise', async () => {
    const statement = await signed();
    const both = await Promise.all([statements.register(statement), statements.register(statement)]);
    expect(both[0].recordId).to.equal(both[1].recordId);
    expect((await statements.register(statement)).recordId).to.equal(both[0].recordId);
    const listed = await statements.list(COMPANY);
    expect(listed.map(({ document }) => document.promise)).to.deep.equal([TRUTH_PROMISE]);
    expect(await statements.list(OTHER_COMPANY)).to.deep.equal([]);
  });

  it('need no salt where the node knows the binding', async () => {
    const { salt: _, ...without } = await signed();
    expect(await codeOf(statements.register(without))).to.equal('STATEMENT_OTHER_SUBJECT');
    await new SubjectStore(world.db).keepBinding(
      {
        voucher: OWN,
        bindingCommit: hexToBytes(bindingCommitOf(company.uscc, company.salt)),
        subject: company.address,
        uscc: company.uscc,
        salt: hexToBytes(company.salt),
        outboxId: null,
        addedBy: 'officer',
      },
      world.clock.now(),
    );
    expect((await statements.register(without)).revoked).to.equal(false);
  });

  const refusals: [string, string, () => Promise<SignedStatement>][] = [
    [
      'about another company, signed by its key',
      'STATEMENT_OTHER_SUBJECT',
      () => signed(documentOf(), other, BINDING + 1n),
    ],
    [
      'signed by another key',
      'STATEMENT_WRONG_SIGNER',
      async () => ({ ...(await signed(documentOf(), other)), salt: company.salt }),
    ],
    [
      'altered after signing',
      'STATEMENT_WRONG_SIGNER',
      async () => ({ ...(await signed()), document: documentOf({ contents: '另一证书' }) }),
    ],
    ['of a binding that there is not', 'BINDING_UNKNOWN', () => signed(documentOf(), company, 99n)],
    [
      'with another salt of the binding',
      'STATEMENT_OTHER_SUBJECT',
      async () => ({ ...(await signed()), salt: word(5) }),
    ],
    ['of an agency’s kind', 'STATEMENT_KIND', () => signed(documentOf({ kind: 41 as never }))],
    [
      'without the promise of truth',
      'STATEMENT_PROMISE_MISSING',
      () => signed(documentOf({ promise: '可能属实' })),
    ],
    ['of a coming day', 'STATEMENT_DAYS', () => signed(documentOf({ day: '2999-01-01', until: null }))],
    ['that ends before it begins', 'STATEMENT_DAYS', () => signed(documentOf({ until: '2026-01-04' }))],
    [
      'under a code in another spelling',
      'STATEMENT_OTHER_SUBJECT',
      () => signed(documentOf({ uscc: COMPANY.replace('9', '９') })),
    ],
  ];
  for (const [title, code, make] of refusals) {
    it(`are refused when ${title} (${code}), and leave nothing`, async () => {
      expect(await codeOf(statements.register(await make()))).to.equal(code);
      expect(await new RecordStore(world.db).count()).to.equal(0);
    });
  }

  it('are refused unsalted, and by a key whose binding has ended', async () => {
    const document = documentOf({ salt: '0'.repeat(64) });
    const unsalted = {
      bindingId: BINDING,
      document,
      signature: `0x${'1'.repeat(130)}` as Hex,
      salt: company.salt,
    };
    expect(await codeOf(statements.register(unsalted))).to.equal('DOCUMENT_NOT_SALTED');
    const binding = ledger.bindings.get(BINDING);
    if (binding !== undefined) ledger.bindings.set(BINDING, { ...binding, endedAt: 5n });
    expect(await codeOf(statements.register(await signed()))).to.equal('BINDING_ENDED');
  });

  it('are withdrawn by their subject alone, once, with whichever of its keys is bound now', async () => {
    const { documentHash, recordId } = await statements.register(await signed());
    const attempt = (by: TestSubject, bindingId: bigint, signature: Hex) =>
      statements.revoke(documentHash, { bindingId, signature, salt: by.salt });
    expect(
      await codeOf(attempt(other, BINDING + 1n, await revocation(documentHash, other, BINDING + 1n))),
    ).to.equal('STATEMENT_OTHER_SUBJECT');
    expect(await codeOf(attempt(company, BINDING, await revocation(documentHash, other)))).to.equal(
      'STATEMENT_WRONG_SIGNER',
    );
    expect(await codeOf(statements.revoke(word(3), { bindingId: BINDING, signature: '0x' }))).to.equal(
      'STATEMENT_UNKNOWN',
    );
    const next = new TestSubject(company.uscc, company.domain);
    bind(next, 9n);
    const done = await attempt(next, 9n, await revocation(documentHash, next, 9n));
    expect(done).to.include({ status: 'done', recordId });
    expect((await statements.list(COMPANY))[0]?.revoked).to.equal(true);
    expect(await codeOf(attempt(company, BINDING, await revocation(documentHash)))).to.equal(
      'OPERATION_ALREADY_REVOKED',
    );
  });

  it('are not the agency’s to correct or to repair, and can be disputed', async () => {
    const { recordId } = await statements.register(await signed());
    const operation = { recordId, day: '2026-02-01', reason: '更正' };
    for (const op of ['correct', 'repair'] as const) {
      expect(await codeOf(world.service.operate({ op, ...operation }))).to.equal('OPERATION_SELF_DECLARED');
    }
    expect((await world.service.operate({ op: 'dispute', ...operation })).status).to.equal('done');
  });

  it('cannot be made by another room as an agency’s record, nor an agency’s kind as a statement', async () => {
    for (const record of [
      { class: 3, kind: 46, origin: 'agency' },
      { class: 1, kind: 46, origin: 'self-declared' },
      { class: 3, kind: 40, origin: 'self-declared' },
    ] as const) {
      expect(await codeOf(world.record(record))).to.equal('RECORD_ORIGIN_WRONG');
    }
  });

  it('keep their origin when a lost database is restored from the journal', async () => {
    const { recordId } = await statements.register(await signed());
    await world.record({});
    await world.service.anchorNow();
    await world.settle();
    await world.db.exec('TRUNCATE own_registers, own_batches, entries, records RESTART IDENTITY CASCADE');
    const journal = new OpeningsJournal(world.journalPath, world.journalKey);
    await world.db.transaction((tx) => bringForward(tx, journal, world.keyring as never, world.clock));
    const records = await new RecordStore(world.db).list();
    expect(records.map(({ id, origin }) => [id === recordId, origin])).to.deep.equal([
      [true, 'self-declared'],
      [false, 'agency'],
    ]);
    expect((await statements.list(COMPANY)).map(({ revoked }) => revoked)).to.deep.equal([false]);
  });
});
