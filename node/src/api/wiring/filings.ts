import { dayOfDate, type Hex, parseUscc } from '@credit-ledger/sdk/protocol';
import {
  deadlineOf,
  documentsOf,
  entryOf,
  failedStep,
  type FilingSaid,
  type LoadedFiling,
  pendingStep,
  type PledgeView,
  possibleFilingActions,
  type Salted,
  toldError,
} from '../../letters/index.ts';
import { FilingStore } from '../../store/filings.ts';
import type { Rooms } from '../rooms.ts';
import type { PageOf } from '../schemas/common.ts';
import type * as Api from '../schemas/filings.ts';
import type { Relayed } from '../schemas/letters.ts';
import type { FilingsPort, PledgesPort } from '../services.ts';
import { pageFrom } from './intake.ts';
import {
  documentView,
  failedView,
  happeningView,
  isOnItsWay,
  recordTerms,
  saltedView,
  typedView,
} from './letters.ts';
import { dateText, momentOf } from './words.ts';

/** Incomplete filings, in the words of the API. */
export class FilingsOf implements FilingsPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  get #filings() {
    return this.#rooms.letters.filings;
  }

  async takeIn(filing: Api.TakeInFiling, by: string): Promise<Api.TakenIn> {
    const { subject, name, matter, missing, promise, applicant } = filing;
    const { id, document, typedData, dueDay } = await this.#filings.takeIn(
      {
        creditCode: parseUscc(subject),
        name,
        subject: matter,
        missing,
        promise,
        applicant: applicant as Hex,
      },
      by,
    );
    return {
      filing: await this.get(id),
      document: saltedView(document),
      typedData: typedView(typedData),
      dueDayIfAcceptedToday: dateText(dueDay),
    };
  }

  async list(page: { limit: number; after?: string | undefined }): Promise<PageOf<Api.Filing>> {
    const { db } = this.#rooms;
    const before = page.after === undefined ? undefined : BigInt(page.after);
    const rows = await new FilingStore(db).list(page.limit + 1, before);
    const filings = await this.#filings.loadAll(db, rows);
    return pageFrom(
      filings,
      page.limit,
      (filing) => this.#view(filing),
      ({ row }) => row.id,
    );
  }

  async get(id: bigint): Promise<Api.FilingDetail> {
    const filing = await this.#filings.load(this.#rooms.db, id);
    return {
      ...this.#view(filing),
      subject: { uscc: filing.row.uscc, name: filing.row.subjectName },
      entry: entryOf(filing.steps),
      documents: documentsOf(filing.steps).map(documentView),
    };
  }

  async toSign(id: bigint): Promise<Api.FilingToSign> {
    const { document, typedData } = await this.#filings.toSign(id);
    return { document: saltedView(document), typedData: typedView(typedData) };
  }

  async ofMembers(): Promise<Api.MemberFiling[]> {
    const self = (await this.#rooms.membership())?.memberId;
    return (await this.#filings.all()).map((said) => ({
      authority: said.authority.toString(),
      own: said.authority === self,
      ...this.#facts(said),
    }));
  }

  async accept(id: bigint, signature: string, by: string): Promise<Api.FilingDetail> {
    await this.#filings.accept(id, signature as Hex, by);
    return this.get(id);
  }

  async supply(id: bigint, supplied: Api.SupplyFiling, by: string): Promise<Api.FilingDetail> {
    await this.#filings.supply(id, supplied.documents, by);
    return this.get(id);
  }

  async record(id: bigint, breach: Api.RecordFiling, by: string): Promise<Api.FilingDetail> {
    const { legalBasis, record } = breach;
    await this.#filings.record(id, { legalBasis, record: recordTerms(record) }, by);
    return this.get(id);
  }

  async markOverdue(filingId: bigint, by: string): Promise<Relayed> {
    return { onItsWay: isOnItsWay(await this.#filings.markOverdue(filingId, by)) };
  }

  #facts(said: FilingSaid | undefined): Omit<Api.MemberFiling, 'authority' | 'own'> {
    if (said === undefined) return NOT_ACCEPTED;
    return {
      filingId: said.filingId.toString(),
      state: said.state,
      acceptedDay: dateText(said.acceptedDay),
      dueDay: dateText(said.dueDay),
      ...deadlineOf(said, this.#rooms.letters.today()),
      suppliedDay: said.suppliedDay === null ? null : dateText(said.suppliedDay),
      isRecorded: said.entryCommitment !== null,
      history: said.history.map(happeningView),
    };
  }

  #view({ row, steps, said }: LoadedFiling): Api.Filing {
    const pending = pendingStep(steps);
    const failed = failedStep(steps);
    const recorded = steps.findLast((step) => step.recordId !== null && step.sending.state !== 'failed');
    const { subject, missing } = row.document as { subject?: string; missing?: string[] };
    return {
      id: row.id.toString(),
      ...this.#facts(said),
      matter: subject ?? '',
      missing: missing ?? [],
      applicant: row.applicant,
      possible: said === undefined ? ['accept'] : possibleFilingActions(said),
      pending: pending === undefined ? null : { action: pending.action, state: pending.sending.state },
      failed:
        failed === undefined
          ? null
          : failedView({ action: failed.action, error: toldError(failed.sending.error, 'filing') }),
      recordId: recorded?.recordId?.toString() ?? null,
      madeBy: row.madeBy,
      createdAt: row.createdAt.toISOString(),
    };
  }
}

const NOT_ACCEPTED: Omit<Api.MemberFiling, 'authority' | 'own'> = {
  filingId: null,
  state: 'none',
  acceptedDay: null,
  dueDay: null,
  daysLeft: null,
  overdue: false,
  suppliedDay: null,
  isRecorded: false,
  history: [],
};

const KINDS = { comprehensive: 'comprehensive', productQuality: 'product-quality' } as const;

/** Voluntary pledges, in the words of the API. */
export class PledgesOf implements PledgesPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  get #pledges() {
    return this.#rooms.letters.pledges;
  }

  async list(): Promise<Api.Pledge[]> {
    return (await this.#pledges.list()).map(pledgeView);
  }

  async drawUp(pledge: Api.DrawUpPledge, by: string): Promise<Api.PledgeDraft> {
    const { subject, kind, publicUntil, pledger, ...rest } = pledge;
    const { id, document, typedData } = await this.#pledges.drawUp(
      {
        ...rest,
        creditCode: parseUscc(subject),
        kind: kind === 'comprehensive' ? 'comprehensive' : 'productQuality',
        publicUntil: dayOfDate(publicUntil),
        pledger: pledger as Hex,
      },
      by,
    );
    return { id: id.toString(), document: saltedView(document), typedData: typedView(typedData) };
  }

  async publish(draftId: bigint, signature: string, by: string): Promise<Api.PledgeDone> {
    const { pledgeId, settling } = await this.#pledges.publish(draftId, signature as Hex, by);
    return { onItsWay: isOnItsWay(settling), pledgeId: pledgeId?.toString() ?? null };
  }

  async drawUpWithdrawal(pledgeId: bigint): Promise<Api.PledgeToSign> {
    return { typedData: typedView(await this.#pledges.drawUpWithdrawal(pledgeId)) };
  }

  async withdraw(pledgeId: bigint, signature: string, by: string): Promise<Relayed> {
    return { onItsWay: isOnItsWay(await this.#pledges.withdraw(pledgeId, signature as Hex, by)) };
  }

  async observe(pledgeId: bigint, text: string, by: string): Promise<Api.Observed> {
    const { document, settling } = await this.#pledges.observe(pledgeId, text, by);
    return { onItsWay: isOnItsWay(settling), document: saltedView(document) };
  }
}

function pledgeView({ said, own, row, isPublic }: PledgeView): Api.Pledge {
  return {
    pledgeId: said.pledgeId.toString(),
    association: said.association.toString(),
    own,
    kind: KINDS[said.kind],
    pledger: said.pledger,
    documentHash: said.documentHash,
    scopeHash: said.scopeHash,
    publicUntil: dateText(said.publicUntil),
    publishedAt: momentOf(said.published.time),
    withdrawnAt: said.withdrawn === null ? null : momentOf(said.withdrawn.time),
    isPublic,
    document: row === undefined ? null : saltedView(row.document as Salted),
    observations: said.observations.map(({ observer, observationHash, time }) => ({
      observer: observer.toString(),
      observationHash,
      time: momentOf(time),
    })),
  };
}
