import {
  CASE_FILING_TYPES,
  type CaseDecision,
  type CaseDocument,
  dateOfDay,
  dayOfDate,
  type Day,
  DISMISSAL_NAMES,
  dismissalName,
  type Hex,
  isCaseOpen,
  ledgerDomain,
  OPEN_END,
  REPAIR_CONDITIONS,
  saltedHash,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { bytesToHex } from 'viem';
import {
  type CaseAccepted,
  type CaseFacts,
  type CaseFiling,
  type CaseStanding,
  type CaseVerdict,
  type CaseWish,
  isOverdue,
} from '../../cases/index.ts';
import { canonicalDocumentNumber } from '../../intake/index.ts';
import type { CaseRow, DeliveryRow } from '../../store/cases.ts';
import type { Rooms } from '../rooms.ts';
import type {
  Case,
  CaseDetail,
  CaseDraft,
  DecideCase,
  DismissCase,
  DraftCase,
  FileCase,
  FiledCase,
  FileSignedCase,
} from '../schemas/cases.ts';
import type { PageOf } from '../schemas/common.ts';
import type { Sent } from '../schemas/ledger.ts';
import type { CaseListQuery, CasesPort } from '../services.ts';
import { pageFrom } from './intake.ts';
import { correctedOf } from './records.ts';
import { settled } from './sending.ts';
import { dateText, endText, failureOf, momentOf } from './words.ts';

/** Disputes, repairs and reports. */
export class Cases implements CasesPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async draft(wish: DraftCase): Promise<CaseDraft> {
    const { service } = this.#rooms.cases();
    const document = await service.filings.draft(wishOf(wish), BigInt(wish.binding));
    const documentHash = saltedHash(document);
    const { chainId, processes } = this.#rooms.deployment;
    return {
      document: { ...document },
      documentHash,
      typedData: {
        domain: ledgerDomain(BigInt(chainId), processes.cases),
        types: CASE_FILING_TYPES,
        primaryType: 'CaseFiling',
        message: { bindingId: wish.binding, documentHash },
      },
    };
  }

  async file(wish: FileCase, by: string): Promise<FiledCase> {
    const { service } = this.#rooms.cases();
    return this.#filed(await service.filings.file(wishOf(wish), { insist: wish.insist, by }));
  }

  async fileSigned({ document, binding, insist }: FileSignedCase, by: string): Promise<FiledCase> {
    const filing = { ...binding, salt: binding.salt as Hex, signature: binding.signature as Hex };
    const { service } = this.#rooms.cases();
    return this.#filed(await service.filings.fileSigned({ document, filing }, { insist, by }));
  }

  async filing(id: bigint): Promise<FiledCase | undefined> {
    const { service } = this.#rooms.cases();
    const found = await service.ofRow(id);
    if (found?.row.filedOutbox === undefined || found.row.filedOutbox === null) return undefined;
    const { row, standing } = found;
    const sent = await this.#sent(row.filedOutbox ?? 0n);
    const deliveries = standing === undefined ? [] : (await service.get(standing.caseId)).deliveries;
    const isSource = standing?.source === standing?.filedBy;
    const isThere = deliveries.some(
      ({ acceptedAt, toMember }) => acceptedAt !== null && toMember === standing?.source,
    );
    return {
      filing: row.id.toString(),
      documentHash: bytesToHex(row.documentHash),
      delivered: isSource && standing !== undefined ? 'own' : isThere ? 'accepted' : 'later',
      case: standing?.caseId.toString() ?? null,
      sent,
    };
  }

  async list({ limit, after, ...query }: CaseListQuery): Promise<PageOf<Case>> {
    const { service } = this.#rooms.cases();
    const rows = await service.list({
      limit: limit + 1,
      after: after === undefined ? undefined : BigInt(after),
      overdue: query.overdue === undefined ? undefined : query.overdue === 'true',
      open: query.open === undefined ? undefined : query.open === 'true',
      registerId: query.register === undefined ? undefined : BigInt(query.register),
      filedBy: query.filedBy === undefined ? undefined : BigInt(query.filedBy),
    });
    const today = service.today();
    return pageFrom(
      rows,
      limit,
      (row) => caseView(row, today),
      ({ caseId }) => caseId,
    );
  }

  async get(id: bigint): Promise<CaseDetail> {
    const { service } = this.#rooms.cases();
    const { standing, row, deliveries } = await service.get(id);
    return {
      ...caseView(standing, service.today()),
      ourParts: [...(await service.rolesIn(standing))],
      private: row === undefined ? null : privateView(row, standing, deliveries),
    };
  }

  async decide(id: bigint, decision: DecideCase): Promise<Sent> {
    const { service } = this.#rooms.cases();
    return this.#settled(await service.decide(id, await this.#verdict(id, decision)));
  }

  async dismiss(id: bigint, { code }: DismissCase): Promise<Sent> {
    return this.#settled(await this.#rooms.cases().service.dismiss(id, code));
  }

  async withdraw(id: bigint): Promise<Sent> {
    return this.#settled(await this.#rooms.cases().service.filings.withdraw(id));
  }

  async markOverdue(id: bigint): Promise<Sent> {
    return this.#settled(await this.#rooms.cases().service.filings.markOverdue(id));
  }

  receive(body: unknown): Promise<CaseAccepted> {
    return this.#rooms.cases().service.receive(body);
  }

  async report(uscc: string): Promise<Record<string, unknown>> {
    return { ...(await this.#rooms.cases().reports.make(uscc as Uscc)) };
  }

  async #filed(filing: CaseFiling): Promise<FiledCase> {
    const sent = await this.#settled(filing.outboxId);
    const found = await this.#rooms.cases().service.ofRow(filing.rowId);
    return {
      filing: filing.rowId.toString(),
      documentHash: filing.documentHash,
      delivered: filing.delivered,
      case: found?.standing?.caseId.toString() ?? null,
      sent,
    };
  }

  /** A correction is read by the rules of a row of a file, from what the record says now. */
  async #verdict(id: bigint, decision: DecideCase): Promise<CaseVerdict> {
    const { outcome, reasons } = decision;
    if (decision.outcome === 'granted') {
      const { facts, conditionsMet } = decision;
      return {
        outcome,
        reasons,
        conditionsMet,
        facts:
          facts === undefined
            ? undefined
            : {
                kind: facts.kind,
                domain: facts.domain,
                severity: facts.severity,
                severityBasis: facts.severityBasis,
                day: dayOfDate(facts.date),
                until: facts.until === null ? OPEN_END : dayOfDate(facts.until),
              },
      };
    }
    if (decision.outcome !== 'corrected') return { outcome, reasons };
    const { row } = await this.#rooms.cases().service.get(id);
    const corrected =
      row?.recordId === undefined || row.recordId === null
        ? undefined
        : await correctedOf(this.#rooms, row.recordId, decision.corrections);
    return { outcome, reasons, corrected };
  }

  async #sent(outboxId: bigint): Promise<Sent> {
    const row = await this.#rooms.outbox.get(outboxId);
    return {
      state: row.state === 'failed' ? 'sent' : row.state,
      transactionHash: row.txHash === null ? null : bytesToHex(row.txHash),
      blockNumber: row.blockNumber?.toString() ?? null,
      registerId: null,
    };
  }

  #settled(outboxId: bigint): Promise<Sent> {
    return settled(this.#rooms, outboxId);
  }
}

function wishOf(wish: FileCase | DraftCase): CaseWish {
  return {
    caseType: wish.type,
    registerId: BigInt(wish.register),
    uscc: wish.subject as Uscc,
    record: {
      documentNumber: wish.documentNumber === undefined ? null : canonicalDocumentNumber(wish.documentNumber),
      recordId: wish.recordId ?? null,
      class: wish.class ?? null,
    },
    grounds: wish.grounds,
    conditionsMet:
      wish.type === 'dispute' ? [] : REPAIR_CONDITIONS.filter((each) => wish.conditionsMet.includes(each)),
  };
}

function caseView(standing: CaseStanding, today: Day): Case {
  const name = standing.dismissalCode === null ? undefined : dismissalName(standing.dismissalCode);
  return {
    id: standing.caseId.toString(),
    type: standing.caseType,
    state: standing.state as Case['state'],
    register: standing.registerId.toString(),
    source: standing.source.toString(),
    filedBy: standing.filedBy.toString(),
    documentHash: standing.documentHash,
    filedDate: dateOfDay(standing.filedDay),
    dueDate: dateOfDay(standing.dueDay),
    daysLeft: isCaseOpen(standing.state) ? standing.dueDay - today : null,
    overdue: isOverdue(standing, today),
    counted: standing.countedDueDays.length > 0,
    decidedBy: standing.decidedBy?.toString() ?? null,
    decisionHash: standing.decisionHash,
    entryCommitment: standing.entryCommitment,
    dismissal:
      standing.dismissalCode === null
        ? null
        : {
            code: standing.dismissalCode,
            name: name ?? null,
            message: name === undefined ? null : { ...DISMISSAL_NAMES[name] },
          },
    changedAt: momentOf(standing.changedAt),
  };
}

function privateView(
  row: CaseRow,
  standing: CaseStanding,
  deliveries: readonly DeliveryRow[],
): NonNullable<CaseDetail['private']> {
  const document = row.document as CaseDocument;
  const facts = row.facts as CaseFacts | null;
  const decision = row.decision as CaseDecision | null;
  return {
    filing: row.id.toString(),
    subject: row.uscc,
    record: { ...document.record },
    ownRecordId: row.recordId?.toString() ?? null,
    grounds: document.grounds,
    conditionsMet: [...document.conditionsMet],
    signedBySubject: row.filing !== null,
    objection: row.objection,
    facts:
      facts === null
        ? null
        : {
            kind: facts.kind,
            domain: facts.domain,
            severity: {
              code: facts.severity,
              source: standing.source.toString(),
              basis: facts.severityBasis,
            },
            date: dateText(facts.day),
            until: endText(facts.until),
          },
    decision:
      decision === null
        ? null
        : {
            outcome: decision.outcome,
            date: decision.date,
            reasons: decision.reasons,
            decidedBy: decision.decidedBy,
          },
    entry: row.entry === null ? null : { ...row.entry },
    deliveries: deliveries.map(({ toMember, kind, acceptedAt, attempts, error }) => ({
      member: toMember.toString(),
      kind,
      acceptedAt: acceptedAt?.toISOString() ?? null,
      attempts,
      error: failureOf(error),
    })),
    trouble: failureOf(row.trouble),
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
  };
}
