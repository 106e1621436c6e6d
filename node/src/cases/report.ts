import {
  type CreditReport,
  type ReportAnnotation,
  REPORT_FORMAT,
  REPORT_LIFE_SECONDS,
  REPORT_TYPES,
  reportHash,
  type ReportRecord,
  type UnsignedReport,
} from '@credit-ledger/sdk/answer';
import {
  dayAt,
  type Day,
  isLedgerError,
  ledgerDomain,
  OP,
  OPEN_END,
  ruleSetOn,
  toBytes32,
  unpackEntry,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { BatchStore, type Database, type EntryRow, EntryStore, TreeStore } from '../store/index.ts';
import { RecordStore, type StoredRecord } from '../store/records.ts';
import type { CaseSnapshot } from './board.ts';
import { caseError } from './errors.ts';
import type { CaseParts } from './ports.ts';

const RECORDS_AT_ONCE = 500;

/** What reports are made with. */
export type ReportParts = Pick<CaseParts, 'db' | 'clock' | 'memberId' | 'facts' | 'signer' | 'board'>;

/**
 * The agency's own records about a subject (信用报告): what they say, whose label the severity is, and what has
 * happened to them, as of now and of the last batch on the chain. What was revoked is left out, and what the subject
 * says of itself. A repair stands in
 * it as soon as it is entered; `anchored` says whether the chain has it. No judgement, and nothing of other agencies.
 */
export class Reports {
  readonly #parts: ReportParts;

  constructor(parts: ReportParts) {
    this.#parts = parts;
  }

  /** Makes and signs a report, good for 30 days. @throws LedgerError CHAIN_* */
  async make(uscc: Uscc): Promise<CreditReport> {
    const { db, clock, facts, signer, memberId, board } = this.#parts;
    const member = await facts.member(memberId);
    if (member === undefined) throw caseError('CASE_NOT_SEEN_YET');
    const snapshot = await board.snapshot();
    const madeAt = Math.floor(clock.now().getTime() / 1000);
    const asOfDay = dayAt(madeAt);
    const said = await db.transaction(async (tx) => {
      const register = await registerOf(tx);
      return { register: register.head, records: await recordsOf(tx, uscc, asOfDay, register, snapshot) };
    });
    const { chainId, answerLog } = facts.domain;
    const unsigned: UnsignedReport = {
      format: REPORT_FORMAT,
      chainId: chainId.toString(),
      answerLog,
      agency: { member: memberId.toString(), name: member.name },
      register: said.register,
      subject: uscc,
      asOfDay,
      madeAt,
      expiry: madeAt + REPORT_LIFE_SECONDS,
      records: said.records,
    };
    const signature = await signer.signTypedData('operator', {
      domain: ledgerDomain(chainId, answerLog),
      types: REPORT_TYPES,
      primaryType: 'Report',
      message: { documentHash: reportHash(unsigned) },
    });
    return { ...unsigned, signature };
  }
}

interface Register {
  readonly keyId: string | null;
  readonly head: UnsignedReport['register'];
  /** Own batches that stand on the chain. */
  readonly standing: number;
}

async function registerOf(tx: Database): Promise<Register> {
  const own = (await new BatchStore(tx).registers()).find(({ registerId }) => registerId !== null);
  const registerId = own?.registerId ?? null;
  if (own === undefined || registerId === null) return { keyId: null, head: null, standing: 0 };
  const trees = new TreeStore(tx);
  const head = await trees.head(registerId);
  return {
    keyId: own.keyId,
    head:
      head === undefined
        ? null
        : { id: registerId.toString(), seq: head.seq.toString(), root: toBytes32(head.claimedRoot) },
    standing: await trees.countStanding(registerId),
  };
}

async function recordsOf(
  tx: Database,
  uscc: Uscc,
  asOfDay: Day,
  register: Register,
  snapshot: CaseSnapshot,
): Promise<ReportRecord[]> {
  const store = new RecordStore(tx);
  const entries = new EntryStore(tx);
  const ordinals = new Map<bigint, number>();
  const isAnchored = async (entry: EntryRow | undefined): Promise<boolean> => {
    if (entry?.batchId === undefined || entry.batchId === null) return false;
    const known = ordinals.get(entry.batchId);
    const ordinal = known ?? (await new BatchStore(tx).byId(entry.batchId))?.ordinal ?? Infinity;
    ordinals.set(entry.batchId, ordinal);
    return ordinal <= register.standing;
  };
  const told: ReportRecord[] = [];
  for (let afterId: bigint | undefined; ;) {
    const page = await store.list({ uscc, afterId, limit: RECORDS_AT_ONCE });
    for (const record of page) {
      const of = (await entries.ofRecord(record.id)).filter(({ keyId }) => keyId === register.keyId);
      if (record.origin !== 'agency' || of.some(({ op }) => op === OP.REVOKE)) continue;
      const entered = of.find(({ op }) => op === OP.RECORD);
      const annotations: ReportAnnotation[] = [];
      for (const { entry, ...annotation } of annotationsOf(record, of, asOfDay, snapshot)) {
        annotations.push({ ...annotation, anchored: await isAnchored(entry ?? entered) });
      }
      told.push({ ...factsOf(record), annotations, anchored: await isAnchored(entered) });
    }
    if (page.length < RECORDS_AT_ONCE) return told;
    afterId = page.at(-1)?.id;
  }
}

function factsOf(record: StoredRecord): Omit<ReportRecord, 'annotations' | 'anchored'> {
  return {
    class: record.class,
    subjectName: record.subjectName,
    documentNumber: record.documentNumber,
    kind: record.kind,
    domain: record.domain,
    decisionDay: record.day,
    untilDay: record.until === OPEN_END ? null : record.until,
    amountFen: record.amountFen.toString(),
    severity: { code: record.severity, source: record.sourceAgency.name, basis: record.severityBasis },
    sourceAgency: { name: record.sourceAgency.name, uscc: record.sourceAgency.uscc },
    fields: record.fields.map(({ name, value }) => ({ name, value })),
  };
}

type Annotation = Omit<ReportAnnotation, 'anchored'> & { readonly entry: EntryRow | undefined };

/** What stands beside a record on a day: as predicates see it (protocol §4). */
function annotationsOf(
  record: StoredRecord,
  entries: readonly EntryRow[],
  asOfDay: Day,
  snapshot: CaseSnapshot,
): Annotation[] {
  const until = entries.filter((entry) => unpackEntry(entry.packed).day <= asOfDay);
  const repair = until.find(({ op }) => op === OP.REPAIR);
  const dispute = until.findLast(({ op }) => op === OP.DISPUTE || op === OP.SETTLE);
  const isExpired = record.until < asOfDay;
  const told: Annotation[] = [];
  const add = (state: Annotation['state'], day: number, entry?: EntryRow, ruleSet: string | null = null) => {
    told.push({ state, day, ruleSet, entry });
  };
  if (repair !== undefined) {
    const day = unpackEntry(repair.packed).day;
    add('repaired', day, repair, rulesOf(repair, day, snapshot));
  }
  if (isExpired) add('expired', record.until + 1);
  if (repair === undefined && !isExpired) add('in-force', record.day);
  if (dispute?.op === OP.DISPUTE) add('disputed', unpackEntry(dispute.packed).day, dispute);
  return told;
}

/** The rules that governed a repair: those of its case's application, or of its own day. */
function rulesOf(repair: EntryRow, day: Day, snapshot: CaseSnapshot): string | null {
  const reference = repair.salts.find(({ name }) => name === 'reference')?.value;
  const caseId = /^case:([1-9][0-9]*)$/.exec(reference ?? '')?.[1];
  const applied = caseId === undefined ? undefined : snapshot.byId(BigInt(caseId))?.filedDay;
  try {
    return ruleSetOn(applied ?? day).id;
  } catch (error) {
    // Of before the first rules that the ledger holds.
    if (isLedgerError(error, 'RULES_NOT_COVERED')) return null;
    throw error;
  }
}
