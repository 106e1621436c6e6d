// What a claim means, written down once more in plain TypeScript, apart from the circuit and the SDK.

export const OP = { RECORD: 0, REVOKE: 1, REPAIR: 2, DISPUTE: 3, SETTLE: 4 } as const;
export type Op = (typeof OP)[keyof typeof OP];

export const OPEN_END = 1048575;

export interface ReferenceEntry {
  op: Op;
  kind: number;
  domain: number;
  severity: number;
  day: number;
  until: number;
  amountFen: bigint;
  ref: number;
}

export interface ReferenceClause {
  kinds: bigint;
  domains: bigint;
  minSeverity: number;
  maxAgeDays: number;
  status: 'not-revoked' | 'unrepaired' | 'in-force';
  aggregate: 'count' | 'sum';
  comparison: 'at-most' | 'at-least';
  threshold: bigint;
}

/** Every kind and domain, no other condition: at most `threshold` records. */
export const ANY: ReferenceClause = {
  kinds: (1n << 64n) - 1n,
  domains: (1n << 16n) - 1n,
  minSeverity: 0,
  maxAgeDays: 0,
  status: 'not-revoked',
  aggregate: 'count',
  comparison: 'at-most',
  threshold: 0n,
};

export function packEntry(entry: ReferenceEntry): bigint {
  return (
    BigInt(entry.kind) |
    (BigInt(entry.domain) << 8n) |
    (BigInt(entry.severity) << 16n) |
    (BigInt(entry.day) << 20n) |
    (BigInt(entry.until) << 40n) |
    (entry.amountFen << 60n) |
    (BigInt(entry.ref) << 124n)
  );
}

export function packClause(clause: ReferenceClause): bigint {
  const status = { 'not-revoked': 0n, unrepaired: 1n, 'in-force': 2n }[clause.status];
  return (
    clause.kinds |
    (clause.domains << 64n) |
    (BigInt(clause.minSeverity) << 80n) |
    (BigInt(clause.maxAgeDays) << 84n) |
    (status << 104n) |
    ((clause.aggregate === 'sum' ? 1n : 0n) << 106n) |
    ((clause.comparison === 'at-least' ? 1n : 0n) << 107n) |
    (clause.threshold << 108n)
  );
}

function isDisputed(chain: readonly ReferenceEntry[], i: number, asOfDay: number): boolean {
  let latest = -1;
  chain.forEach((entry, j) => {
    if (j > i && entry.op === OP.DISPUTE && entry.ref === i && entry.day <= asOfDay) latest = j;
  });
  if (latest < 0) return false;
  return !chain.some(
    (entry, j) =>
      j > latest &&
      entry.ref === i &&
      ((entry.op === OP.SETTLE && entry.day <= asOfDay) || entry.op === OP.REVOKE),
  );
}

function countsFor(
  clause: ReferenceClause,
  chain: readonly ReferenceEntry[],
  i: number,
  asOfDay: number,
): boolean {
  const record = chain[i];
  if (record === undefined || record.op !== OP.RECORD) return false;
  const later = chain.slice(i + 1).filter((entry) => entry.ref === i);
  if (later.some((entry) => entry.op === OP.REVOKE)) return false;
  const repaired = later.some((entry) => entry.op === OP.REPAIR && entry.day <= asOfDay);
  const expired = record.until < asOfDay;
  if (((clause.kinds >> BigInt(record.kind)) & 1n) === 0n) return false;
  if (((clause.domains >> BigInt(record.domain)) & 1n) === 0n) return false;
  if (record.severity < clause.minSeverity) return false;
  if (record.day > asOfDay) return false;
  if (clause.maxAgeDays !== 0 && asOfDay - record.day > clause.maxAgeDays) return false;
  if (clause.status === 'unrepaired') return !repaired;
  if (clause.status === 'in-force') return !repaired && !expired;
  return true;
}

/** The answer to a predicate of one or two clauses over a whole chain. */
export function evaluate(
  clauses: readonly ReferenceClause[],
  chain: readonly ReferenceEntry[],
  asOfDay: number,
): { answer: bigint; disputed: bigint } {
  let answer = true;
  let disputed = false;
  for (const clause of clauses) {
    let total = 0n;
    chain.forEach((entry, i) => {
      if (!countsFor(clause, chain, i, asOfDay)) return;
      total += clause.aggregate === 'sum' ? entry.amountFen : 1n;
      disputed ||= isDisputed(chain, i, asOfDay);
    });
    answer &&= clause.comparison === 'at-most' ? total <= clause.threshold : total >= clause.threshold;
  }
  return { answer: answer ? 1n : 0n, disputed: disputed ? 1n : 0n };
}
