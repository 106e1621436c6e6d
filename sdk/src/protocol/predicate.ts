import { type Day } from './days.ts';
import { unpackEntry, type EntryFields, OP, type OpenedEntry } from './entry.ts';
import { LedgerError } from './errors.ts';
import type { PredicateHash } from './field.ts';
import type { LedgerClass } from './identity.ts';
import { H4 } from './poseidon.ts';

/** Which records still count (protocol §6). */
export const STATUS = ['not-revoked', 'unrepaired', 'in-force'] as const;
export type Status = (typeof STATUS)[number];
export const AGGREGATE = ['count', 'sum'] as const;
export type Aggregate = (typeof AGGREGATE)[number];
export const COMPARISON = ['at-most', 'at-least'] as const;
export type Comparison = (typeof COMPARISON)[number];

/** One condition on the records of a subject in one class. */
export interface Clause {
  /** Bit k set: kind k counts. */
  readonly kinds: bigint;
  /** Bit d set: domain d counts. */
  readonly domains: number;
  readonly minSeverity: number;
  /** Counted back from asOfDay; 0 = no limit. */
  readonly maxAgeDays: number;
  readonly status: Status;
  readonly aggregate: Aggregate;
  readonly comparison: Comparison;
  /** A number of records, or fen for a sum; below 2^70. */
  readonly threshold: bigint;
}

/** Public data, not code: a class and up to two clauses, all of which must hold. */
export interface Predicate {
  readonly class: LedgerClass;
  readonly clauses: readonly [Clause] | readonly [Clause, Clause];
}

const PREDICATE_DOMAIN = 4n;
export const ALL_KINDS = 2n ** 64n - 1n;
export const ALL_DOMAINS = 65_535;

/** Packs a clause, least significant first (protocol §6). @throws LedgerError CLAUSE_OUT_OF_RANGE */
export function packClause(clause: Clause): bigint {
  let packed = 0n;
  let shift = 0n;
  const put = (name: string, value: bigint, bits: number): void => {
    if (value < 0n || value >= 1n << BigInt(bits)) {
      throw new LedgerError(
        'CLAUSE_OUT_OF_RANGE',
        { en: `${name} of the clause does not fit ${bits} bits.`, zh: `条款的 ${name} 超出 ${bits} 位。` },
        { field: name, value },
      );
    }
    packed |= value << shift;
    shift += BigInt(bits);
  };
  put('kinds', clause.kinds, 64);
  put('domains', BigInt(clause.domains), 16);
  put('minSeverity', BigInt(clause.minSeverity), 4);
  put('maxAgeDays', BigInt(clause.maxAgeDays), 20);
  put('status', BigInt(STATUS.indexOf(clause.status)), 2);
  put('aggregate', BigInt(AGGREGATE.indexOf(clause.aggregate)), 1);
  put('comparison', BigInt(COMPARISON.indexOf(clause.comparison)), 1);
  put('threshold', clause.threshold, 70);
  return packed;
}

/** The inverse of packClause. @throws LedgerError CLAUSE_MALFORMED (an undefined status, bits above 178) */
export function unpackClause(packed: bigint): Clause {
  let rest = packed;
  const take = (bits: number): bigint => {
    const value = rest & ((1n << BigInt(bits)) - 1n);
    rest >>= BigInt(bits);
    return value;
  };
  const kinds = take(64);
  const domains = Number(take(16));
  const minSeverity = Number(take(4));
  const maxAgeDays = Number(take(20));
  const status = STATUS[Number(take(2))];
  const aggregate = AGGREGATE[Number(take(1))];
  const comparison = COMPARISON[Number(take(1))];
  const threshold = take(70);
  if (packed < 0n || rest !== 0n || !status || !aggregate || !comparison) {
    throw new LedgerError('CLAUSE_MALFORMED', {
      en: 'The packed clause is not one that the protocol defines.',
      zh: '打包的条款不符合协议定义。',
    });
  }
  return { kinds, domains, minSeverity, maxAgeDays, status, aggregate, comparison, threshold };
}

/** Both packed clauses; a missing second one is 0, which holds (protocol §6). */
export function packedClauses(predicate: Predicate): readonly [bigint, bigint] {
  const [first, second] = predicate.clauses;
  return [packClause(first), second ? packClause(second) : 0n];
}

/** The public name of a predicate. */
export function predicateHashOf(predicate: Predicate): PredicateHash {
  const [c0, c1] = packedClauses(predicate);
  return H4(PREDICATE_DOMAIN, BigInt(predicate.class), c0, c1) as bigint as PredicateHash;
}

/** What became of one RECORD by a day. */
export interface RecordState {
  readonly index: number;
  readonly fields: EntryFields;
  readonly revoked: boolean;
  readonly repaired: boolean;
  readonly expired: boolean;
  readonly disputed: boolean;
}

/** Applies REVOKE, REPAIR, DISPUTE and SETTLE as seen from a day (protocol §4). */
export function recordStates(chain: readonly OpenedEntry[], asOfDay: Day): RecordState[] {
  const opened = chain.map((entry) => ({ op: entry.op, fields: unpackEntry(entry.packed) }));
  return opened.flatMap(({ op, fields }, index) => {
    if (op !== OP.RECORD) return [];
    let revoked = false;
    let repaired = false;
    let disputed = false;
    for (const later of opened.slice(index + 1)) {
      if (later.op === OP.RECORD || later.fields.ref !== index) continue;
      if (later.op === OP.REVOKE) {
        revoked = true;
        disputed = false;
      } else if (later.fields.day <= asOfDay) {
        if (later.op === OP.REPAIR) repaired = true;
        if (later.op === OP.DISPUTE) disputed = true;
        if (later.op === OP.SETTLE) disputed = false;
      }
    }
    return [{ index, fields, revoked, repaired, expired: fields.until < asOfDay, disputed }];
  });
}

/** Whether one record counts for one clause on a day (protocol §6). */
export function counts(record: RecordState, clause: Clause, asOfDay: Day): boolean {
  const { fields } = record;
  return (
    !record.revoked &&
    ((clause.kinds >> BigInt(fields.kind)) & 1n) === 1n &&
    ((clause.domains >> fields.domain) & 1) === 1 &&
    fields.severity >= clause.minSeverity &&
    fields.day <= asOfDay &&
    (clause.maxAgeDays === 0 || asOfDay - fields.day <= clause.maxAgeDays) &&
    (clause.status === 'not-revoked' || !record.repaired) &&
    (clause.status !== 'in-force' || !record.expired)
  );
}

/** The value of a predicate over a whole chain: what the circuit proves (protocol §6). */
export function evaluate(
  predicate: Predicate,
  chain: readonly OpenedEntry[],
  asOfDay: Day,
): { readonly answer: boolean; readonly disputed: boolean } {
  const states = recordStates(chain, asOfDay);
  let answer = true;
  let disputed = false;
  for (const clause of predicate.clauses) {
    const counted = states.filter((record) => counts(record, clause, asOfDay));
    const value =
      clause.aggregate === 'count'
        ? BigInt(counted.length)
        : counted.reduce((sum, record) => sum + record.fields.amountFen, 0n);
    const holds = clause.comparison === 'at-most' ? value <= clause.threshold : value >= clause.threshold;
    answer &&= holds;
    disputed ||= counted.some((record) => record.disputed);
  }
  return { answer, disputed };
}
