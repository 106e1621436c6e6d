import { commitmentLettersAbi } from '@credit-ledger/sdk/chain';
import {
  CHECK_MODES,
  type CheckMode,
  type Day,
  type Hex,
  LETTER_OUTCOME_NAMES,
  LETTER_OUTCOMES,
  type LetterOutcome,
  saltedHash,
} from '@credit-ledger/sdk/protocol';
import { encodeFunctionData } from 'viem';
import type { Database } from '../store/index.ts';
import {
  BROKEN_COMMITMENT,
  leftBehind,
  type MadeRecord,
  recordAdverse,
  type RecordTerms,
  takeBack,
} from './adverse.ts';
import type { Desk, PlannedStep, Settling } from './desk.ts';
import { statement } from './documents.ts';
import { dayWords, letterError, letterErrorWith } from './errors.ts';
import type { MemberSaid } from './followed.ts';
import type { Items } from './items.ts';
import type { LetterSaid } from './letter-facts.ts';
import { loadLetter, type LoadedLetter, requirePossible } from './letter-rows.ts';
import { ordinalOf } from './words.ts';

/** The decision of an application, and how the promise is checked afterwards. */
export interface Decision {
  /** What was decided; it stays here. */
  readonly decision: string;
  readonly mode: Exclude<CheckMode, 'none'>;
  /** Last day of the check; none exactly when it is exempt. */
  readonly checkBy?: Day | undefined;
}

/** What a check found. */
export interface Finding {
  readonly kept: boolean;
  readonly finding: string;
  /** Of a false commitment: what follows, on which legal basis, and what is recorded. */
  readonly broken?:
    | {
        readonly outcome: Exclude<LetterOutcome, 'none'>;
        readonly legalBasis: string;
        readonly record: RecordTerms;
      }
    | undefined;
}

const NO_HASH: Hex = `0x${'0'.repeat(64)}`;

/** What follows a promise: the decision, and the check. */
export class Checks {
  readonly #desk: Desk;
  readonly #items: Items;

  constructor(desk: Desk, items: Items) {
    this.#desk = desk;
    this.#items = items;
  }

  /** Errors: `LETTER_STATE_WRONG`, `LETTER_CHECK_INVALID`, `STEP_ON_ITS_WAY`. */
  async decide(id: bigint, decision: Decision, by: string): Promise<Settling> {
    const { outboxId } = await this.#desk.take(async (tx) => {
      const self = await this.#desk.authority(tx);
      const said = requirePossible(await loadLetter(tx, this.#desk.followed, id), 'decide', self.id);
      this.#requireCheck(said, decision);
      const document = statement('letter-decision', `letter:${said.letterId}`, {
        decision: decision.decision,
      });
      return {
        about: 'letter',
        key: id.toString(),
        action: 'decide',
        detail: { document },
        to: this.#desk.parts.contracts.letters,
        data: encodeFunctionData({
          abi: commitmentLettersAbi,
          functionName: 'decide',
          args: [
            said.letterId,
            saltedHash(document),
            ordinalOf(CHECK_MODES, decision.mode),
            decision.checkBy ?? 0,
          ],
        }),
        by,
      };
    });
    return this.#desk.settled(outboxId, 'letter');
  }

  /**
   * Says what the check found; final. A false commitment becomes an adverse record, its entry and the step
   * that names it in one database transaction: all of them or none.
   * Errors: `LETTER_STATE_WRONG`, `LETTER_OUTCOME_INVALID`, `LETTER_LEGAL_BASIS_MISSING`,
   * `LETTER_ENTRY_MISSING`, `LETTER_RECORD_KNOWN`, `REGISTER_NOT_OPEN`, `ENTRY_FIELD_OUT_OF_RANGE`.
   */
  async check(id: bigint, finding: Finding, by: string): Promise<Settling> {
    const { outboxId } = await this.#desk.take(async (tx) => {
      const self = await this.#desk.authority(tx);
      const letter = await loadLetter(tx, this.#desk.followed, id);
      const said = requirePossible(letter, 'check', self.id);
      if (!finding.kept) return this.#broken(tx, { id, letter, said, self, finding, by });
      const step = this.#kept(id, said, finding, by);
      await takeBack(tx, this.#desk, leftBehind(letter.steps));
      return step;
    });
    return this.#desk.settled(outboxId, 'letter');
  }

  #kept(id: bigint, said: LetterSaid, finding: Finding, by: string): PlannedStep {
    if (finding.broken !== undefined) throw letterError('LETTER_OUTCOME_INVALID', { kept: true });
    const document = statement('letter-finding', `letter:${said.letterId}`, { finding: finding.finding });
    return this.#checkStep(id, by, { document }, [
      said.letterId,
      true,
      saltedHash(document),
      ordinalOf(LETTER_OUTCOMES, 'none'),
      NO_HASH,
      NO_HASH,
    ]);
  }

  async #broken(
    tx: Database,
    parts: {
      readonly id: bigint;
      readonly letter: LoadedLetter;
      readonly said: LetterSaid;
      readonly self: MemberSaid;
      readonly finding: Finding;
      readonly by: string;
    },
  ): Promise<PlannedStep> {
    const { id, letter, said, self, finding, by } = parts;
    const { broken } = finding;
    if (broken === undefined) throw letterError('LETTER_OUTCOME_INVALID', { kept: false });
    const legalBasis = broken.legalBasis.trim();
    if (legalBasis === '') throw letterError('LETTER_LEGAL_BASIS_MISSING');
    if (broken.record.severityBasis.trim() === '') throw letterError('LETTER_ENTRY_MISSING');
    const made = await this.#record(tx, { letter, said, self, finding, broken });
    const about = `letter:${said.letterId}`;
    const document = statement('letter-finding', about, { finding: finding.finding });
    const basis = statement('letter-legal-basis', about, { outcome: broken.outcome, legalBasis });
    const detail = {
      document,
      legalBasis: basis,
      entry: { registerId: made.registerId.toString(), entryId: made.entryId.toString(), salt: made.salt },
    };
    return {
      ...this.#checkStep(id, by, detail, [
        said.letterId,
        false,
        saltedHash(document),
        ordinalOf(LETTER_OUTCOMES, broken.outcome),
        saltedHash(basis),
        made.entryCommitment,
      ]),
      recordId: made.recordId,
    };
  }

  async #record(
    tx: Database,
    parts: {
      readonly letter: LoadedLetter;
      readonly said: LetterSaid;
      readonly self: MemberSaid;
      readonly finding: Finding;
      readonly broken: NonNullable<Finding['broken']>;
    },
  ): Promise<MadeRecord> {
    const { letter, said, self, finding, broken } = parts;
    const item = await this.#items.get(tx, said.itemId, said.itemVersion);
    return recordAdverse(tx, this.#desk, {
      kind: BROKEN_COMMITMENT,
      subject: { uscc: letter.row.uscc, name: letter.row.subjectName },
      source: self,
      terms: broken.record,
      day: this.#desk.today(),
      fields: [
        { name: '告知承诺书编号', value: said.letterId.toString() },
        { name: '告知承诺书摘要', value: said.digest ?? '' },
        { name: '事项名称', value: item?.title ?? '' },
        { name: '核查认定', value: finding.finding },
        { name: '处理结果', value: LETTER_OUTCOME_NAMES[broken.outcome].zh },
        { name: '法律依据', value: broken.legalBasis.trim() },
      ],
      leftBehind: leftBehind(letter.steps),
    });
  }

  #checkStep(
    id: bigint,
    by: string,
    detail: Readonly<Record<string, unknown>>,
    args: readonly [bigint, boolean, Hex, number, Hex, Hex],
  ): PlannedStep {
    return {
      about: 'letter',
      key: id.toString(),
      action: 'check',
      detail,
      to: this.#desk.parts.contracts.letters,
      data: encodeFunctionData({ abi: commitmentLettersAbi, functionName: 'check', args }),
      by,
    };
  }

  #requireCheck(said: LetterSaid, { mode, checkBy }: Decision): void {
    const today = this.#desk.today();
    const drawId = said.notice?.drawId ?? 0n;
    const fits =
      mode === 'exempt' ? checkBy === undefined && drawId === 0n : checkBy !== undefined && checkBy >= today;
    if (fits) return;
    throw letterErrorWith(
      'LETTER_CHECK_INVALID',
      { en: `Today is ${dayWords(today)}.`, zh: `今日为 ${dayWords(today)}。` },
      { mode, checkBy: checkBy ?? null, today, drawId },
    );
  }
}
