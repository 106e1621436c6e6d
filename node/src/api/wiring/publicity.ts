import { CATALOGUE, kindOf, type Message } from '@credit-ledger/sdk/protocol';
import { canonicalDocumentNumber } from '../../intake/index.ts';
import {
  type Agency,
  type MonthOfTimeliness,
  PUBLICITY_WORKING_DAYS,
  type PublicityState,
  type PublicRecord as ShownRecord,
} from '../../publicity/index.ts';
import type { PublicLetter as ShownLetter, PublicPledge as ShownPledge } from '../../letters/index.ts';
import type { Rooms } from '../rooms.ts';
import type { Page } from '../schemas/common.ts';
import type {
  DuePublications,
  OwnStatement,
  PublicLetter,
  PublicLetters,
  PublicPledge,
  PublicPledges,
  PublicRecord,
  PublicRecords,
  RecordPublicity,
  Timeliness,
  Withhold,
} from '../schemas/publicity.ts';
import type { PublicityPort } from '../services.ts';
import { pageFrom } from './intake.ts';
import { dateText, endText } from './words.ts';

/** What subjects say about themselves is never taken for a finding. */
const OWN_STATEMENT = {
  en: 'The subject’s own statement; no agency has found it.',
  zh: '主体自愿填报，未经行政机关认定。',
};

/** Publicity, in the words of the API. */
export class PublicityOf implements PublicityPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async publicRecords(
    filter: { uscc?: string; documentNumber?: string },
    page: { limit: number; after?: string | undefined },
  ): Promise<PublicRecords> {
    const { documentNumber } = filter;
    const found = await this.#rooms.publicity.publicRecords(
      documentNumber === undefined ? filter : { documentNumber: canonicalDocumentNumber(documentNumber) },
      page,
    );
    return {
      agency: agencyView(found.agency),
      asOf: dateText(found.asOfDay),
      items: found.items.map(publicView),
      selfDeclared: found.selfDeclared.map(ownView),
      next: found.next,
    };
  }

  async timeliness(): Promise<Timeliness> {
    const { agency, asOfDay, months } = await this.#rooms.publicity.timeliness();
    const sum = (figure: Exclude<keyof MonthOfTimeliness, 'month'>): number =>
      months.reduce((total, month) => total + month[figure], 0);
    return {
      agency: agencyView(agency),
      asOf: dateText(asOfDay),
      workingDays: PUBLICITY_WORKING_DAYS,
      months: months.map((month) => ({ ...month })),
      total: {
        inTime: sum('inTime'),
        late: sum('late'),
        due: sum('due'),
        overdue: sum('overdue'),
        calendarMissing: sum('calendarMissing'),
      },
    };
  }

  async letters(page: Page): Promise<PublicLetters> {
    const letters = await this.#rooms.letters.publicLetters();
    return {
      agency: agencyView(await this.#rooms.publicity.agency()),
      ...pageOfAll(letters, page, ({ letterId }) => letterId, letterView),
    };
  }

  async pledges(page: Page): Promise<PublicPledges> {
    const pledges = await this.#rooms.letters.publicPledges();
    return {
      agency: agencyView(await this.#rooms.publicity.agency()),
      ...pageOfAll(pledges, page, ({ pledgeId }) => pledgeId, pledgeView),
    };
  }

  async due(days: number, limit: number): Promise<DuePublications> {
    const { asOfDay, items } = await this.#rooms.publicity.due(days);
    return {
      asOf: dateText(asOfDay),
      items: items.slice(0, limit).map(({ record, dueDay, state }) => ({
        recordId: record.id.toString(),
        class: record.class,
        documentNumber: record.documentNumber,
        decisionDate: dateText(record.day),
        dueDate: dueDay === null ? null : dateText(dueDay),
        state,
      })),
      more: Math.max(0, items.length - limit),
    };
  }

  async stateOf(recordId: bigint): Promise<RecordPublicity | undefined> {
    return stateView(await this.#rooms.publicity.stateOf(recordId));
  }

  async withhold(recordId: bigint, order: Withhold, by: string): Promise<RecordPublicity | undefined> {
    return stateView(await this.#rooms.publicity.withhold(recordId, order, by));
  }

  async release(recordId: bigint, note: string, by: string): Promise<RecordPublicity | undefined> {
    return stateView(await this.#rooms.publicity.release(recordId, note, by));
  }
}

function agencyView(agency: Agency | undefined): PublicRecords['agency'] {
  if (agency === undefined) return null;
  return {
    member: agency.memberId.toString(),
    name: agency.name,
    uscc: agency.creditCode,
    region: { code: agency.regionCode, name: agency.regionName },
  };
}

/** A page of a list that is there as a whole, by rising id. */
function pageOfAll<T, V>(
  all: readonly T[],
  page: Page,
  idOf: (row: T) => bigint,
  view: (row: T) => V,
): { items: V[]; next: string | null } {
  const after = BigInt(page.after ?? 0);
  const rows = all.filter((row) => idOf(row) > after).sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
  const { items, next } = pageFrom(rows.slice(0, page.limit + 1), page.limit, view, idOf);
  return { items: [...items], next };
}

function letterView(letter: ShownLetter): PublicLetter {
  if (letter.reason === 'none') throw new Error('a letter without a reason is not published');
  return {
    letterId: letter.letterId.toString(),
    item: letter.itemTitle,
    applicant: { uscc: letter.applicant.creditCode, name: letter.applicant.name },
    reason: letter.reason,
    scope: letter.scope,
    from: dateText(letter.from),
    until: dateText(letter.until),
    digest: letter.digest,
  };
}

function pledgeView(pledge: ShownPledge): PublicPledge {
  return {
    pledgeId: pledge.pledgeId.toString(),
    kind: pledge.kind,
    pledger: { uscc: pledge.pledger.creditCode, name: pledge.pledger.name },
    text: pledge.text,
    scope: pledge.scope,
    from: dateText(pledge.from),
    until: dateText(pledge.until),
    documentHash: pledge.documentHash,
    observations: pledge.observations,
  };
}

function named(code: number, name: Message | undefined): PublicRecord['kind'] {
  return { code, name: name === undefined ? { en: String(code), zh: String(code) } : { ...name } };
}

function shared(record: ShownRecord): Omit<OwnStatement, 'statement'> {
  return {
    id: record.mark,
    subject: { uscc: record.uscc, name: record.subjectName },
    documentNumber: record.documentNumber,
    kind: named(record.kind, kindOf(record.kind)?.name),
    decisionDate: dateText(record.decisionDay),
    publicUntil: endText(record.publicUntilDay),
    disputed: record.disputed,
    source: { ...record.source },
    fields: record.fields.map(({ name, title, value }) => ({ name, title: { ...title }, value })),
  };
}

function publicView(record: ShownRecord): PublicRecord {
  const { level, basis } = record.severity;
  const severityName = CATALOGUE.severities.find(({ code }) => code === level)?.name;
  return {
    ...shared(record),
    class: record.class,
    domain: named(record.domain, CATALOGUE.domains.find(({ code }) => code === record.domain)?.name),
    severity: level === 0 ? null : { ...named(level, severityName), source: record.source.name, basis },
  };
}

function ownView(record: ShownRecord): OwnStatement {
  return { ...shared(record), statement: OWN_STATEMENT };
}

function stateView(state: PublicityState | undefined): RecordPublicity | undefined {
  if (state === undefined) return undefined;
  const { visibility, dueDay, anchoredDay } = state;
  const until = visibility.publicUntilDay;
  return {
    recordId: state.recordId.toString(),
    visible: visibility.visible,
    because: visibility.visible ? null : visibility.because,
    publicUntil: until === null ? null : endText(until),
    dueDate: dueDay === null ? null : dateText(dueDay),
    anchoredDate: anchoredDay === null ? null : dateText(anchoredDay),
    log: state.log.map(({ action, reason, note, by, at }) => ({
      action,
      reason,
      note,
      by,
      at: at.toISOString(),
    })),
  };
}
