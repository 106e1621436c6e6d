import type { LetterDocument, PublicScope } from '@credit-ledger/sdk/answer';
import { commitmentLettersAbi } from '@credit-ledger/sdk/chain';
import {
  type Day,
  type Hex,
  LETTER_REFUSAL_REASONS,
  LETTER_TYPES,
  type LetterRefusalReason,
  parseUscc,
  randomNonce,
  saltedHash,
  subjectTagOf,
  toBytes32,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { encodeFunctionData, hexToBytes } from 'viem';
import type { Database } from '../store/index.ts';
import { type LetterRow, LetterStore, type PromiseSignatures } from '../store/letters.ts';
import type { Desk, Settling } from './desk.ts';
import { letterDocument, publicScope, statement } from './documents.ts';
import { letterError, letterErrorWith, momentWords, requiredReason } from './errors.ts';
import { hex, type MemberSaid } from './followed.ts';
import type { Items, ItemView } from './items.ts';
import { drawsSaid, type LetterSaid, lettersSaid } from './letter-facts.ts';
import { informedParts, loadLetter, requirePossible, stateOf, stateWrong } from './letter-rows.ts';
import { isSignedBy, type TypedDocument, typedDocument } from './signatures.ts';
import { ordinalOf } from './words.ts';

/** A letter as it is offered: nothing of the applicant goes on chain yet. */
export interface NewLetter {
  readonly itemId: Hex;
  readonly templateId: Hex;
  /** Unified social credit code and name; they stay here. */
  readonly creditCode: string;
  readonly name: string;
}

/** What the applicant is informed of, once and for all (一次性告知). */
export interface Notice {
  /** The address of the applicant's key for this letter alone. */
  readonly applicant: Hex;
  /** What the applicant filled in. */
  readonly application: Readonly<Record<string, string>>;
  /** Last second for the promise; in seven days by default. */
  readonly promiseBy?: bigint | undefined;
  /** Exactly when the item says why its letters are published. */
  readonly publication?: { readonly scope: string; readonly until: Day } | undefined;
  /** An open draw of ours that decides whether the promise is checked. */
  readonly drawId?: bigint | undefined;
}

/** What the applicant is given to sign. */
export interface Informed {
  readonly document: LetterDocument;
  readonly publicScope: PublicScope | null;
  readonly typedData: TypedDocument;
  readonly settling: Settling;
}

const DAY_SECONDS = 86_400n;
const MOST_LEAD_SECONDS = 30n * DAY_SECONDS;
const DEFAULT_LEAD_SECONDS = 7n * DAY_SECONDS;
const NO_HASH: Hex = `0x${'0'.repeat(64)}`;

/** Letters from the offer to the promise, and the ways aside; see checks.ts for what follows. */
export class Letters {
  readonly #desk: Desk;
  readonly #items: Items;
  readonly #promised: (letterId: bigint) => void;

  /** `promised` is told of every letter whose promise is to be seen to. */
  constructor(desk: Desk, items: Items, promised: (letterId: bigint) => void) {
    this.#desk = desk;
    this.#items = items;
    this.#promised = promised;
  }

  /**
   * Offers a letter of an item in force; returns its number here.
   * Errors: `USCC_…`, `LETTER_NOT_AUTHORITY`, `LETTER_ITEM_…`, `LETTER_TEMPLATE_UNKNOWN`.
   */
  async offer(letter: NewLetter, by: string): Promise<{ readonly id: bigint; readonly settling: Settling }> {
    const uscc = parseUscc(letter.creditCode);
    const { outboxId, planned } = await this.#desk.take(async (tx) => {
      const self = await this.#desk.authority(tx);
      const item = await this.#itemInForce(tx, letter.itemId, self);
      const store = new LetterStore(tx);
      const template = await store.template(hexToBytes(letter.templateId));
      if (
        !item.templates.some(({ templateId }) => templateId === letter.templateId) ||
        template === undefined
      ) {
        throw letterError('LETTER_TEMPLATE_UNKNOWN', {
          templateId: letter.templateId,
          itemId: letter.itemId,
        });
      }
      const id = await store.insert({
        itemId: hexToBytes(item.itemId),
        itemVersion: item.version,
        templateId: hexToBytes(letter.templateId),
        uscc,
        subjectName: letter.name,
        offeredBy: by,
        createdAt: this.#desk.parts.clock.now(),
      });
      return {
        about: 'letter',
        key: id.toString(),
        action: 'offer',
        detail: {},
        to: this.#contract,
        data: encodeFunctionData({
          abi: commitmentLettersAbi,
          functionName: 'offer',
          args: [item.itemId, item.version, letter.templateId],
        }),
        by,
      };
    });
    return { id: BigInt(planned.key), settling: await this.#desk.settled(outboxId, 'letter') };
  }

  /**
   * Informs the applicant: makes the document and fixes everything that both will sign.
   * Errors: `LETTER_STATE_WRONG`, `LETTER_APPLICANT_…`, `LETTER_PUBLICATION_INVALID`,
   * `LETTER_PROMISE_BY_INVALID`, `LETTER_DRAW_…`, `STEP_ON_ITS_WAY`.
   */
  async inform(id: bigint, notice: Notice, by: string): Promise<Informed> {
    const { outboxId, planned } = await this.#desk.take(async (tx) => {
      const self = await this.#desk.authority(tx);
      const letter = await loadLetter(tx, this.#desk.followed, id);
      const said = requirePossible(letter, 'inform', self.id);
      const applicant = notice.applicant.toLowerCase() as Hex;
      await this.#requireFreshApplicant(tx, applicant, self.id);
      const item = await this.#items.get(tx, said.itemId, said.itemVersion);
      if (item === undefined) throw letterError('LETTER_ITEM_UNKNOWN', { itemId: said.itemId });
      this.#requirePublication(item, notice.publication);
      const promiseBy = await this.#promiseBy(tx, notice, self.id);

      const nonce = randomNonce();
      const document = await this.#document(tx, { row: letter.row, said, item, self, notice });
      const scope = notice.publication === undefined ? null : publicScope(notice.publication.scope);
      const terms = {
        subjectTag: toBytes32(subjectTagOf(letter.row.uscc as Uscc, nonce)),
        applicant,
        documentHash: saltedHash(document),
        publicScopeHash: scope === null ? NO_HASH : saltedHash(scope),
        publicUntil: notice.publication?.until ?? 0,
        drawId: notice.drawId ?? 0n,
      };
      return {
        about: 'letter',
        key: id.toString(),
        action: 'inform',
        detail: { document, scope, nonce: toBytes32(nonce) },
        to: this.#contract,
        data: encodeFunctionData({
          abi: commitmentLettersAbi,
          functionName: 'inform',
          args: [said.letterId, { ...terms, promiseBy }],
        }),
        by,
        reply: {
          document,
          publicScope: scope,
          typedData: this.typedLetter({ ...said, notice: { ...terms, promiseBy } }),
        },
      };
    });
    return { ...planned.reply, settling: await this.#desk.settled(outboxId, 'letter') };
  }

  /**
   * What the applicant was given to sign, once more. Errors: `LETTER_UNKNOWN`, `LETTER_STATE_WRONG` when it was
   * not informed.
   */
  async toSign(id: bigint): Promise<Omit<Informed, 'settling'>> {
    const letter = await loadLetter(this.#desk.parts.db, this.#desk.followed, id);
    const { said } = letter;
    if (said === undefined || said.notice === null) throw stateWrong(stateOf(letter), 'make-promise');
    const { document, scope } = informedParts(letter);
    return {
      document: document as unknown as LetterDocument,
      publicScope: scope as unknown as PublicScope | null,
      typedData: this.typedLetter(said),
    };
  }

  /** What both copies of an informed letter sign. */
  typedLetter(
    said: Pick<LetterSaid, 'letterId' | 'authority' | 'itemId' | 'itemVersion' | 'templateId' | 'notice'>,
  ): TypedDocument {
    const { letterId, authority, itemId, itemVersion, templateId, notice } = said;
    if (notice === null) throw new RangeError('the letter was not informed');
    const { subjectTag, applicant, documentHash, publicScopeHash, publicUntil, drawId } = notice;
    return typedDocument(this.#ledger, LETTER_TYPES, {
      letterId,
      authority,
      itemId,
      itemVersion,
      templateId,
      subjectTag,
      applicant,
      documentHash,
      publicScopeHash,
      publicUntil,
      drawId,
    });
  }

  /**
   * Takes the applicant's signature and puts the promise on its way: the registers are asked in the
   * background, and when all say YES it is sent. Nothing is kept when the signature is wrong.
   * Errors: `LETTER_STATE_WRONG`, `LETTER_TOO_LATE`, `LETTER_WRONG_APPLICANT_SIGNATURE`,
   * `LETTER_WRONG_BOUND_SIGNATURE`, `LETTER_NOT_ELIGIBLE`, `STEP_ON_ITS_WAY`.
   */
  async promise(id: bigint, signatures: PromiseSignatures, by: string): Promise<void> {
    await this.#desk.parts.db.transaction(async (tx) => {
      const self = await this.#desk.authority(tx);
      const letter = await loadLetter(tx, this.#desk.followed, id);
      const said = requirePossible(letter, 'make-promise', self.id);
      requireInTime(said, this.#desk.now());
      requireSigned(said, signatures);
      if (letter.promise?.state === 'asking') {
        throw letterError('STEP_ON_ITS_WAY', { action: 'make-promise', state: 'asking' });
      }
      if (letter.promise?.state === 'not-eligible') throw letterError('LETTER_NOT_ELIGIBLE');
      await new LetterStore(tx).startPromise(id, signatures, by, this.#desk.parts.clock.now());
      tx.afterCommit(() => this.#promised(id));
    });
  }

  /** The ordinary procedure is taken. Errors: `LETTER_STATE_WRONG`, `STEP_ON_ITS_WAY`. */
  async refuse(id: bigint, reason: Exclude<LetterRefusalReason, 'none'>, by: string): Promise<Settling> {
    const { outboxId } = await this.#desk.take(async (tx) => {
      const self = await this.#desk.authority(tx);
      const said = requirePossible(await loadLetter(tx, this.#desk.followed, id), 'refuse', self.id);
      return {
        about: 'letter',
        key: id.toString(),
        action: 'refuse',
        detail: {},
        to: this.#contract,
        data: encodeFunctionData({
          abi: commitmentLettersAbi,
          functionName: 'refuse',
          args: [said.letterId, ordinalOf(LETTER_REFUSAL_REASONS, reason)],
        }),
        by,
      };
    });
    return this.#desk.settled(outboxId, 'letter');
  }

  /** Ends a letter before the decision. Errors: `LETTER_STATE_WRONG`, `LETTER_REASON_MISSING`, `STEP_ON_ITS_WAY`. */
  async terminate(id: bigint, reason: string, by: string): Promise<Settling> {
    const { outboxId } = await this.#desk.take(async (tx) => {
      const self = await this.#desk.authority(tx);
      const said = requirePossible(await loadLetter(tx, this.#desk.followed, id), 'terminate', self.id);
      const document = statement('letter-termination', `letter:${said.letterId}`, {
        reason: requiredReason(reason),
      });
      return {
        about: 'letter',
        key: id.toString(),
        action: 'terminate',
        detail: { document },
        to: this.#contract,
        data: encodeFunctionData({
          abi: commitmentLettersAbi,
          functionName: 'terminate',
          args: [said.letterId, saltedHash(document)],
        }),
        by,
      };
    });
    return this.#desk.settled(outboxId, 'letter');
  }

  get #contract(): Hex {
    return this.#desk.parts.contracts.letters;
  }

  get #ledger(): { chainId: number; contract: Hex } {
    return { chainId: this.#desk.parts.chainId, contract: this.#contract };
  }

  async #itemInForce(tx: Database, itemId: Hex, self: MemberSaid): Promise<ItemView> {
    const item = await this.#items.get(tx, itemId);
    if (item === undefined) throw letterError('LETTER_ITEM_UNKNOWN', { itemId });
    if (item.owner !== self.id) throw letterError('LETTER_ITEM_NOT_YOURS', { itemId, owner: item.owner });
    if (!item.inForce) throw letterError('LETTER_ITEM_NOT_IN_FORCE', { itemId, version: item.version });
    return item;
  }

  async #requireFreshApplicant(tx: Database, applicant: Hex, selfId: bigint): Promise<void> {
    const { followed } = this.#desk;
    if (BigInt(applicant) === 0n || (await followed.isMembersKey(tx, applicant))) {
      throw letterError('LETTER_APPLICANT_INVALID', { applicant });
    }
    const informed = await followed.events(tx, 'CommitmentLetters', {
      names: ['LetterInformed'],
      arg: { name: 'notice.applicant', values: [applicant] },
    });
    for (const event of informed) {
      if (event.name !== 'LetterInformed') continue;
      const { letterId, authority } = event.args;
      // Of another authority a key counts once it has promised: till then anybody could have named it.
      const said = (await lettersSaid(tx, followed, [letterId])).get(letterId);
      if (authority === selfId || (said !== undefined && said.copies !== null)) {
        throw letterError('LETTER_APPLICANT_KEY_USED', { applicant, letterId });
      }
    }
  }

  #requirePublication(item: ItemView, publication: Notice['publication']): void {
    const isPublished = item.publicReason !== 'none';
    const today = this.#desk.today();
    const fits = publication === undefined ? !isPublished : isPublished && publication.until >= today;
    if (fits && publication?.scope.trim() !== '') return;
    throw letterError('LETTER_PUBLICATION_INVALID', {
      publicReason: item.publicReason,
      publicUntil: publication?.until ?? null,
      today,
    });
  }

  async #promiseBy(tx: Database, notice: Notice, selfId: bigint): Promise<bigint> {
    const earliest = this.#desk.now();
    let latest = earliest + MOST_LEAD_SECONDS;
    if (notice.drawId !== undefined) {
      const draw = (await drawsSaid(tx, this.#desk.followed, [notice.drawId])).get(notice.drawId);
      if (draw === undefined) throw letterError('LETTER_DRAW_UNKNOWN', { drawId: notice.drawId });
      if (draw.authority !== selfId) throw letterError('LETTER_DRAW_NOT_YOURS', { drawId: draw.drawId });
      if (earliest >= draw.closesAt) {
        throw letterErrorWith(
          'LETTER_DRAW_CLOSED',
          {
            en: `It closed ${momentWords(draw.closesAt)}.`,
            zh: `截止时间为 ${momentWords(draw.closesAt)}。`,
          },
          { drawId: draw.drawId, closesAt: draw.closesAt },
        );
      }
      if (latest >= draw.closesAt) latest = draw.closesAt - 1n;
    }
    const usual = earliest + DEFAULT_LEAD_SECONDS;
    const promiseBy = notice.promiseBy ?? (usual < latest ? usual : latest);
    if (promiseBy < earliest || promiseBy > latest) {
      throw letterErrorWith(
        'LETTER_PROMISE_BY_INVALID',
        { en: `The latest is ${momentWords(latest)}.`, zh: `最晚为 ${momentWords(latest)}。` },
        { promiseBy, earliest, latest },
      );
    }
    return promiseBy;
  }

  async #document(
    tx: Database,
    parts: {
      readonly row: LetterRow;
      readonly said: LetterSaid;
      readonly item: ItemView;
      readonly self: MemberSaid;
      readonly notice: Notice;
    },
  ): Promise<LetterDocument> {
    const { row, said, item, self, notice } = parts;
    const template = await new LetterStore(tx).template(row.templateId);
    if (template === undefined) {
      throw letterError('LETTER_TEMPLATE_UNKNOWN', { templateId: hex(row.templateId) });
    }
    return letterDocument({
      letterId: said.letterId.toString(),
      authority: { member: self.id.toString(), name: self.name, creditCode: self.creditCode },
      item: { id: item.itemId, version: item.version, title: item.title, legalBasis: item.legalBasis },
      template: { id: said.templateId, told: template.told, confirmed: template.confirmed },
      applicant: { name: row.subjectName, creditCode: row.uscc },
      application: notice.application,
    });
  }
}

/** @throws LedgerError LETTER_TOO_LATE, with the time */
export function requireInTime(said: LetterSaid, now: bigint): void {
  if (said.notice === null || now <= said.notice.promiseBy) return;
  const { promiseBy } = said.notice;
  throw letterErrorWith(
    'LETTER_TOO_LATE',
    { en: `It was ${momentWords(promiseBy)}.`, zh: `期限为 ${momentWords(promiseBy)}。` },
    { letterId: said.letterId, promiseBy },
  );
}

function requireSigned(said: LetterSaid, { applicant, bound }: PromiseSignatures): void {
  if (said.digest === null || said.notice === null) throw new RangeError('the letter was not informed');
  if (!isSignedBy(said.digest, applicant as Hex, said.notice.applicant)) {
    throw letterError('LETTER_WRONG_APPLICANT_SIGNATURE', { letterId: said.letterId });
  }
  if (bound !== null && !isSignedBy(said.digest, bound.signature as Hex, bound.address as Hex)) {
    throw letterError('LETTER_WRONG_BOUND_SIGNATURE', { letterId: said.letterId, address: bound.address });
  }
}
