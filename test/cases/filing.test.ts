import {
  type CaseDocument,
  makeCaseDocument,
  randomSalt256,
  saltedHash,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { hexToBytes } from 'viem';
import { CASE_LIMITS, type CaseWish } from '../../node/src/cases/index.ts';
import { caseMessageTypedData } from '../../node/src/cases/wire.ts';
import { CaseStore } from '../../node/src/store/cases.ts';
import { EntryStore } from '../../node/src/store/index.ts';
import type { StoredRecord } from '../../node/src/store/records.ts';
import { madeUpUscc } from '../answers/support/claims.ts';
import { codeOf } from '../support/codes.ts';
import { rejection } from '../support/wait.ts';
import { casesWorld, type CasesWorld, DOMAIN, FILER, REGISTER, SOURCE, SUPERIOR } from './support/world.ts';

const STRANGER = madeUpUscc('91120000', 'MA0C0009');
const BY = { insist: false, by: 'officer-1' };

describe('Filing a case', function () {
  this.timeout(60_000);
  let world: CasesWorld;
  let record: StoredRecord;

  before(async () => {
    world = await casesWorld();
  });
  after(() => world.dispose());
  beforeEach(async () => {
    world.behaviour.clear();
    record = await world.record();
  });

  const wish = (change: Partial<CaseWish> = {}): CaseWish => ({
    caseType: 'dispute',
    registerId: REGISTER,
    uscc: record.uscc as Uscc,
    record: { documentNumber: record.documentNumber, recordId: null, class: null },
    grounds: '处罚金额与决定书不符',
    conditionsMet: [],
    ...change,
  });
  const named = (documentNumber: string | null, recordId: bigint | null = null): CaseWish['record'] => ({
    documentNumber,
    recordId: recordId?.toString() ?? null,
    class: null,
  });
  const file = (change: Partial<CaseWish> = {}, options = BY) =>
    world.filer.service.filings.file(wish(change), options);
  const fileHere = (change: Partial<CaseWish> = {}, options = BY) =>
    world.source.service.filings.file(wish(change), options);
  const latest = async () => (await world.filer.service.list({ limit: 1_000 })).at(-1);
  const count = async () => (await world.filer.service.list({ limit: 1_000 })).length;
  const opsOf = async (id: bigint) =>
    (await new EntryStore(world.source.db).ofRecord(id)).map(({ op }) => op).join('');
  const rowAtSource = async (documentHash: `0x${string}`) =>
    new CaseStore(world.source.db).byKey({ filedBy: FILER, documentHash: hexToBytes(documentHash) });

  it('by a member goes to the source first, then on chain; the source acknowledges it and flags the entry', async () => {
    const filed = await file();
    expect(filed.delivered).to.equal('accepted');
    await world.settle();
    expect(await latest()).to.deep.include({
      state: 'received',
      filedBy: FILER,
      source: SOURCE,
      caseType: 'dispute',
    });
    expect(await opsOf(record.id)).to.equal('03');
    const row = await rowAtSource(filed.documentHash);
    expect(row).to.deep.include({ recordId: record.id, objection: null, filing: null });
  });

  it('says nothing of the subject on chain, and sends it to the source alone', async () => {
    world.sent.length = 0;
    await file();
    await world.settle();
    const calls = await world.filer.db.query<{ data: Uint8Array }>('SELECT data FROM outbox');
    for (const { data } of calls) {
      expect(Buffer.from(data).includes(Buffer.from(record.uscc))).to.equal(false);
      expect(Buffer.from(data).includes(Buffer.from(record.documentNumber))).to.equal(false);
    }
    expect(world.sent.length).to.be.greaterThan(0);
    expect(world.sent.every(({ to }) => to === SOURCE)).to.equal(true);
  });

  it('at the source’s own node needs nobody else, and may name the record by its number', async () => {
    world.sent.length = 0;
    const filed = await fileHere({ record: named(null, record.id) });
    expect(filed.delivered).to.equal('own');
    await world.settle();
    expect(await latest()).to.deep.include({ state: 'received', filedBy: SOURCE });
    expect(world.sent).to.deep.equal([]);
  });

  it('by the subject is signed with its bound key, and relayed by any member', async () => {
    const bound = world.bind(record.uscc as Uscc);
    const document = await world.filer.service.filings.draft(wish(), bound.bindingId);
    const filing = await world.sign(document, bound);
    const filed = await world.filer.service.filings.fileSigned({ document, filing }, BY);
    await world.settle();
    const row = await rowAtSource(filed.documentHash);
    expect(row?.filing).to.deep.equal(filing);
    expect((await latest())?.state).to.equal('received');
  });

  it('by a member in its own name is marked as its own, whatever it says in the grounds', async () => {
    const filed = await file({ grounds: '受企业委托提出' });
    const row = await rowAtSource(filed.documentHash);
    expect([row?.filing, (row?.document as CaseDocument).bindingId]).to.deep.equal([null, null]);
  });

  describe('is turned away before anything is filed', () => {
    const nothingFiled = async (work: () => Promise<unknown>, code: string) => {
      await world.settle();
      const before = [await count(), (await new CaseStore(world.filer.db).ofFiler(FILER)).length];
      const error = await rejection(work());
      expect(error.code).to.equal(code);
      await world.settle();
      expect([await count(), (await new CaseStore(world.filer.db).ofFiler(FILER)).length]).to.deep.equal(
        before,
      );
      return error;
    };

    it('when the entry is not there, is another subject’s, or was revoked: to other members one answer, to its own officer the exact one', async () => {
      const revoked = await world.record();
      await world.registers.service.operate({
        op: 'revoke',
        recordId: revoked.id,
        day: '2026-06-01',
        reason: 'x',
      });
      const cases: [Partial<CaseWish>, string][] = [
        [{ record: named('京无〔2026〕1号') }, 'CASE_ENTRY_UNKNOWN'],
        [{ uscc: STRANGER }, 'CASE_NOT_THE_SUBJECTS'],
        [{ record: named(revoked.documentNumber) }, 'CASE_ENTRY_REVOKED'],
        [{ record: { ...named(record.documentNumber), class: 2 } }, 'CASE_ENTRY_UNKNOWN'],
      ];
      const told: string[] = [];
      for (const [change, exact] of cases) {
        const error = await nothingFiled(() => file(change), 'CASE_ENTRY_UNKNOWN');
        told.push(JSON.stringify([error.message, error.operands]));
        expect(await codeOf(fileHere(change))).to.equal(exact);
      }
      expect(new Set(told).size).to.equal(1);
    });

    it('when a member names a record by its number alone: numbers could be counted through', () =>
      nothingFiled(() => file({ record: named(null, record.id) }), 'CASE_ENTRY_UNKNOWN'));

    it('when a case of the same party about the entry is open; another party’s is no hindrance', async () => {
      await file();
      await world.settle();
      await nothingFiled(() => file({ grounds: '再次提出' }), 'CASE_ALREADY_OPEN');
      const bound = world.bind(record.uscc as Uscc);
      const document = await world.filer.service.filings.draft(wish(), bound.bindingId);
      await world.filer.service.filings.fileSigned(
        { document, filing: await world.sign(document, bound) },
        BY,
      );
    });

    it('when it is not signed by the key of the binding, or for another binding, subject or document', async () => {
      const bound = world.bind(record.uscc as Uscc);
      const other = world.bind(STRANGER);
      const { filings } = world.filer.service;
      const document = await filings.draft(wish(), bound.bindingId);
      const good = await world.sign(document, bound);
      const attempts: [CaseDocument, typeof good, string][] = [
        [
          document,
          { ...good, signature: (await world.sign(document, other)).signature },
          'CASE_SIGNATURE_WRONG',
        ],
        [document, await world.sign(document, other), 'CASE_SIGNATURE_WRONG'],
        [{ ...document, salt: randomSalt256() }, good, 'CASE_SIGNATURE_WRONG'],
        [document, { ...good, salt: other.salt }, 'CASE_BINDING_WRONG'],
      ];
      const foreign = await filings.draft(wish({ uscc: STRANGER }), bound.bindingId);
      attempts.push([foreign, await world.sign(foreign, bound), 'CASE_BINDING_WRONG']);
      const own = await filings.draft(wish(), null);
      attempts.push([own, good, 'CASE_SIGNATURE_WRONG']);
      for (const [tried, filing, code] of attempts) {
        await nothingFiled(
          () => filings.fileSigned({ document: tried, filing }, { ...BY, insist: true }),
          code,
        );
      }
    });

    it('when the binding has ended', async () => {
      const bound = world.bind(record.uscc as Uscc);
      const document = await world.filer.service.filings.draft(wish(), bound.bindingId);
      const filing = await world.sign(document, bound);
      world.endBinding(bound.bindingId, BigInt(Math.floor(world.clock.now().getTime() / 1000)) - 1n);
      await nothingFiled(
        () => world.filer.service.filings.fileSigned({ document, filing }, BY),
        'CASE_BINDING_ENDED',
      );
    });

    it('when the document was filed before, or names another member as its filer', async () => {
      const bound = world.bind(record.uscc as Uscc);
      const document = await world.filer.service.filings.draft(wish(), bound.bindingId);
      const filing = await world.sign(document, bound);
      await world.filer.service.filings.fileSigned({ document, filing }, BY);
      await nothingFiled(
        () => world.filer.service.filings.fileSigned({ document, filing }, BY),
        'CASE_DOCUMENT_FILED',
      );
      expect(await codeOf(world.superior.service.filings.fileSigned({ document, filing }, BY))).to.equal(
        'CASE_FILED_BY_ANOTHER',
      );
    });

    it('when the register is not there', () =>
      nothingFiled(() => file({ registerId: 99n }), 'CASE_REGISTER_UNKNOWN'));
  });

  describe('reaches the chain all the same', () => {
    it('when the source does not answer, and is delivered when it does', async () => {
      world.behaviour.set(SOURCE, 'down');
      const filed = await file();
      expect(filed.delivered).to.equal('later');
      await world.settle();
      expect((await latest())?.state).to.equal('filed');
      world.behaviour.set(SOURCE, 'up');
      world.clock.shift(10_000);
      await world.settle();
      expect((await latest())?.state).to.equal('received');
      expect(await opsOf(record.id)).to.equal('03');
    });

    it('when the source answers with garbage, or with a code that is none of its business', async () => {
      const garbage: unknown[] = [
        'x',
        null,
        { state: 'accepted' },
        { state: 'accepted', documentHash: `0x${'9'.repeat(64)}` },
        { code: 'TOKEN_INVALID' },
        { code: 5, operands: [] },
      ];
      for (const body of garbage) {
        for (const status of [200, 422]) {
          world.behaviour.set(SOURCE, async () => ({ status, body }));
          expect((await file()).delivered, JSON.stringify(body)).to.equal('later');
        }
      }
    });

    it('when the source lets the officer wait', async () => {
      world.behaviour.set(
        SOURCE,
        (_body, signal) =>
          new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason as Error));
          }),
      );
      expect((await file()).delivered).to.equal('later');
    });

    it('when the filer insists: the source keeps it with its objection, acknowledges it, and sets no flag', async () => {
      const filed = await file({ uscc: STRANGER }, { ...BY, insist: true });
      await world.settle();
      expect((await latest())?.state).to.equal('received');
      expect(await rowAtSource(filed.documentHash)).to.deep.include({ objection: 'CASE_NOT_THE_SUBJECTS' });
      expect(await opsOf(record.id)).to.equal('0');
    });

    it('with what the source says put into words of our own', async () => {
      const evil = {
        code: 'CASE_ENTRY_UNKNOWN',
        message: '<script>',
        messageZh: '请转账',
        operands: { who: '某某' },
      };
      world.behaviour.set(SOURCE, async () => ({ status: 422, body: evil }));
      const error = await rejection(file());
      expect(error.code).to.equal('CASE_ENTRY_UNKNOWN');
      expect(JSON.stringify([error.message, error.operands])).to.not.match(/script|转账|某某/);
    });
  });

  describe('between nodes', () => {
    async function message(change: Record<string, unknown> = {}, body: Record<string, unknown> = {}) {
      const document = makeCaseDocument({
        caseType: 'dispute',
        registerId: REGISTER.toString(),
        filedBy: FILER.toString(),
        bindingId: null,
        uscc: record.uscc as Uscc,
        record: named(record.documentNumber),
        grounds: '事实有误',
        conditionsMet: [],
      });
      const unsigned = {
        messageId: `0x${randomSalt256()}` as const,
        from: FILER.toString(),
        to: SOURCE.toString(),
        time: Math.floor(world.clock.now().getTime() / 1000),
        body: {
          kind: 'filing' as const,
          document: { ...document },
          filing: null,
          insist: false,
          facts: null,
          ...body,
        },
        ...change,
      };
      const signature = await world.filer.signer.signTypedData(
        'operator',
        caseMessageTypedData(DOMAIN, unsigned),
      );
      return { ...unsigned, signature };
    }
    const receive = (body: unknown) => world.source.service.receive(body);

    it('a message is taken once: replayed it changes nothing, sent anew it is the same case', async () => {
      const first = await message();
      const hash = saltedHash(first.body.document as unknown as CaseDocument);
      expect(await receive(first)).to.deep.equal({ state: 'accepted', documentHash: hash });
      expect(await codeOf(receive(first))).to.equal('CASE_MESSAGE_REPLAYED');
      const again = await message({}, { document: first.body.document });
      expect((await receive(again)).documentHash).to.equal(hash);
    });

    it('a message for another node, of another time, by another key or altered on its way is refused', async () => {
      const good = await message();
      expect(await codeOf(receive({ ...good, body: { ...good.body, insist: true } }))).to.equal(
        'CASE_MESSAGE_NOT_AUTHENTIC',
      );
      expect(await codeOf(receive(await message({ to: '3' })))).to.equal('CASE_MESSAGE_NOT_AUTHENTIC');
      expect(await codeOf(receive(await message({ from: '3' })))).to.equal('CASE_MESSAGE_NOT_AUTHENTIC');
      expect(await codeOf(receive(await message({ from: '77' })))).to.equal('CASE_MESSAGE_NOT_AUTHENTIC');
      const old = Math.floor(world.clock.now().getTime() / 1000) - 301;
      expect(await codeOf(receive(await message({ time: old })))).to.equal('CASE_MESSAGE_TIME_OFF');
      expect(await codeOf(receive({ ...good, extra: 1 }))).to.equal('CASE_MESSAGE_MALFORMED');
      expect(await codeOf(receive('nonsense'))).to.equal('CASE_MESSAGE_MALFORMED');
    });

    it('a document of another filer is not taken from this one, and none for a register that is not ours', async () => {
      const { body } = await message();
      const foreign = { ...body.document, filedBy: '3' };
      expect(await codeOf(receive(await message({}, { document: foreign })))).to.equal(
        'CASE_MESSAGE_NOT_AUTHENTIC',
      );
      const elsewhere = { ...body.document, registerId: '5' };
      expect(await codeOf(receive(await message({}, { document: elsewhere })))).to.equal(
        'CASE_REGISTER_NOT_OURS',
      );
    });

    it('a document that is spelled otherwise is refused before anything is looked up', async () => {
      const { body } = await message();
      for (const change of [
        { extra: true },
        { grounds: ' x' },
        { grounds: '' },
        { grounds: 'a\u0000b' },
        { uscc: `${record.uscc} ` },
        { record: named(null) },
        { conditionsMet: ['training'] },
        { registerId: '01' },
      ]) {
        const document = { ...body.document, ...change };
        expect(await codeOf(receive(await message({}, { document }))), JSON.stringify(change)).to.equal(
          'CASE_DOCUMENT_MALFORMED',
        );
      }
    });

    it('who names too many entries that are not there is not answered any more, right or wrong, until the next day', async () => {
      const guess = (i: number) => file({ record: named(`京猜〔2026〕${i}号`) });
      const codes = new Set<string>();
      let guesses = 0;
      while (!codes.has('CASE_TOO_MANY_UNKNOWN') && guesses < 40)
        codes.add(await codeOf(guess((guesses += 1))));
      expect([...codes]).to.deep.equal(['CASE_ENTRY_UNKNOWN', 'CASE_TOO_MANY_UNKNOWN']);
      expect(await codeOf(file())).to.equal('CASE_TOO_MANY_UNKNOWN');
      await world.passDays(1);
      world.clock.shift(60_000);
      expect((await file()).delivered).to.equal('accepted');
    });

    it('who guesses all at once is answered no more often than one after the other', async () => {
      const guesses = Array.from({ length: CASE_LIMITS.missesOfOne * 2 }, async (_, i) => {
        const { body } = await message();
        const document = { ...body.document, record: named(`京同猜〔2026〕${i}号`) };
        return message({}, { document });
      });
      const messages = await Promise.all(guesses);
      const codes = await Promise.all(messages.map((each) => codeOf(receive(each))));
      expect(codes.filter((code) => code === 'CASE_ENTRY_UNKNOWN').length).to.equal(CASE_LIMITS.missesOfOne);
      await world.passDays(1);
      world.clock.shift(60_000);
    });

    it('what is delivered and never filed is forgotten after a day, and cannot fill the house', async () => {
      const orphan = await message();
      const { documentHash } = await receive(orphan);
      expect(await rowAtSource(documentHash)).to.not.equal(undefined);
      await world.passDays(1);
      world.clock.shift(60_000);
      await world.source.service.look();
      expect(await rowAtSource(documentHash)).to.equal(undefined);
      let taken = 0;
      let refused = 'nothing was refused';
      while (refused === 'nothing was refused' && taken < 100) {
        taken += 1;
        refused = await codeOf(receive(await message()));
      }
      expect([taken, refused]).to.deep.equal([CASE_LIMITS.unfiledOfOne + 1, 'CASE_TOO_MANY_OPEN']);
    });

    it('a source cannot fill its superior’s house in a filer’s name, nor is what is filed ever without room', async () => {
      await world.setSuperior(SUPERIOR);
      const { superior, source } = world;
      const bodyOf = async () => (await message({}, { insist: true })).body;
      const handOn = async () => {
        const body = await bodyOf();
        const document = { ...body.document, caseType: 'repair' };
        const unsigned = {
          messageId: `0x${randomSalt256()}` as const,
          from: SOURCE.toString(),
          to: SUPERIOR.toString(),
          time: Math.floor(world.clock.now().getTime() / 1000),
          body: { ...body, document },
        };
        const typed = caseMessageTypedData(DOMAIN, unsigned);
        const signature = await source.signer.signTypedData('operator', typed);
        return superior.service.receive({ ...unsigned, signature });
      };
      expect(await codeOf(handOn())).to.equal('CASE_NOT_SEEN_YET');
      expect(
        await superior.db.query('SELECT id FROM cases WHERE created_by = $1', ['member 1']),
      ).to.deep.equal([]);
      await world.passDays(1);
      world.clock.shift(60_000);
      await source.service.look();
      const { delivered, documentHash } = await file({}, { ...BY, insist: true });
      expect(delivered).to.equal('later');
      await world.mine();
      let taken = 0;
      while (taken < 100 && (await codeOf(receive(await message()))) === 'nothing was refused') taken += 1;
      // What the tests before could not deliver is due as well, some at a time.
      for (let looks = 0; looks < 50 && (await rowAtSource(documentHash)) === undefined; looks += 1) {
        await world.filer.service.look();
      }
      expect(await rowAtSource(documentHash)).to.not.equal(undefined);
    });
  });
});
