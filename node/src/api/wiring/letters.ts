import { type Day, dayOfDate, type Hex, OPEN_END, parseUscc, saltedHash } from '@credit-ledger/sdk/protocol';
import {
  digestOf,
  type DrawView,
  type Informed,
  type ItemView,
  type LetterView,
  type Place,
  type RecordTerms,
  type Salted,
  type Settling,
  type TypedDocument,
} from '../../letters/index.ts';
import type { Rooms } from '../rooms.ts';
import type { PageOf } from '../schemas/common.ts';
import type * as Api from '../schemas/letters.ts';
import type { LettersPort } from '../services.ts';
import { pageFrom } from './intake.ts';
import { dateText, momentOf } from './words.ts';

/** Commitment letters, in the words of the API. */
export class LettersOf implements LettersPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  get #room() {
    return this.#rooms.letters;
  }

  async items(): Promise<Api.LetterItem[]> {
    return (await this.#room.items.list()).map(itemView);
  }

  async publishItem(item: Api.PublishItem, by: string): Promise<Api.ItemDone> {
    const { touchesStateSecurity, touchesPublicSafety, touchesLifeOrHealth, registers, ...rest } = item;
    const { itemId, settling } = await this.#room.items.publish(
      {
        ...rest,
        touches: {
          stateSecurity: touchesStateSecurity,
          publicSafety: touchesPublicSafety,
          lifeOrHealth: touchesLifeOrHealth,
        },
        registers: registers?.map(BigInt),
      },
      by,
    );
    return { onItsWay: isOnItsWay(settling), itemId, templateId: null };
  }

  async withdrawItem(itemId: string, by: string): Promise<Api.ItemDone> {
    const settling = await this.#room.items.withdraw(itemId as Hex, by);
    return { onItsWay: isOnItsWay(settling), itemId, templateId: null };
  }

  async publishTemplate(itemId: string, texts: Api.PublishTemplate, by: string): Promise<Api.ItemDone> {
    const { templateId, settling } = await this.#room.items.publishTemplate(
      itemId as Hex,
      texts as never,
      by,
    );
    return { onItsWay: isOnItsWay(settling), itemId, templateId };
  }

  async offer(letter: Api.OfferLetter, by: string): Promise<Api.LetterDetail> {
    const { itemId, templateId, subject, name } = letter;
    const { id } = await this.#room.letters.offer(
      { itemId: itemId as Hex, templateId: templateId as Hex, creditCode: parseUscc(subject), name },
      by,
    );
    return this.get(id);
  }

  async list(
    uscc: string | undefined,
    page: { limit: number; after?: string | undefined },
  ): Promise<PageOf<Api.Letter>> {
    const views = await this.#room.views.list({
      uscc,
      before: page.after === undefined ? undefined : BigInt(page.after),
      limit: page.limit + 1,
    });
    return pageFrom(views, page.limit, letterView, ({ id }) => id);
  }

  async get(id: bigint): Promise<Api.LetterDetail> {
    return detailView(await this.#room.views.get(id));
  }

  async inform(id: bigint, notice: Api.InformApplicant, by: string): Promise<Api.InformedLetter> {
    const { applicant, application, promiseBy, publication, drawId } = notice;
    const informed = await this.#room.letters.inform(
      id,
      {
        applicant: applicant as Hex,
        application,
        promiseBy: promiseBy === undefined ? undefined : secondsOf(promiseBy),
        publication:
          publication === undefined
            ? undefined
            : { scope: publication.scope, until: dayOfDate(publication.until) },
        drawId: drawId === undefined ? undefined : BigInt(drawId),
      },
      by,
    );
    return { letter: await this.get(id), ...toSignView(informed) };
  }

  async toSign(id: bigint): Promise<Api.LetterToSign> {
    return toSignView(await this.#room.letters.toSign(id));
  }

  async promise(id: bigint, signed: Api.PromiseLetter, by: string): Promise<Api.LetterDetail> {
    const { signature, boundSignature } = signed;
    const bound =
      boundSignature === undefined
        ? null
        : { ...boundSignature, address: boundSignature.address.toLowerCase() };
    await this.#room.letters.promise(id, { applicant: signature, bound }, by);
    return this.get(id);
  }

  async decide(id: bigint, decision: Api.DecideLetter, by: string): Promise<Api.LetterDetail> {
    const { checkBy, ...rest } = decision;
    await this.#room.checks.decide(
      id,
      { ...rest, checkBy: checkBy === undefined ? undefined : dayOfDate(checkBy) },
      by,
    );
    return this.get(id);
  }

  async check(id: bigint, finding: Api.CheckLetter, by: string): Promise<Api.LetterDetail> {
    const { kept, finding: found, broken } = finding;
    await this.#room.checks.check(
      id,
      {
        kept,
        finding: found,
        broken: broken === undefined ? undefined : { ...broken, record: recordTerms(broken.record) },
      },
      by,
    );
    return this.get(id);
  }

  async drawUpWithdrawal(id: bigint, reason: string): Promise<Api.Withdrawal> {
    const { document, typedData } = await this.#room.withdrawals.drawUp(id, reason);
    return {
      document: saltedView(document),
      reasonHash: saltedHash(document),
      typedData: typedView(typedData),
    };
  }

  async withdraw(id: bigint, withdrawal: Api.WithdrawLetter, by: string): Promise<Api.LetterDetail> {
    await this.#room.withdrawals.withdraw(id, withdrawal.document, withdrawal.signature as Hex, by);
    return this.get(id);
  }

  async relayWithdrawal(withdrawal: Api.RelayWithdrawal, by: string): Promise<Api.Relayed> {
    const { letterId, reasonHash, signature } = withdrawal;
    const settling = await this.#room.withdrawals.relay(
      BigInt(letterId),
      reasonHash as Hex,
      signature as Hex,
      by,
    );
    return { onItsWay: isOnItsWay(settling) };
  }

  async refuse(id: bigint, refusal: Api.RefuseLetter, by: string): Promise<Api.LetterDetail> {
    await this.#room.letters.refuse(id, refusal.reason, by);
    return this.get(id);
  }

  async terminate(id: bigint, reason: string, by: string): Promise<Api.LetterDetail> {
    await this.#room.letters.terminate(id, reason, by);
    return this.get(id);
  }

  async copies(id: bigint): Promise<Api.LetterCopies> {
    return { items: (await this.#room.copies(id)).map((copy) => ({ ...copy })) };
  }

  async draws(): Promise<Api.Draw[]> {
    return (await this.#room.draws.list()).map(drawView);
  }

  async openDraw(draw: Api.OpenDraw, by: string): Promise<Api.DrawDone> {
    const { drawId, settling } = await this.#room.draws.open(
      { rateBasisPoints: draw.rateBasisPoints, closesAt: secondsOf(draw.closesAt) },
      by,
    );
    return { onItsWay: isOnItsWay(settling), drawId: drawId?.toString() ?? null };
  }

  async revealDraw(drawId: bigint, by: string): Promise<Api.DrawDone> {
    const settling = await this.#room.draws.reveal(drawId, by);
    return { onItsWay: isOnItsWay(settling), drawId: drawId.toString() };
  }
}

function itemView(item: ItemView): Api.LetterItem {
  return {
    id: item.itemId,
    owner: item.owner.toString(),
    own: item.own,
    slug: item.slug,
    version: item.version,
    inForce: item.inForce,
    title: item.title,
    legalBasis: item.legalBasis,
    registers: item.registers.map(String),
    claimMaxAgeSeconds: item.claimMaxAgeSeconds,
    publicReason: item.publicReason,
    publishedAt: momentOf(item.published.time),
    blockNumber: item.published.blockNumber.toString(),
    templates: item.templates.map(({ templateId, publishedAt, told, confirmed }) => ({
      id: templateId,
      publishedAt: momentOf(publishedAt),
      told: told === null ? null : { ...told },
      confirmed: confirmed === null ? null : { ...confirmed },
    })),
  };
}

function letterView(view: LetterView): Api.Letter {
  return {
    id: view.id.toString(),
    letterId: view.letterId?.toString() ?? null,
    itemId: view.itemId,
    itemVersion: view.itemVersion,
    itemTitle: view.itemTitle,
    templateId: view.templateId,
    state: view.state,
    possible: [...view.possible],
    pending: view.pending === null ? null : { ...view.pending },
    failed: view.failed === null ? null : failedView(view.failed),
    eligibility:
      view.promise === null
        ? null
        : {
            state: view.promise.state,
            error:
              view.promise.error === null
                ? null
                : { ...view.promise.error, operands: { ...view.promise.error.operands } },
          },
    promiseBy: view.promiseBy === null ? null : momentOf(view.promiseBy),
    checkMode: view.checkMode,
    checkBy: view.checkBy === null ? null : dateText(view.checkBy),
    publicUntil: view.publicUntil === null ? null : dateText(view.publicUntil),
    overdue: [...view.overdue],
    drawId: view.drawId?.toString() ?? null,
    selection: view.selection === undefined ? null : { ...view.selection },
    outcome: view.outcome,
    recordId: view.recordId?.toString() ?? null,
    digest: view.digest,
    history: view.history.map(happeningView),
    offeredBy: view.offeredBy,
    createdAt: view.createdAt.toISOString(),
  };
}

function detailView(view: LetterView): Api.LetterDetail {
  return {
    ...letterView(view),
    subject: { ...view.subject },
    entry: view.entry === null ? null : { ...view.entry },
    documents: view.documents.map(documentView),
  };
}

export function documentView({ action, document }: LetterView['documents'][number]) {
  return { action, document: saltedView(document) };
}

function toSignView({ document, publicScope, typedData }: Omit<Informed, 'settling'>): Api.LetterToSign {
  return {
    document: { ...document },
    publicScope: publicScope === null ? null : { ...publicScope },
    digest: digestOf(typedData),
    typedData: typedView(typedData),
  };
}

function drawView(draw: DrawView): Api.Draw {
  return {
    id: draw.drawId.toString(),
    authority: draw.authority.toString(),
    own: draw.own,
    state: draw.state,
    seedCommit: draw.seedCommit,
    seed: draw.seed,
    rateBasisPoints: draw.rateBasisPoints,
    openedAt: momentOf(draw.openedAt),
    closesAt: momentOf(draw.closesAt),
    revealBy: momentOf(draw.revealBy),
  };
}

export function happeningView(happening: Place & { readonly event: string; readonly state: string }) {
  return {
    event: happening.event,
    state: happening.state,
    time: momentOf(happening.time),
    blockNumber: happening.blockNumber.toString(),
    transactionHash: happening.transactionHash,
  };
}

export function failedView(failed: NonNullable<LetterView['failed']>): NonNullable<Api.Letter['failed']> {
  return { action: failed.action, error: { ...failed.error, operands: { ...failed.error.operands } } };
}

export function typedView(typed: TypedDocument) {
  return {
    domain: { ...typed.domain },
    types: Object.fromEntries(Object.entries(typed.types).map(([name, fields]) => [name, [...fields]])),
    primaryType: typed.primaryType,
    message: { ...typed.message },
  };
}

export function saltedView(document: Salted): Api.SaltedDocument {
  return { ...document, format: String(document['format']) };
}

export function recordTerms(record: Api.RecordOfBreach): RecordTerms {
  return { ...record, until: record.until === undefined ? OPEN_END : (dayOfDate(record.until) as Day) };
}

export function isOnItsWay(settling: Settling): boolean {
  return settling === 'on-its-way';
}

export function secondsOf(moment: string): bigint {
  return BigInt(Math.floor(new Date(moment).getTime() / 1000));
}
