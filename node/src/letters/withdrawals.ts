import { commitmentLettersAbi } from '@credit-ledger/sdk/chain';
import { type Hex, saltedHash, WITHDRAWAL_TYPES } from '@credit-ledger/sdk/protocol';
import { encodeFunctionData } from 'viem';
import { StepStore } from '../store/letter-steps.ts';
import { type Desk, type PlannedStep, requireIdle, type Settling } from './desk.ts';
import { type Salted, statement } from './documents.ts';
import { letterError, requiredReason } from './errors.ts';
import { type LetterSaid, lettersSaid } from './letter-facts.ts';
import { loadLetter, possibleActions, requirePossible, stateOf, stateWrong } from './letter-rows.ts';
import { isSignedBy, type TypedDocument, typedDocument } from './signatures.ts';

/** The applicant's way out before the decision; it leaves no adverse trace. */
export class Withdrawals {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Draws up a withdrawal for the applicant to sign; nothing is kept. Errors: `LETTER_STATE_WRONG`, `LETTER_REASON_MISSING`. */
  async drawUp(
    id: bigint,
    reason: string,
  ): Promise<{ readonly document: Salted; readonly typedData: TypedDocument }> {
    const { parts, followed } = this.#desk;
    const letter = await loadLetter(parts.db, followed, id);
    const { said } = letter;
    const state = stateOf(letter);
    if (said === undefined || !possibleActions(state).includes('withdraw')) {
      throw stateWrong(state, 'withdraw');
    }
    const document = statement('letter-withdrawal', `letter:${said.letterId}`, {
      reason: requiredReason(reason),
    });
    return { document, typedData: this.#typed(said.letterId, saltedHash(document)) };
  }

  /**
   * Relays the applicant's withdrawal of a letter of ours.
   * Errors: `LETTER_STATE_WRONG`, `LETTER_WRONG_APPLICANT_SIGNATURE`, `DOCUMENT_NOT_SALTED`.
   */
  async withdraw(id: bigint, document: Salted, signature: Hex, by: string): Promise<Settling> {
    const { outboxId } = await this.#desk.take(async (tx) => {
      const self = await this.#desk.authority(tx);
      const said = requirePossible(await loadLetter(tx, this.#desk.followed, id), 'withdraw', self.id);
      return this.#step(id.toString(), said, saltedHash(document), { document }, signature, by);
    });
    return this.#desk.settled(outboxId, 'letter');
  }

  /**
   * Relays a withdrawal of any authority's letter: no applicant depends on the authority that it withdraws from.
   * Errors: as {@link withdraw}, `LETTER_UNKNOWN`.
   */
  async relay(letterId: bigint, reasonHash: Hex, signature: Hex, by: string): Promise<Settling> {
    const key = `chain:${letterId}`;
    const { outboxId } = await this.#desk.take(async (tx) => {
      await this.#desk.self(tx);
      requireIdle(await new StepStore(tx).of('letter', [key]));
      const said = (await lettersSaid(tx, this.#desk.followed, [letterId])).get(letterId);
      if (said === undefined) throw letterError('LETTER_UNKNOWN', { letterId });
      if (!possibleActions(said.state).includes('withdraw')) throw stateWrong(said.state, 'withdraw');
      return this.#step(key, said, reasonHash, {}, signature, by);
    });
    return this.#desk.settled(outboxId, 'letter');
  }

  #typed(letterId: bigint, reasonHash: Hex): TypedDocument {
    const { chainId, contracts } = this.#desk.parts;
    return typedDocument({ chainId, contract: contracts.letters }, WITHDRAWAL_TYPES, {
      letterId,
      reasonHash,
    });
  }

  #step(
    key: string,
    said: LetterSaid,
    reasonHash: Hex,
    detail: Readonly<Record<string, unknown>>,
    signature: Hex,
    by: string,
  ): PlannedStep {
    const typed = this.#typed(said.letterId, reasonHash);
    if (said.notice === null || !isSignedBy(typed, signature, said.notice.applicant)) {
      throw letterError('LETTER_WRONG_APPLICANT_SIGNATURE', { letterId: said.letterId });
    }
    return {
      about: 'letter',
      key,
      action: 'withdraw',
      detail: { ...detail, signature },
      to: this.#desk.parts.contracts.letters,
      data: encodeFunctionData({
        abi: commitmentLettersAbi,
        functionName: 'withdraw',
        args: [said.letterId, reasonHash, signature],
      }),
      by,
    };
  }
}
