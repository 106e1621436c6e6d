import { type LetterFacts, verifyLetterCopy } from '@credit-ledger/sdk/answer';
import {
  dateOfDay,
  type EntryBody,
  entryCommitmentOf,
  type Hex,
  isLedgerError,
  LETTER_STATES,
  LETTER_TRANSITIONS,
  type LetterAction,
  type LetterState,
  OPEN_END,
  randomSalt256,
  saltedHash,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { keccak256 } from 'viem';
import type { Finding } from '../../node/src/letters/index.ts';
import { EntryStore } from '../../node/src/store/index.ts';
import { RecordStore } from '../../node/src/store/records.ts';
import { codeOf } from '../support/codes.ts';
import { rejection, waitFor } from '../support/wait.ts';
import { CHAIN_ID, CONTRACTS } from './support/pretend.ts';
import {
  admit,
  BY,
  day,
  deferred,
  inform,
  type InformedLetter,
  ITEM,
  type LetterWorld,
  letterWorld,
  offer,
  oneTimeKey,
  promise,
  publishItem,
  sign,
  SUBJECT,
  TODAY,
  usualItem,
} from './support/world.ts';

const DAY_SECONDS = 86_400;
const BROKEN: Finding = {
  kept: false,
  finding: '现场核查发现经营场所与承诺不符',
  broken: {
    outcome: 'decision-revoked',
    legalBasis: '《行政许可法》第六十九条',
    record: {
      severity: 2,
      severityBasis: '本机关裁量基准',
      domain: 2,
      until: day('2028-06-01'),
      documentNumber: '京市监撤〔2026〕1号',
    },
  },
};
const KEPT: Finding = { kept: true, finding: '属实' };

describe('Commitment letters', function () {
  this.timeout(60_000);
  let world: LetterWorld;
  beforeEach(async () => {
    world = await letterWorld();
  });
  afterEach(() => world.dispose());

  const stateOf = async (id: bigint): Promise<LetterState> => (await world.room.views.get(id)).state;
  const sentKinds = (): string[] => world.chain.sent.map(({ kind }) => kind);

  /** A letter brought to a state by the steps that lead there. */
  async function letterAt(state: LetterState): Promise<InformedLetter> {
    const id = await offer(world);
    const letter: InformedLetter = { id, account: oneTimeKey(), typedData: undefined as never };
    if (state === 'offered') return letter;
    if (state === 'refused') {
      await world.room.letters.refuse(id, 'applicant-declined', BY);
      return letter;
    }
    const informed = await inform(world, id);
    if (state === 'informed') return informed;
    await promise(world, informed);
    if (state === 'promised') return informed;
    if (state === 'withdrawn') await withdraw(informed);
    else if (state === 'terminated') await world.room.letters.terminate(id, '申请人歇业', BY);
    else {
      await world.room.checks.decide(
        id,
        { decision: '准予许可', mode: 'routine', checkBy: day('2026-07-01') },
        BY,
      );
      if (state === 'checked-true') await world.room.checks.check(id, KEPT, BY);
      if (state === 'checked-false') await world.room.checks.check(id, BROKEN, BY);
    }
    return informed;
  }

  async function withdraw({ id, account }: InformedLetter): Promise<void> {
    const { document, typedData } = await world.room.withdrawals.drawUp(id, '改为提交证明材料');
    await world.room.withdrawals.withdraw(id, document, await sign(account, typedData), BY);
  }

  /** Each action with everything right but the state. */
  const ACTIONS: Readonly<
    Record<Exclude<LetterAction, 'offer'>, (letter: InformedLetter) => Promise<unknown>>
  > = {
    inform: ({ id }) => inform(world, id),
    'make-promise': async (letter) => {
      const signature =
        letter.typedData === undefined
          ? `0x${'1'.repeat(130)}`
          : await sign(letter.account, letter.typedData);
      await world.room.letters.promise(letter.id, { applicant: signature, bound: null }, BY);
      await world.room.promises.idle();
      await world.chain.mineAll();
    },
    decide: ({ id }) =>
      world.room.checks.decide(id, { decision: '准予', mode: 'on-site', checkBy: day('2026-07-01') }, BY),
    check: ({ id }) => world.room.checks.check(id, KEPT, BY),
    withdraw,
    refuse: ({ id }) => world.room.letters.refuse(id, 'not-eligible', BY),
    terminate: ({ id }) => world.room.letters.terminate(id, '撤件', BY),
  };

  describe('go through their states as the table says', () => {
    for (const state of LETTER_STATES.filter((each) => each !== 'none')) {
      for (const action of Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]) {
        const steps = LETTER_TRANSITIONS.filter((each) => each.action === action && each.from === state);
        const expected = steps.map(({ to }) => to as LetterState);
        it(`${action} from ${state}: ${expected.length === 0 ? 'refused, and nothing is sent' : expected.join(' or ')}`, async () => {
          const letter = await letterAt(state);
          const before = world.chain.sent.length;
          if (expected.length > 0) {
            await ACTIONS[action](letter);
            expect(await stateOf(letter.id)).to.be.oneOf(expected);
            return;
          }
          const error = await rejection(ACTIONS[action](letter));
          expect(error.code).to.equal('LETTER_STATE_WRONG');
          expect(error.operands).to.include({ state, action });
          expect(world.chain.sent).to.have.length(before);
          expect(await stateOf(letter.id)).to.equal(state);
        });
      }
    }
  });

  it('say in both languages where they stand and what is possible now', async () => {
    const { id } = await letterAt('promised');
    const error = await rejection(world.room.letters.refuse(id, 'not-eligible', BY));
    expect(error.message).to.match(/“Promised”; possible now: decide, withdraw, terminate\./);
    expect((error as unknown as { messageZh: string }).messageZh).to.match(
      /“已承诺”，可办理：办结、撤回、终止/,
    );
    const done = await letterAt('checked-true');
    expect((await rejection(world.room.checks.check(done.id, KEPT, BY))).message).to.include('final');
  });

  it('are known here before a letter has its number on chain, and take no second step meanwhile', async () => {
    const item = await publishItem(world);
    world.chain.isHeld = true;
    await world.dispose();
    world = await letterWorld({ patienceMilliseconds: 20 });
    const again = await publishItem(world);
    expect(again.itemId).to.equal(item.itemId);
    world.chain.isHeld = true;
    const { id, settling } = await world.room.letters.offer({ ...again, ...SUBJECT }, BY);
    expect(settling).to.equal('on-its-way');
    const view = await world.room.views.get(id);
    expect(view).to.include({ letterId: null, state: 'none' });
    expect(view.pending).to.deep.equal({ action: 'offer', state: 'queued' });
    expect(view.possible).to.deep.equal([]);
    expect(await codeOf(inform(world, id))).to.equal('STEP_ON_ITS_WAY');
    await world.chain.mineAll();
    expect((await world.room.views.get(id)).state).to.equal('offered');
  });

  describe('the document', () => {
    it('has what was told and confirmed, item and applicant, and 256 bits of salt; its hash alone is sent', async () => {
      const id = await offer(world);
      const account = oneTimeKey();
      const { document, typedData } = await world.room.letters.inform(
        id,
        { applicant: account.address as Hex, application: { 经营场所: '示例路 1 号' } },
        BY,
      );
      expect(document.template.told).to.have.length(7);
      expect(document.template.confirmed).to.have.length(4);
      expect(document.item).to.include({ title: ITEM.title, legalBasis: ITEM.legalBasis, version: 1 });
      expect(document.applicant).to.deep.equal({ name: SUBJECT.name, creditCode: SUBJECT.creditCode });
      expect(document.salt).to.match(/^[0-9a-f]{64}$/);
      expect(typedData.message['documentHash']).to.equal(saltedHash(document));
      const calldata = world.chain.sent.map(({ data }) => data).join('');
      for (const secret of [SUBJECT.creditCode, SUBJECT.name, '示例路 1 号', document.salt]) {
        expect(calldata).to.not.include(Buffer.from(secret).toString('hex'));
      }
      expect(calldata).to.not.include(document.salt);
    });

    it('differs for two letters of one applicant in hash, tag and key', async () => {
      const item = await publishItem(world);
      const one = await inform(world, await offer(world, item));
      const two = await inform(world, await offer(world, item));
      for (const field of ['documentHash', 'subjectTag', 'applicant']) {
        expect(one.typedData.message[field]).to.not.equal(two.typedData.message[field]);
      }
    });
  });

  it('give the applicant what it signs once more, and not before it was informed', async () => {
    const id = await offer(world);
    expect(await codeOf(world.room.letters.toSign(id))).to.equal('LETTER_STATE_WRONG');
    const { typedData } = await inform(world, id);
    const again = await world.room.letters.toSign(id);
    expect(again.typedData).to.deep.equal(typedData);
    expect(saltedHash(again.document)).to.equal(typedData.message['documentHash']);
  });

  describe('informing is refused', () => {
    const informing = (id: bigint, change: object): Promise<string> => codeOf(inform(world, id, change));

    it('for a key that served another letter here, or one that promised anywhere', async () => {
      const item = await publishItem(world);
      const { account } = await inform(world, await offer(world, item));
      const id = await offer(world, item);
      const applicant = account.address;
      expect(await informing(id, { applicant })).to.equal('LETTER_APPLICANT_KEY_USED');
      expect(await informing(id, { applicant: applicant.toLowerCase() })).to.equal(
        'LETTER_APPLICANT_KEY_USED',
      );
    });

    it('for a member’s key and for none', async () => {
      await admit(world, { id: 2n, role: 3, operator: world.operator.address });
      const id = await offer(world);
      expect(await informing(id, { applicant: world.operator.address })).to.equal('LETTER_APPLICANT_INVALID');
      expect(await informing(id, { applicant: `0x${'0'.repeat(40)}` })).to.equal('LETTER_APPLICANT_INVALID');
    });

    it('for a time for the promise that is past or beyond 30 days, saying the latest', async () => {
      const id = await offer(world);
      const now = world.chain.time;
      expect(await informing(id, { promiseBy: now - 5n })).to.equal('LETTER_PROMISE_BY_INVALID');
      const late = await rejection(inform(world, id, { promiseBy: now + 30n * 86_400n + 60n }));
      expect(late.code).to.equal('LETTER_PROMISE_BY_INVALID');
      expect(late.message).to.include('2026-07-01');
    });

    it('unless it is published exactly when the item says so', async () => {
      const quiet = await offer(world);
      const publication = { scope: '本机关网站', until: day('2027-06-01') };
      expect(await informing(quiet, { publication })).to.equal('LETTER_PUBLICATION_INVALID');
      const item = await publishItem(world, { slug: 'public', publicReason: 'third-parties' });
      const loud = await offer(world, item);
      expect(await informing(loud, {})).to.equal('LETTER_PUBLICATION_INVALID');
      const yesterday = { ...publication, until: TODAY - 1 };
      expect(await informing(loud, { publication: yesterday })).to.equal('LETTER_PUBLICATION_INVALID');
      expect(await informing(loud, { publication: { ...publication, scope: ' ' } })).to.equal(
        'LETTER_PUBLICATION_INVALID',
      );
      expect(await informing(loud, { publication })).to.equal('nothing was refused');
    });
  });

  describe('the promise', () => {
    it('asks every register of the item, under the letter’s one request id and tag, then sends both copies', async () => {
      await admit(world, { id: 2n, role: 1, registerId: 5n });
      const id = await offer(world, await publishItem(world));
      const letter = await inform(world, id);
      await promise(world, letter);
      expect(world.asker.asked.map(({ registerId }) => registerId)).to.deep.equal([1n, 5n]);
      expect(new Set(world.asker.asked.map(({ fixed }) => fixed.requestId)).size).to.equal(1);
      expect(new Set(world.asker.asked.map(({ fixed }) => fixed.nonce)).size).to.equal(1);
      expect(world.asker.asked[0]).to.include({
        application: 'commitment-eligibility',
        predicate: 'may-promise',
        subject: SUBJECT.creditCode,
      });
      const view = await world.room.views.get(id);
      expect(view).to.include({ state: 'promised' });
      expect(view.promise).to.deep.equal({ state: 'sent', error: null });
      expect(sentKinds().filter((kind) => kind === 'letter-make-promise')).to.have.length(1);
    });

    it('with somebody else’s signature, or one over another document, changes nothing', async () => {
      const id = await offer(world);
      const letter = await inform(world, id);
      const promising = (applicant: Hex): Promise<string> =>
        codeOf(world.room.letters.promise(id, { applicant, bound: null }, BY));
      expect(await promising(await sign(oneTimeKey(), letter.typedData))).to.equal(
        'LETTER_WRONG_APPLICANT_SIGNATURE',
      );
      const message = { ...letter.typedData.message, documentHash: saltedHash({ salt: randomSalt256() }) };
      expect(await promising(await sign(letter.account, { ...letter.typedData, message }))).to.equal(
        'LETTER_WRONG_APPLICANT_SIGNATURE',
      );
      expect(world.asker.asked).to.deep.equal([]);
      expect((await world.room.views.get(id)).promise).to.equal(null);
    });

    it('takes the co-signature of the bound key, and no wrong one', async () => {
      const letter = await inform(world, await offer(world));
      const applicant = await sign(letter.account, letter.typedData);
      const bound = oneTimeKey();
      const address = bound.address.toLowerCase();
      const wrong = { address, signature: applicant };
      expect(await codeOf(world.room.letters.promise(letter.id, { applicant, bound: wrong }, BY))).to.equal(
        'LETTER_WRONG_BOUND_SIGNATURE',
      );
      const right = { address, signature: await sign(bound, letter.typedData) };
      await world.room.letters.promise(letter.id, { applicant, bound: right }, BY);
      await world.room.promises.idle();
      await world.chain.mineAll();
      const [agency, own] = await world.room.copies(letter.id);
      expect(agency.signatures.bound).to.deep.equal(right);
      expect(own.signatures).to.deep.equal(agency.signatures);
    });

    it('on a NO is not sent: the ordinary procedure is named, and no register', async () => {
      await admit(world, { id: 2n, role: 1, registerId: 5n });
      world.asker.says.set(5n, { answer: false });
      const letter = await inform(world, await offer(world));
      await promise(world, letter);
      const view = await world.room.views.get(letter.id);
      expect(view.state).to.equal('informed');
      expect(view.promise?.state).to.equal('not-eligible');
      expect(view.promise?.error).to.include({ code: 'LETTER_NOT_ELIGIBLE' });
      expect(view.promise?.error?.messageZh).to.include('一般程序');
      expect(view.promise?.error?.operands).to.deep.equal({});
      expect(sentKinds()).to.not.include('letter-make-promise');
      expect(view.possible).to.deep.equal(['withdraw', 'refuse', 'terminate']);
      expect(await codeOf(ACTIONS['make-promise'](letter))).to.equal('LETTER_NOT_ELIGIBLE');
      await world.room.letters.refuse(letter.id, 'not-eligible', BY);
      expect(await stateOf(letter.id)).to.equal('refused');
    });

    it('is not eligible after one NO, whatever became of the other questions', async () => {
      await admit(world, { id: 2n, role: 1, registerId: 5n });
      world.asker.says.set(1n, { refusal: 3 });
      world.asker.says.set(5n, { answer: false });
      const letter = await inform(world, await offer(world));
      await promise(world, letter);
      expect((await world.room.views.get(letter.id)).promise?.state).to.equal('not-eligible');
    });

    it('shows a register’s refusal and failure with their code, and sends nothing', async () => {
      for (const [says, code, operand] of [
        [{ refusal: 3 }, 'LETTER_CLAIM_REFUSED', { refusal: 'REGISTER_CONTESTED' }],
        [{ failure: 'NO_ANSWER_IN_TIME' }, 'LETTER_CLAIM_FAILED', { cause: 'NO_ANSWER_IN_TIME' }],
        [{ notAsked: 'GRANT_MISSING' }, 'LETTER_CLAIM_FAILED', { cause: 'GRANT_MISSING' }],
      ] as const) {
        world.asker.says.set(1n, says);
        const letter = await inform(world, await offer(world));
        await promise(world, letter);
        const { promise: shown } = await world.room.views.get(letter.id);
        expect(shown?.state).to.equal('failed');
        expect(shown?.error?.code).to.equal(code);
        expect(shown?.error?.operands).to.include({ registerId: '1', ...operand });
      }
      expect(sentKinds()).to.not.include('letter-make-promise');
    });

    it('can be made again once the grant is there', async () => {
      world.asker.says.set(1n, { notAsked: 'GRANT_MISSING' });
      const letter = await inform(world, await offer(world));
      await promise(world, letter);
      world.asker.says.clear();
      await promise(world, letter);
      expect(await stateOf(letter.id)).to.equal('promised');
    });

    it('waits while the chain is away, and goes on by itself', async () => {
      world.asker.says.set(1n, { notAsked: 'CHAIN_UNREACHABLE' });
      const letter = await inform(world, await offer(world));
      const applicant = await sign(letter.account, letter.typedData);
      await world.room.letters.promise(letter.id, { applicant, bound: null }, BY);
      const trouble = await waitFor('the trouble to be shown', async () => {
        const { promise: shown } = await world.room.views.get(letter.id);
        return shown?.error ?? undefined;
      });
      expect(trouble.code).to.equal('CHAIN_UNREACHABLE');
      world.asker.says.clear();
      await world.room.promises.idle();
      await world.chain.mineAll();
      expect(await stateOf(letter.id)).to.equal('promised');
    });

    it('is not sent with a proof that is older than the item allows', async () => {
      world.asker.says.set(1n, { answer: true, loggedAt: world.chain.time - 90_000n });
      const letter = await inform(world, await offer(world));
      await promise(world, letter);
      const { promise: shown } = await world.room.views.get(letter.id);
      expect(shown?.error?.code).to.equal('LETTER_CLAIMS_STALE');
      expect(sentKinds()).to.not.include('letter-make-promise');
    });

    it('after its time is refused with the time, and one that became late while registers were asked is not sent', async () => {
      const letter = await inform(world, await offer(world));
      const { promise: open, resolve } = deferred();
      world.asker.gate = open;
      const applicant = await sign(letter.account, letter.typedData);
      await world.room.letters.promise(letter.id, { applicant, bound: null }, BY);
      world.pass(8 * DAY_SECONDS);
      resolve();
      await world.room.promises.idle();
      const view = await world.room.views.get(letter.id);
      expect(view.promise?.error?.code).to.equal('LETTER_TOO_LATE');
      expect(view.overdue).to.deep.equal(['promise']);
      const error = await rejection(world.room.letters.promise(letter.id, { applicant, bound: null }, BY));
      expect(error.code).to.equal('LETTER_TOO_LATE');
      expect(error.message).to.include('2026-06-08');
      expect(sentKinds()).to.not.include('letter-make-promise');
    });

    it('is not sent when the letter was ended while the registers were asked', async () => {
      const letter = await inform(world, await offer(world));
      const { promise: open, resolve } = deferred();
      world.asker.gate = open;
      const applicant = await sign(letter.account, letter.typedData);
      await world.room.letters.promise(letter.id, { applicant, bound: null }, BY);
      expect(await codeOf(world.room.letters.promise(letter.id, { applicant, bound: null }, BY))).to.equal(
        'STEP_ON_ITS_WAY',
      );
      await world.room.letters.terminate(letter.id, '申请人撤件', BY);
      resolve();
      await world.room.promises.idle();
      expect(await stateOf(letter.id)).to.equal('terminated');
      expect(sentKinds()).to.not.include('letter-make-promise');
    });

    it('survives a restart at any point and is sent once', async () => {
      const letter = await inform(world, await offer(world));
      const { promise: open, resolve } = deferred();
      world.asker.gate = open;
      const applicant = await sign(letter.account, letter.typedData);
      await world.room.letters.promise(letter.id, { applicant, bound: null }, BY);
      await world.restart();
      expect((await world.room.views.get(letter.id)).promise?.state).to.equal('asking');
      resolve();
      await world.room.promises.idle();
      await world.restart();
      await world.room.promises.idle();
      await world.chain.mineAll();
      expect(await stateOf(letter.id)).to.equal('promised');
      expect(sentKinds().filter((kind) => kind === 'letter-make-promise')).to.have.length(1);
    });

    it('that the chain refuses is shown in this room’s words and can be made again', async () => {
      const letter = await inform(world, await offer(world));
      const applicant = await sign(letter.account, letter.typedData);
      await world.room.letters.promise(letter.id, { applicant, bound: null }, BY);
      await world.room.promises.idle();
      world.chain.reverts.push({ error: 'WrongAgencySignature', letterId: '1', signer: '0x' });
      await world.chain.mineAll();
      const view = await world.room.views.get(letter.id);
      expect(view.state).to.equal('informed');
      expect(view.failed?.action).to.equal('make-promise');
      expect(view.failed?.error.code).to.equal('LETTER_WRONG_AGENCY_SIGNATURE');
      await promise(world, letter);
      expect(await stateOf(letter.id)).to.equal('promised');
    });
  });

  describe('decision and check', () => {
    it('are refused without a day, with a past one, and exempt with one', async () => {
      const { id } = await letterAt('promised');
      const deciding = (mode: 'exempt' | 'routine', checkBy?: ReturnType<typeof day>): Promise<string> =>
        codeOf(world.room.checks.decide(id, { decision: '准予', mode, checkBy }, BY));
      expect(await deciding('routine')).to.equal('LETTER_CHECK_INVALID');
      expect(await deciding('routine', day('2026-05-31'))).to.equal('LETTER_CHECK_INVALID');
      expect(await deciding('exempt', day('2026-07-01'))).to.equal('LETTER_CHECK_INVALID');
      expect(await deciding('routine', TODAY)).to.equal('nothing was refused');
    });

    it('after the last day are late, and shown so', async () => {
      const { id } = await letterAt('decided');
      expect((await world.room.views.get(id)).overdue).to.deep.equal([]);
      world.pass(31 * DAY_SECONDS);
      expect((await world.room.views.get(id)).overdue).to.deep.equal(['check']);
      await world.room.checks.check(id, KEPT, BY);
      expect((await world.room.views.get(id)).overdue).to.deep.equal([]);
    });

    it('a false commitment becomes an adverse record with its entry, linked field by field', async () => {
      const { id } = await letterAt('checked-false');
      const view = await world.room.views.get(id);
      expect(view).to.include({ state: 'checked-false', outcome: 'decision-revoked' });
      const record = await new RecordStore(world.db).byId(view.recordId ?? 0n);
      expect(record).to.include({
        class: 1,
        kind: 15,
        severity: 2,
        uscc: SUBJECT.creditCode,
        until: day('2028-06-01'),
      });
      expect(record?.sourceAgency.name).to.equal('示例市监局');
      const fields = Object.fromEntries(record?.fields.map(({ name, value }) => [name, value]) ?? []);
      expect(fields).to.include({
        告知承诺书编号: '1',
        告知承诺书摘要: view.digest,
        处理结果: '撤销行政决定',
        法律依据: '《行政许可法》第六十九条',
      });
      const receipt = await world.register.service.receipt(view.recordId ?? 0n);
      expect(receipt.entries).to.have.length(1);
    });

    it('have their documents here, with the salts that open the hashes on chain, the entry’s too', async () => {
      const { id } = await letterAt('checked-false');
      const { documents, entry, recordId } = await world.room.views.get(id);
      expect(
        documents.map(({ action, document }) => `${action} ${String(document['format'])}`),
      ).to.deep.equal([
        'inform commitment-letter/1',
        'decide letter-decision/1',
        'check letter-finding/1',
        'check letter-legal-basis/1',
      ]);
      const [made] = await new EntryStore(world.db).ofRecord(recordId ?? 0n);
      const commitment = entryCommitmentOf(
        entry?.salt ?? '0x',
        BigInt(entry?.registerId ?? 0),
        (made?.body ?? 0n) as EntryBody,
      );
      const sent = world.chain.sent.find(({ kind }) => kind === 'letter-check')?.data ?? '';
      for (const hash of [commitment, ...documents.slice(2).map(({ document }) => saltedHash(document))]) {
        expect(sent).to.include(hash.slice(2));
      }
    });

    it('with nothing to record, no legal basis or a contradiction leave nothing behind', async () => {
      const { id } = await letterAt('decided');
      const { broken } = BROKEN;
      if (broken === undefined) throw new Error('it is broken');
      const checking = (finding: Finding): Promise<string> =>
        codeOf(world.room.checks.check(id, finding, BY));
      expect(await checking({ ...BROKEN, broken: undefined })).to.equal('LETTER_OUTCOME_INVALID');
      expect(await checking({ ...BROKEN, kept: true })).to.equal('LETTER_OUTCOME_INVALID');
      expect(await checking({ ...BROKEN, broken: { ...broken, legalBasis: ' ' } })).to.equal(
        'LETTER_LEGAL_BASIS_MISSING',
      );
      const unfounded = { ...broken.record, severityBasis: '' };
      expect(await checking({ ...BROKEN, broken: { ...broken, record: unfounded } })).to.equal(
        'LETTER_ENTRY_MISSING',
      );
      const outOfRange = { ...broken.record, domain: 99 };
      expect(await checking({ ...BROKEN, broken: { ...broken, record: outOfRange } })).to.equal(
        'ENTRY_FIELD_OUT_OF_RANGE',
      );
      expect(await new RecordStore(world.db).count()).to.equal(0);
      expect(await stateOf(id)).to.equal('decided');
    });

    it('that the chain refuses keep the record, which a second try takes up', async () => {
      const { id } = await letterAt('decided');
      world.chain.reverts.push({ error: 'MemberNotActive', memberId: '1' });
      expect(await codeOf(world.room.checks.check(id, BROKEN, BY))).to.equal('LETTER_NOT_AUTHORITY');
      expect(await new RecordStore(world.db).count()).to.equal(1);
      await world.room.checks.check(id, BROKEN, BY);
      expect(await new RecordStore(world.db).count()).to.equal(1);
      expect((await world.room.views.get(id)).state).to.equal('checked-false');
    });

    it('that the chain refuses burden nobody: found otherwise, or on another day, the record left behind is revoked', async () => {
      const { id } = await letterAt('decided');
      const opsOf = async (): Promise<string[]> => {
        const records = await new RecordStore(world.db).list({});
        const entries = new EntryStore(world.db);
        return Promise.all(
          records.map(async (record) => (await entries.ofRecord(record.id)).map(({ op }) => op).join('')),
        );
      };
      const refused = async (): Promise<void> => {
        world.chain.reverts.push({ error: 'MemberNotActive', memberId: '1' });
        expect(await codeOf(world.room.checks.check(id, BROKEN, BY))).to.equal('LETTER_NOT_AUTHORITY');
      };
      await refused();
      world.pass(DAY_SECONDS);
      await refused();
      expect(await opsOf()).to.deep.equal(['01', '0']);
      await world.room.checks.check(id, KEPT, BY);
      expect((await world.room.views.get(id)).state).to.equal('checked-true');
      expect(await opsOf()).to.deep.equal(['01', '01']);
    });

    it('cannot rest on a record that was left behind and revoked since', async () => {
      const { id } = await letterAt('decided');
      world.chain.reverts.push({ error: 'MemberNotActive', memberId: '1' });
      await codeOf(world.room.checks.check(id, BROKEN, BY));
      const [record] = await new RecordStore(world.db).list({});
      await world.register.service.operate({
        op: 'revoke',
        recordId: record?.id ?? 0n,
        day: dateOfDay(TODAY),
        reason: '撤销',
      });
      expect(await codeOf(world.room.checks.check(id, BROKEN, BY))).to.equal('LETTER_RECORD_KNOWN');
      expect((await world.room.views.get(id)).state).to.equal('decided');
    });

    it('about another letter cannot take up a record that is on file', async () => {
      await letterAt('checked-false');
      const item = await publishItem(world, { slug: 'second' });
      const letter = await inform(world, await offer(world, item));
      await promise(world, letter);
      await world.room.checks.decide(letter.id, { decision: '准予', mode: 'routine', checkBy: TODAY }, BY);
      // Another letter: its number and digest are in the record, so it is another record.
      await world.room.checks.check(letter.id, BROKEN, BY);
      expect(await new RecordStore(world.db).count()).to.equal(2);
    });
  });

  describe('a withdrawal', () => {
    it('leaves no record and no entry', async () => {
      const letter = await letterAt('promised');
      await withdraw(letter);
      expect(await stateOf(letter.id)).to.equal('withdrawn');
      expect(await new RecordStore(world.db).count()).to.equal(0);
      expect((await world.room.views.get(letter.id)).recordId).to.equal(null);
    });

    it('needs a reason, the applicant’s own signature, and a salted document', async () => {
      const letter = await letterAt('promised');
      expect(await codeOf(world.room.withdrawals.drawUp(letter.id, '  '))).to.equal('LETTER_REASON_MISSING');
      const { document, typedData } = await world.room.withdrawals.drawUp(letter.id, '改变主意');
      const forged = await sign(oneTimeKey(), typedData);
      const trying = (with_: typeof document, signature: Hex): Promise<string> =>
        codeOf(world.room.withdrawals.withdraw(letter.id, with_, signature, BY));
      expect(await trying(document, forged)).to.equal('LETTER_WRONG_APPLICANT_SIGNATURE');
      const good = await sign(letter.account, typedData);
      expect(await trying({ ...document, reason: '别的理由' }, good)).to.equal(
        'LETTER_WRONG_APPLICANT_SIGNATURE',
      );
      expect(await trying({ ...document, salt: '00' }, good)).to.equal('DOCUMENT_NOT_SALTED');
      expect(await stateOf(letter.id)).to.equal('promised');
    });

    it('of another authority’s letter is relayed: the applicant does not depend on whom it withdraws from', async () => {
      const letter = await letterAt('informed');
      const { typedData } = await world.room.withdrawals.drawUp(letter.id, '改变主意');
      await admit(world, { id: 9n, role: 3 });
      world.chain.member = 9n;
      const reasonHash = typedData.message['reasonHash'] as Hex;
      const forged = await sign(oneTimeKey(), typedData);
      expect(await codeOf(world.room.withdrawals.relay(1n, reasonHash, forged, BY))).to.equal(
        'LETTER_WRONG_APPLICANT_SIGNATURE',
      );
      expect(await codeOf(world.room.withdrawals.relay(7n, reasonHash, forged, BY))).to.equal(
        'LETTER_UNKNOWN',
      );
      await world.room.withdrawals.relay(1n, reasonHash, await sign(letter.account, typedData), BY);
      expect(await stateOf(letter.id)).to.equal('withdrawn');
    });
  });

  it('belong to their authority: a node that is another member now cannot decide them', async () => {
    const { id } = await letterAt('promised');
    await admit(world, { id: 2n, role: 1 });
    world.chain.member = 2n;
    expect(await codeOf(world.room.letters.terminate(id, '撤件', BY))).to.equal('LETTER_NOT_YOURS');
    await admit(world, { id: 3n, role: 3 });
    world.chain.member = 3n;
    expect(await codeOf(world.room.letters.terminate(id, '撤件', BY))).to.equal('LETTER_NOT_AUTHORITY');
    world.chain.member = 77n;
    expect(await codeOf(world.room.letters.terminate(id, '撤件', BY))).to.equal('NOT_A_MEMBER');
  });

  it('that there are not are unknown', async () => {
    expect(await codeOf(world.room.letters.refuse(99n, 'not-eligible', BY))).to.equal('LETTER_UNKNOWN');
    expect(await codeOf(world.room.views.get(99n))).to.equal('LETTER_UNKNOWN');
  });

  describe('their two copies', () => {
    const pinned = { chainId: BigInt(CHAIN_ID), contract: CONTRACTS.letters };

    async function facts(id: bigint): Promise<LetterFacts> {
      const view = await world.room.views.get(id);
      const [{ signatures, anchored }] = await world.room.copies(id);
      return {
        letter: async () => ({ authority: 1n, state: view.state, digest: view.digest ?? '0x' }),
        promise: async () => ({
          digest: view.digest ?? '0x',
          applicantCopy: keccak256(signatures.applicant),
          agencyCopy: keccak256(signatures.agency),
          transactionHash: anchored.transactionHash,
          blockNumber: BigInt(anchored.blockNumber),
          time: BigInt(anchored.time),
        }),
        operatorAt: async () => world.operator.address,
      };
    }

    it('are the same document with both signatures, and each verifies by itself', async () => {
      const { id } = await letterAt('decided');
      const [agency, applicant] = await world.room.copies(id);
      expect({ ...agency, holder: 'applicant' }).to.deep.equal(applicant);
      for (const copy of [agency, applicant]) {
        const verification = await verifyLetterCopy(JSON.stringify(copy), await facts(id), pinned);
        expect(verification.checks.filter(({ verdict }) => verdict === 'INVALID')).to.deep.equal([]);
        expect(verification.overall).to.equal('VALID');
        expect(verification.state).to.equal('decided');
      }
    });

    it('do not verify with anything altered: each check finds its own', async () => {
      const { id } = await letterAt('promised');
      const [copy] = await world.room.copies(id);
      const known = await facts(id);
      const invalid = async (altered: unknown, from: LetterFacts = known): Promise<string[]> => {
        const { checks } = await verifyLetterCopy(altered, from, pinned);
        return checks.flatMap(({ check, verdict }) => (verdict === 'INVALID' ? [check] : []));
      };
      const other = { ...copy.document, applicant: { ...copy.document.applicant, name: '别的公司' } };
      expect(await invalid({ ...copy, document: other })).to.deep.equal(['document']);
      const told = ['改过', ...copy.document.template.told.slice(1)];
      const text = { ...copy.document, template: { ...copy.document.template, told } };
      expect(await invalid({ ...copy, document: text })).to.deep.equal(['document', 'template']);
      const terms = { ...copy.terms, applicant: `0x${'a'.repeat(40)}` };
      expect(await invalid({ ...copy, terms })).to.deep.equal(['digest', 'applicant-signature']);
      expect(await invalid({ ...copy, nonce: `0x${'0'.repeat(63)}1` })).to.deep.equal(['subject']);
      const swapped = { ...copy.signatures, agency: copy.signatures.applicant };
      expect(await invalid({ ...copy, signatures: swapped })).to.deep.equal(['agency-signature', 'anchored']);
      const scope = { format: 'publication-scope/1', salt: randomSalt256(), scope: '网站' };
      expect(await invalid({ ...copy, publicScope: scope })).to.deep.equal(['publication']);
      expect(await invalid({ ...copy, chainId: '1' })).to.deep.equal(['digest']);
      expect(await invalid({ ...copy, extra: 1 })).to.deep.equal(['format']);
      for (const lie of [
        { time: copy.anchored.time - 365 * DAY_SECONDS },
        { transactionHash: `0x${'ab'.repeat(32)}` },
        { blockNumber: '1' },
      ]) {
        expect(await invalid({ ...copy, anchored: { ...copy.anchored, ...lie } })).to.deep.equal([
          'anchored',
        ]);
      }
      // In JSON this is a field like any other, whatever it means to JavaScript.
      const slipped = JSON.stringify(copy).replace('"application":{', '$&"__proto__":"另行承诺",');
      expect(slipped).to.include('另行承诺');
      expect(await invalid(slipped)).to.deep.equal(['document']);
      expect(await invalid(copy, { ...known, letter: async () => undefined })).to.deep.equal(['anchored']);
      const notPromised = { ...known, promise: async () => undefined };
      expect(await invalid(copy, notPromised)).to.deep.equal(['agency-signature', 'anchored']);
    });

    it('are neither valid nor invalid while the chain is away', async () => {
      const { id } = await letterAt('promised');
      const [copy] = await world.room.copies(id);
      const away: LetterFacts = {
        ...(await facts(id)),
        letter: async () => {
          throw Object.assign(await rejection(world.room.views.get(99n)));
        },
      };
      const verification = await verifyLetterCopy(copy, away, pinned);
      expect(verification.overall).to.equal('ERROR');
      expect(verification.state).to.equal(undefined);
    });

    it('are not there before the promise', async () => {
      const { id } = await letterAt('informed');
      const error = await rejection(world.room.copies(id));
      expect(isLedgerError(error, 'LETTER_STATE_WRONG')).to.equal(true);
    });
  });

  describe('that are public', () => {
    const publication = { scope: '本机关网站', until: day('2027-06-01') };

    async function published(): Promise<InformedLetter> {
      const item = await publishItem(world, { slug: 'public', publicReason: 'public-interest' });
      const letter = await inform(world, await offer(world, item), { publication });
      await promise(world, letter);
      return letter;
    }

    it('are shown with scope and period from the promise on, and nothing else of the document', async () => {
      expect(await world.room.publicLetters()).to.deep.equal([]);
      const { id } = await published();
      const view = await world.room.views.get(id);
      expect(await world.room.publicLetters()).to.deep.equal([
        {
          letterId: 1n,
          itemTitle: ITEM.title,
          applicant: { name: SUBJECT.name, creditCode: SUBJECT.creditCode },
          reason: 'public-interest',
          scope: publication.scope,
          from: TODAY,
          until: publication.until,
          digest: view.digest,
        },
      ]);
    });

    it('are gone after their last day, and when they were withdrawn or ended', async () => {
      const letter = await published();
      await withdraw(letter);
      expect(await world.room.publicLetters()).to.deep.equal([]);
      const item = await publishItem(world, { slug: 'public-2', publicReason: 'hard-to-check' });
      await promise(world, await inform(world, await offer(world, item), { publication }));
      expect(await world.room.publicLetters()).to.have.length(1);
      world.pass(366 * DAY_SECONDS);
      expect(await world.room.publicLetters()).to.deep.equal([]);
    });

    it('are not those of items that are not public', async () => {
      await letterAt('promised');
      expect(await world.room.publicLetters()).to.deep.equal([]);
    });
  });

  it('are listed newest first, of one subject where it is asked for, with their history and its times', async () => {
    const item = await publishItem(world);
    const first = await offer(world, item);
    const second = await inform(world, await offer(world, item));
    const list = await world.room.views.list({ limit: 10 });
    expect(list.map(({ id }) => id)).to.deep.equal([second.id, first]);
    expect(list[0]?.history.map(({ event, state }) => `${event} ${state}`)).to.deep.equal([
      'LetterOffered offered',
      'LetterInformed informed',
    ]);
    expect(list[0]?.history[0]?.time).to.be.within(world.chain.time - 60n, world.chain.time);
    expect(list[0]?.promiseBy).to.be.within(
      world.chain.time + 7n * 86_400n - 60n,
      world.chain.time + 7n * 86_400n,
    );
    expect(await world.room.views.list({ limit: 10, uscc: '91110000600037341L' })).to.deep.equal([]);
    const page = await world.room.views.list({ limit: 10, before: second.id });
    expect(page.map(({ id }) => id)).to.deep.equal([first]);
  });

  it('keep nothing when their step cannot be queued: row and transaction are there together or not at all', async () => {
    const item = await usualItem(world);
    const { enqueue } = world.chain;
    world.chain.enqueue = () => Promise.reject(new Error('the queue is away'));
    await rejection(world.room.letters.offer({ ...item, ...SUBJECT }, BY));
    world.chain.enqueue = enqueue.bind(world.chain);
    expect(await world.room.views.list({ limit: 10 })).to.deep.equal([]);
    const { id } = await letterAt('decided');
    world.chain.enqueue = () => Promise.reject(new Error('the queue is away'));
    await rejection(
      world.room.checks.check(
        id,
        {
          ...BROKEN,
          broken: { ...BROKEN.broken, record: { ...BROKEN.broken?.record, until: OPEN_END } },
        } as Finding,
        BY,
      ),
    );
    world.chain.enqueue = enqueue.bind(world.chain);
    expect(await new RecordStore(world.db).count()).to.equal(0);
    expect(await stateOf(id)).to.equal('decided');
  });
});
