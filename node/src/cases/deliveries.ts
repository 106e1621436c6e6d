import { randomBytes } from 'node:crypto';
import {
  type Hex,
  isCaseOpen,
  isLedgerError,
  LedgerError,
  REPAIR_CONDITIONS,
  RULE_SETS,
} from '@credit-ledger/sdk/protocol';
import { bytesToHex } from 'viem';
import type { StoredError } from '../store/answers.ts';
import { CaseDeliveryStore, type CaseRow, CaseStore, type DeliveryRow } from '../store/cases.ts';
import { RecordStore } from '../store/records.ts';
import type { CaseSnapshot } from './board.ts';
import { caseError, type CaseErrorCode } from './errors.ts';
import type { CaseParts } from './ports.ts';
import {
  caseAcceptedSchema,
  type CaseFacts,
  type CaseMessageBody,
  caseMessageTypedData,
  type SubjectFiling,
} from './wire.ts';

const PATH = '/v1/exchange/cases';
const AT_ONCE = 8;
/** A source that took the document in and does not say so on chain is sent it again. */
const UNACKNOWLEDGED_MILLISECONDS = 3_600_000;
/** While the case is open it is sent now and then: a source that lost its database gets it back so. */
const ACKNOWLEDGED_MILLISECONDS = 24 * 3_600_000;

/** Who does not take a decision after weeks has nothing to do with it any more, or the chain never took it. */
const MOST_ATTEMPTS = 500;

/** The words with which a source turns a filing away. From a foreign node no other code is believed. */
const PLAIN: readonly CaseErrorCode[] = [
  'CASE_ENTRY_UNKNOWN',
  'CASE_ENTRY_AMBIGUOUS',
  'CASE_ALREADY_OPEN',
  'CASE_ALREADY_REPAIRED',
  'CASE_SIGNATURE_MISSING',
  'CASE_SIGNATURE_WRONG',
  'CASE_BINDING_WRONG',
  'CASE_BINDING_ENDED',
  'CASE_REGISTER_NOT_OURS',
  'CASE_TOO_MANY_UNKNOWN',
];

/** Hands documents to other members, again and again until they have them or need them no more. */
export class Deliveries {
  readonly #parts: CaseParts;
  readonly #store: CaseDeliveryStore;

  constructor(parts: CaseParts) {
    this.#parts = parts;
    this.#store = new CaseDeliveryStore(parts.db);
  }

  /**
   * Sends one message and says whether the other node has taken it in.
   * @throws LedgerError what it turned the message away with (CASE_…), PEER_*, CHAIN_*
   */
  async send(toMember: bigint, body: CaseMessageBody, documentHash: Hex, signal: AbortSignal): Promise<void> {
    const { facts, memberId, clock, signer, transport } = this.#parts;
    const to = await facts.member(toMember);
    if (to === undefined) throw unreachable(toMember);
    const unsigned = {
      messageId: bytesToHex(randomBytes(32)),
      from: memberId.toString(),
      to: toMember.toString(),
      time: Math.floor(clock.now().getTime() / 1000),
      body,
    };
    const signature = await signer.signTypedData('operator', caseMessageTypedData(facts.domain, unsigned));
    const { status, body: answer } = await transport.post(
      to.endpoint,
      PATH,
      { ...unsigned, signature },
      signal,
    );
    const accepted = caseAcceptedSchema.safeParse(answer);
    if (status === 200 && accepted.success && accepted.data.documentHash === documentHash) return;
    throw turnedAway(status, answer) ?? unreachable(toMember, status);
  }

  /** Sends what is due. What fails is tried later; nothing is thrown but the store's own errors. */
  async sendDue(snapshot: CaseSnapshot, signal: AbortSignal): Promise<void> {
    const due = await this.#store.due(this.#parts.clock.now(), AT_ONCE);
    await Promise.all(due.map((delivery) => this.#sendOne(delivery, snapshot, signal)));
  }

  async #sendOne(delivery: DeliveryRow, snapshot: CaseSnapshot, signal: AbortSignal): Promise<void> {
    const { db, clock, log } = this.#parts;
    const row = await new CaseStore(db).byId(delivery.caseId);
    if (row === undefined || !isNeeded(delivery, row, snapshot)) return this.#store.end(delivery.id);
    try {
      const documentHash = bytesToHex(row.documentHash);
      await this.send(delivery.toMember, await this.#bodyOf(delivery, row, snapshot), documentHash, signal);
      if (delivery.kind === 'decision' || !isToSource(delivery, row, snapshot)) {
        return await this.#store.end(delivery.id);
      }
      const now = clock.now();
      const isAcknowledged = snapshot.byKey(row.filedBy, documentHash)?.state === 'received';
      const pause = isAcknowledged ? ACKNOWLEDGED_MILLISECONDS : UNACKNOWLEDGED_MILLISECONDS;
      await this.#store.accepted(delivery.id, now, new Date(now.getTime() + pause));
    } catch (error) {
      if (signal.aborted) return;
      const stored = plain(error);
      log.warn(
        { member: delivery.toMember.toString(), code: stored.code },
        'a case document was not delivered',
      );
      await this.#store.failed(delivery.id, stored, this.#retryAt(delivery.attempts));
    }
  }

  #retryAt(attempts: number): Date {
    const { limits, clock } = this.#parts;
    const pause = limits.firstRetryMilliseconds * 2 ** Math.min(attempts, 20);
    return new Date(clock.now().getTime() + Math.min(pause, limits.mostRetryMilliseconds));
  }

  async #bodyOf(delivery: DeliveryRow, row: CaseRow, snapshot: CaseSnapshot): Promise<CaseMessageBody> {
    if (delivery.kind === 'decision') {
      return {
        kind: 'decision',
        filedBy: row.filedBy.toString(),
        documentHash: bytesToHex(row.documentHash),
        decision: { ...row.decision },
        entry: row.entry as { salt: Hex; body: Hex } | null,
      };
    }
    const isSource = snapshot.ownerOf(row.registerId) === this.#parts.memberId;
    return filingBodyOf(row, { facts: isSource ? await this.#factsOf(row) : null });
  }

  async #factsOf(row: CaseRow): Promise<CaseFacts | null> {
    if (row.recordId === null) return null;
    const record = await new RecordStore(this.#parts.db).byId(row.recordId);
    if (record === undefined) return null;
    const { kind, domain, severity, severityBasis, day, until } = record;
    return { kind, domain, severity, severityBasis, day, until };
  }
}

/** What is sent of a case that is on chain, or will be whatever the receiver says. */
export function filingBodyOf(
  row: Pick<CaseRow, 'document' | 'filing'>,
  more: { readonly insist?: boolean; readonly facts?: CaseFacts | null } = {},
): CaseMessageBody {
  return {
    kind: 'filing',
    document: { ...row.document },
    filing: row.filing as SubjectFiling | null,
    insist: more.insist ?? true,
    facts: more.facts ?? null,
  };
}

function isToSource(delivery: DeliveryRow, row: CaseRow, snapshot: CaseSnapshot): boolean {
  return snapshot.ownerOf(row.registerId) === delivery.toMember;
}

function isNeeded(delivery: DeliveryRow, row: CaseRow, snapshot: CaseSnapshot): boolean {
  if (delivery.kind === 'decision') return delivery.attempts < MOST_ATTEMPTS;
  const standing = snapshot.byKey(row.filedBy, bytesToHex(row.documentHash));
  return standing === undefined || isCaseOpen(standing.state);
}

/** What a source said, in our own words; undefined for what is not believed. */
function turnedAway(status: number, answer: unknown): LedgerError | undefined {
  if (status < 400 || status >= 500 || typeof answer !== 'object' || answer === null) return undefined;
  const { code, operands } = answer as { code?: unknown; operands?: Record<string, unknown> };
  const plainCode = PLAIN.find((known) => known === code);
  if (plainCode !== undefined) return caseError(plainCode, { told: 'by the source' });
  const ruleSet = RULE_SETS.find(({ id }) => id === operands?.['ruleSet']);
  const rule = {
    en: ruleSet === undefined ? '' : ` By ${ruleSet.source}.`,
    zh: ruleSet === undefined ? '' : `依据：${ruleSet.source}。`,
  };
  const by = { told: 'by the source', ruleSet: ruleSet?.id ?? null };
  switch (code) {
    case 'CASE_NOT_REPAIRABLE':
      return new LedgerError(
        code,
        {
          en: `The source says that the record cannot be repaired.${rule.en}`,
          zh: `来源机构答复：该记录不可修复。${rule.zh}`,
        },
        by,
      );
    case 'CASE_REPAIR_TOO_EARLY': {
      const date = operands?.['earliestDate'];
      const earliestDate = typeof date === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(date) ? date : null;
      return new LedgerError(
        code,
        {
          en: `The source says that repair can be applied for from ${earliestDate ?? 'a later day'} on.${rule.en}`,
          zh: `来源机构答复：自 ${earliestDate ?? '以后某日'} 起方可申请修复。${rule.zh}`,
        },
        { ...by, earliestDate },
      );
    }
    case 'CASE_CONDITIONS_MISSING': {
      const named: unknown = operands?.['missing'];
      const missing = REPAIR_CONDITIONS.filter((each) => Array.isArray(named) && named.includes(each));
      return new LedgerError(
        code,
        {
          en: `The source says that these conditions are not shown to be met: ${missing.join(', ')}.${rule.en}`,
          zh: `来源机构答复：未说明以下条件已满足：${missing.join('、')}。${rule.zh}`,
        },
        { ...by, missing: [...missing] },
      );
    }
    default:
      return undefined;
  }
}

function unreachable(member: bigint, status: number | null = null): LedgerError {
  return new LedgerError(
    'PEER_RESPONSE_INVALID',
    {
      en: `The node of member ${member} did not take the document in.`,
      zh: `成员 ${member} 的节点未接收该文书。`,
    },
    { member, status },
  );
}

/** An error as it is kept and shown: for people, without a stack. */
export function plain(error: unknown): StoredError {
  if (isLedgerError(error)) return error.toJSON();
  return {
    code: 'INTERNAL',
    message: 'The node met an error that it does not know.',
    messageZh: '节点遇到未知错误。',
    operands: { name: error instanceof Error ? error.name : 'unknown' },
  };
}
