import {
  LETTER_COPY_FORMAT,
  type LetterCopy,
  type LetterDocument,
  type PublicScope,
} from '@credit-ledger/sdk/answer';
import { type Day, dayAt, type Hex, type PublicReason } from '@credit-ledger/sdk/protocol';
import { LetterStore } from '../store/letters.ts';
import { StepStore } from '../store/letter-steps.ts';
import { type Desk, standingStep } from './desk.ts';
import type { Items } from './items.ts';
import { informedParts, loadLetter, stateWrong, stateOf } from './letter-rows.ts';
import { foldLetters } from './letter-facts.ts';
import type { Pledges } from './pledges.ts';

/** The two copies of a promised letter (一式两份): the agency's and the applicant's, each a receipt. */
export async function copiesOf(desk: Desk, id: bigint): Promise<readonly [LetterCopy, LetterCopy]> {
  const letter = await loadLetter(desk.parts.db, desk.followed, id);
  const { said } = letter;
  const promised = said?.history.find(({ event }) => event === 'LetterPromised');
  const step = standingStep(letter.steps, 'make-promise');
  if (
    said === undefined ||
    said.notice === null ||
    said.digest === null ||
    promised === undefined ||
    step === undefined
  ) {
    throw stateWrong(stateOf(letter), 'make-promise');
  }
  const { document, scope, nonce } = informedParts(letter);
  const { signatures } = step.detail as { signatures: LetterCopy['signatures'] };
  const { promiseBy: _, drawId, ...terms } = said.notice;
  const copy = (holder: LetterCopy['holder']): LetterCopy => ({
    format: LETTER_COPY_FORMAT,
    holder,
    chainId: desk.parts.chainId.toString(),
    contract: desk.parts.contracts.letters.toLowerCase() as Hex,
    document: document as unknown as LetterDocument,
    publicScope: scope as unknown as PublicScope | null,
    nonce,
    terms: { ...terms, drawId: drawId.toString() },
    digest: said.digest ?? '0x',
    signatures,
    anchored: {
      transactionHash: promised.transactionHash,
      blockNumber: promised.blockNumber.toString(),
      time: Number(promised.time),
    },
  });
  return [copy('agency'), copy('applicant')];
}

/** A published letter as the public sees it. */
export interface PublicLetter {
  readonly letterId: bigint;
  readonly itemTitle: string;
  readonly applicant: { readonly name: string; readonly creditCode: string };
  readonly reason: PublicReason;
  readonly scope: string;
  readonly from: Day;
  readonly until: Day;
  readonly digest: Hex;
}

/** A published pledge as the public sees it. */
export interface PublicPledge {
  readonly pledgeId: bigint;
  readonly kind: 'comprehensive' | 'productQuality';
  readonly pledger: { readonly name: string; readonly creditCode: string };
  readonly text: string;
  readonly scope: string;
  readonly from: Day;
  readonly until: Day;
  readonly documentHash: Hex;
  readonly observations: number;
}

/**
 * Letters of ours that are published now: promised, not ended since, and their last day has not passed. Of
 * the document no more than name and code of the applicant and the title of the item.
 */
export async function publicLetters(desk: Desk, items: Items): Promise<PublicLetter[]> {
  const { db, memberId } = desk.parts;
  const self = await memberId(db);
  const events = await desk.followed.events(db, 'CommitmentLetters');
  const today = desk.today();
  const shown = [...foldLetters(events).values()].filter(
    ({ publicReason, state, notice, authority }) =>
      authority === self &&
      publicReason !== 'none' &&
      state !== 'withdrawn' &&
      state !== 'terminated' &&
      notice !== null &&
      notice.publicUntil >= today,
  );
  const rows = await new LetterStore(db).byChainIds(shown.map(({ letterId }) => letterId.toString()));
  const letters: PublicLetter[] = [];
  for (const said of shown) {
    const row = rows.get(said.letterId.toString());
    const published = said.history.find(({ event }) => event === 'LetterPublished');
    if (row === undefined || published === undefined || said.notice === null) continue;
    const steps = await new StepStore(db).of('letter', [row.id.toString()]);
    const { scope } = (standingStep(steps, 'inform')?.detail ?? {}) as { scope?: PublicScope };
    const item = await items.get(db, said.itemId, said.itemVersion);
    letters.push({
      letterId: said.letterId,
      itemTitle: item?.title ?? '',
      applicant: { name: row.subjectName, creditCode: row.uscc },
      reason: said.publicReason,
      scope: scope?.scope ?? '',
      from: dayAt(published.time),
      until: said.notice.publicUntil as Day,
      digest: said.digest ?? '0x',
    });
  }
  return letters;
}

/** Pledges published through this association and standing now. */
export async function publicPledges(pledges: Pledges): Promise<PublicPledge[]> {
  return (await pledges.list()).flatMap(({ said, row, isPublic }) => {
    if (row === undefined || !isPublic) return [];
    return [
      {
        pledgeId: said.pledgeId,
        kind: said.kind,
        pledger: { name: row.subjectName, creditCode: row.uscc },
        text: String(row.document['text'] ?? ''),
        scope: String(row.scope['scope'] ?? ''),
        from: dayAt(said.published.time),
        until: said.publicUntil,
        documentHash: said.documentHash,
        observations: said.observations.length,
      },
    ];
  });
}
