import fc from 'fast-check';
import { ANY, OP, OPEN_END, type ReferenceClause, type ReferenceEntry } from './reference.ts';
import { TODAY } from './world.ts';

/** Days around the day asked about, and the ends of the range. */
const day = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: TODAY - 4, max: TODAY + 2 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, OPEN_END) },
);

const amountFen = fc.oneof(fc.bigInt(0n, 50n), fc.constantFrom(0n, (1n << 64n) - 1n, 1n << 63n));

/** Few kinds and domains, so that masks hit and miss; the ends of both ranges among them. */
const KINDS = [0, 1, 31, 32, 63];
const DOMAINS = [0, 7, 15];

const anyRecord: fc.Arbitrary<ReferenceEntry> = fc.record({
  op: fc.constant(OP.RECORD),
  kind: fc.constantFrom(...KINDS),
  domain: fc.constantFrom(...DOMAINS),
  severity: fc.integer({ min: 0, max: 3 }),
  day,
  until: fc.oneof(day, fc.constant(OPEN_END)),
  amountFen,
  ref: fc.constant(0),
});

/** A record that counts for most clauses, so that what happens to it shows in the answer. */
const plainRecord = anyRecord.map((entry) => ({ ...entry, severity: 3, day: TODAY - 1, until: OPEN_END }));

const recordEntry = fc.oneof(anyRecord, plainRecord);

const operation = (size: number): fc.Arbitrary<ReferenceEntry> =>
  fc.record({
    op: fc.constantFrom(OP.REVOKE, OP.REPAIR, OP.DISPUTE, OP.DISPUTE, OP.SETTLE),
    kind: fc.constant(0),
    domain: fc.constant(0),
    severity: fc.constant(0),
    day,
    until: fc.constant(0),
    amountFen: fc.constant(0n),
    // Mostly the first entries, so that several operations meet on one.
    ref: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: Math.max(2, size / 4) }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: size }) },
      { weight: 1, arbitrary: fc.constant(65_535) },
    ),
  });

/** Chains of `minLength` to `size` entries: records first, mostly, then records and operations mixed. */
export function chains(size: number, minLength = 0): fc.Arbitrary<ReferenceEntry[]> {
  const first = fc.array(recordEntry, { maxLength: 3 });
  const rest = fc.array(
    fc.oneof({ weight: 1, arbitrary: recordEntry }, { weight: 2, arbitrary: operation(size) }),
    {
      minLength: size,
      maxLength: size,
    },
  );
  return fc
    .tuple(first, rest, fc.noBias(fc.integer({ min: minLength, max: size })))
    .map(([head, tail, length]) => [...head, ...tail].slice(0, length));
}

const maskOf = (all: number[]): fc.Arbitrary<bigint> =>
  fc
    .subarray(all, { minLength: 1 })
    .map((some) => some.reduce((mask, bit) => mask | (1n << BigInt(bit)), 0n));

const clause: fc.Arbitrary<ReferenceClause> = fc.record({
  kinds: fc.oneof(
    { weight: 3, arbitrary: fc.constant((1n << 64n) - 1n) },
    { weight: 1, arbitrary: maskOf(KINDS) },
  ),
  domains: fc.oneof(
    { weight: 3, arbitrary: fc.constant((1n << 16n) - 1n) },
    { weight: 1, arbitrary: maskOf(DOMAINS) },
  ),
  minSeverity: fc.constantFrom(0, 0, 1, 1, 2, 3, 4, 15),
  maxAgeDays: fc.constantFrom(0, 0, 1, 2, 3, OPEN_END),
  status: fc.constantFrom('not-revoked' as const, 'unrepaired' as const, 'in-force' as const),
  aggregate: fc.constantFrom('count' as const, 'sum' as const),
  comparison: fc.constantFrom('at-most' as const, 'at-least' as const),
  threshold: fc.oneof(
    fc.bigInt(0n, 6n),
    fc.bigInt(0n, 60n),
    fc.constantFrom((1n << 64n) - 1n, (1n << 70n) - 1n),
  ),
});

/** A clause for which most records count, so that operations on them decide. */
const broadClause = clause.map(({ status, comparison, threshold }) => ({
  ...ANY,
  status,
  comparison,
  threshold,
}));

/** One or two clauses. */
export const predicates: fc.Arbitrary<ReferenceClause[]> = fc.array(fc.oneof(clause, broadClause), {
  minLength: 1,
  maxLength: 2,
});
