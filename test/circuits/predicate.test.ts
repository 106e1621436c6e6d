import { expect } from 'chai';
import { claim, honest, plainClaim } from './support/claim.ts';
import {
  ANY,
  OP,
  OPEN_END,
  evaluate,
  type Op,
  type ReferenceClause,
  type ReferenceEntry,
} from './support/reference.ts';
import type { CircuitInput } from './support/witness.ts';
import { TODAY, inputOf, keyOf, BASE, type Scene } from './support/world.ts';

const RECORD: ReferenceEntry = {
  op: OP.RECORD,
  kind: 7,
  domain: 3,
  severity: 2,
  day: TODAY - 100,
  until: OPEN_END,
  amountFen: 5_000n,
  ref: 0,
};
const record = (fields: Partial<ReferenceEntry> = {}): ReferenceEntry => ({ ...RECORD, ...fields });
const act = (op: Op, ref: number, day = TODAY - 10): ReferenceEntry => ({
  op,
  kind: 0,
  domain: 0,
  severity: 0,
  day,
  until: 0,
  amountFen: 0n,
  ref,
});
const clause = (fields: Partial<ReferenceClause> = {}): ReferenceClause => ({ ...ANY, ...fields });

/** The outcome of "no record counts", under which one record that counts makes a NO. */
const NONE = clause();

interface Case {
  it: string;
  chain: ReferenceEntry[];
  clauses?: ReferenceClause[];
  answer: 'YES' | 'NO';
  disputed?: boolean;
  scene?: Partial<Scene>;
}

/** Checks a case against what it says, against the reference, and against every other witness. */
async function check({ chain, clauses = [NONE], answer, disputed = false, scene = {} }: Case): Promise<void> {
  const expected = { answer: answer === 'YES' ? 1n : 0n, disputed: disputed ? 1n : 0n };
  expect(evaluate(clauses, chain, scene.asOfDay ?? TODAY), 'reference').to.deep.equal(expected);
  const input = inputOf({ chain, clauses, ...scene });
  expect(honest(await claim(8), input), 'circuit').to.deep.equal(expected);
  const verdict = (await plainClaim(8)).consequences(input as unknown as CircuitInput);
  expect(verdict.kind, 'every witness').to.equal('unique');
  if (verdict.kind === 'unique') {
    expect({ answer: verdict.values[1], disputed: verdict.values[2] }, 'every witness').to.deep.equal(
      expected,
    );
  }
}

const groups: Record<string, Case[]> = {
  'number of entries': [
    { it: 'no entry: nothing counts', chain: [], answer: 'YES' },
    {
      it: 'no entry: at least one is NO',
      chain: [],
      clauses: [clause({ comparison: 'at-least', threshold: 1n })],
      answer: 'NO',
    },
    { it: 'one entry', chain: [record()], answer: 'NO' },
    {
      it: 'eight entries, all counted',
      chain: Array.from({ length: 8 }, () => record()),
      clauses: [clause({ comparison: 'at-least', threshold: 8n })],
      answer: 'YES',
    },
    {
      it: 'eight entries are not nine',
      chain: Array.from({ length: 8 }, () => record()),
      clauses: [clause({ comparison: 'at-least', threshold: 9n })],
      answer: 'NO',
    },
  ],
  kind: [
    { it: 'in the mask', chain: [record({ kind: 7 })], clauses: [clause({ kinds: 1n << 7n })], answer: 'NO' },
    {
      it: 'not in the mask',
      chain: [record({ kind: 7 })],
      clauses: [clause({ kinds: ((1n << 64n) - 1n) ^ (1n << 7n) })],
      answer: 'YES',
    },
    { it: 'the first kind', chain: [record({ kind: 0 })], clauses: [clause({ kinds: 1n })], answer: 'NO' },
    {
      it: 'the last kind',
      chain: [record({ kind: 63 })],
      clauses: [clause({ kinds: 1n << 63n })],
      answer: 'NO',
    },
    {
      it: 'neighbours of the kind only',
      chain: [record({ kind: 32 })],
      clauses: [clause({ kinds: (1n << 31n) | (1n << 33n) })],
      answer: 'YES',
    },
  ],
  domain: [
    {
      it: 'in the mask',
      chain: [record({ domain: 3 })],
      clauses: [clause({ domains: 1n << 3n })],
      answer: 'NO',
    },
    {
      it: 'not in the mask',
      chain: [record({ domain: 3 })],
      clauses: [clause({ domains: 0xfff7n })],
      answer: 'YES',
    },
    {
      it: 'the last domain',
      chain: [record({ domain: 15 })],
      clauses: [clause({ domains: 1n << 15n })],
      answer: 'NO',
    },
    {
      it: 'the first domain',
      chain: [record({ domain: 0 })],
      clauses: [clause({ domains: 1n })],
      answer: 'NO',
    },
  ],
  severity: [
    {
      it: 'below the least',
      chain: [record({ severity: 1 })],
      clauses: [clause({ minSeverity: 2 })],
      answer: 'YES',
    },
    {
      it: 'the least',
      chain: [record({ severity: 2 })],
      clauses: [clause({ minSeverity: 2 })],
      answer: 'NO',
    },
    {
      it: 'above the least',
      chain: [record({ severity: 3 })],
      clauses: [clause({ minSeverity: 2 })],
      answer: 'NO',
    },
    { it: 'none counts where none is asked for', chain: [record({ severity: 0 })], answer: 'NO' },
    {
      it: 'none does not count where general is asked for',
      chain: [record({ severity: 0 })],
      clauses: [clause({ minSeverity: 1 })],
      answer: 'YES',
    },
    {
      it: 'a least severity that no record can have',
      chain: [record({ severity: 3 })],
      clauses: [clause({ minSeverity: 4 })],
      answer: 'YES',
    },
    {
      it: 'the largest least severity',
      chain: [record({ severity: 3 })],
      clauses: [clause({ minSeverity: 15 })],
      answer: 'YES',
    },
  ],
  day: [
    { it: 'yesterday', chain: [record({ day: TODAY - 1 })], answer: 'NO' },
    { it: 'today', chain: [record({ day: TODAY })], answer: 'NO' },
    { it: 'tomorrow does not count', chain: [record({ day: TODAY + 1 })], answer: 'YES' },
    { it: 'day 0', chain: [record({ day: 0 })], answer: 'NO' },
    { it: 'the last day there is', chain: [record({ day: OPEN_END })], answer: 'YES' },
    {
      it: 'asked about the last day there is',
      chain: [record({ day: OPEN_END })],
      scene: { asOfDay: OPEN_END },
      answer: 'NO',
    },
    { it: 'asked about day 0', chain: [record({ day: 0 })], scene: { asOfDay: 0 }, answer: 'NO' },
  ],
  age: [
    {
      it: 'one day younger than the limit',
      chain: [record({ day: TODAY - 99 })],
      clauses: [clause({ maxAgeDays: 100 })],
      answer: 'NO',
    },
    {
      it: 'at the limit',
      chain: [record({ day: TODAY - 100 })],
      clauses: [clause({ maxAgeDays: 100 })],
      answer: 'NO',
    },
    {
      it: 'one day older than the limit',
      chain: [record({ day: TODAY - 101 })],
      clauses: [clause({ maxAgeDays: 100 })],
      answer: 'YES',
    },
    { it: 'no limit', chain: [record({ day: 0 })], clauses: [clause({ maxAgeDays: 0 })], answer: 'NO' },
    {
      it: 'the largest limit',
      chain: [record({ day: 0 })],
      clauses: [clause({ maxAgeDays: OPEN_END })],
      scene: { asOfDay: OPEN_END },
      answer: 'NO',
    },
    {
      it: 'a limit of one day, yesterday',
      chain: [record({ day: TODAY - 1 })],
      clauses: [clause({ maxAgeDays: 1 })],
      answer: 'NO',
    },
    {
      it: 'a limit does not let the future in',
      chain: [record({ day: TODAY + 1 })],
      clauses: [clause({ maxAgeDays: 5 })],
      answer: 'YES',
    },
  ],
  'status and revocation': [
    { it: 'a revoked record never counts', chain: [record(), act(OP.REVOKE, 0)], answer: 'YES' },
    {
      it: 'a revocation dated after the day asked about counts all the same',
      chain: [record(), act(OP.REVOKE, 0, TODAY + 5)],
      answer: 'YES',
    },
    {
      it: 'revoking one record leaves the other',
      chain: [record(), record(), act(OP.REVOKE, 0)],
      answer: 'NO',
    },
    { it: 'revoking both', chain: [record(), record(), act(OP.REVOKE, 1), act(OP.REVOKE, 0)], answer: 'YES' },
    { it: 'revoking twice', chain: [record(), act(OP.REVOKE, 0), act(OP.REVOKE, 0)], answer: 'YES' },
    {
      it: 'a repaired record counts when only revocation matters',
      chain: [record(), act(OP.REPAIR, 0)],
      answer: 'NO',
    },
    {
      it: 'a repaired record does not count as unrepaired',
      chain: [record(), act(OP.REPAIR, 0)],
      clauses: [clause({ status: 'unrepaired' })],
      answer: 'YES',
    },
    {
      it: 'a repaired record is not in force',
      chain: [record(), act(OP.REPAIR, 0)],
      clauses: [clause({ status: 'in-force' })],
      answer: 'YES',
    },
    {
      it: 'a repair of today',
      chain: [record(), act(OP.REPAIR, 0, TODAY)],
      clauses: [clause({ status: 'unrepaired' })],
      answer: 'YES',
    },
    {
      it: 'a repair of tomorrow does not count',
      chain: [record(), act(OP.REPAIR, 0, TODAY + 1)],
      clauses: [clause({ status: 'unrepaired' })],
      answer: 'NO',
    },
    {
      it: 'one of two repairs is of tomorrow',
      chain: [record(), act(OP.REPAIR, 0, TODAY + 1), act(OP.REPAIR, 0)],
      clauses: [clause({ status: 'unrepaired' })],
      answer: 'YES',
    },
    {
      it: 'the repair of another record',
      chain: [record(), record({ severity: 0 }), act(OP.REPAIR, 1)],
      clauses: [clause({ status: 'unrepaired', minSeverity: 1 })],
      answer: 'NO',
    },
    {
      it: 'in force until today',
      chain: [record({ until: TODAY })],
      clauses: [clause({ status: 'in-force' })],
      answer: 'NO',
    },
    {
      it: 'expired yesterday',
      chain: [record({ until: TODAY - 1 })],
      clauses: [clause({ status: 'in-force' })],
      answer: 'YES',
    },
    {
      it: 'in force until tomorrow',
      chain: [record({ until: TODAY + 1 })],
      clauses: [clause({ status: 'in-force' })],
      answer: 'NO',
    },
    {
      it: 'an expired record is still unrepaired',
      chain: [record({ until: TODAY - 1 })],
      clauses: [clause({ status: 'unrepaired' })],
      answer: 'NO',
    },
    { it: 'an expired record is still not revoked', chain: [record({ until: 0 })], answer: 'NO' },
  ],
  threshold: [
    ...(
      [
        ['at-most', ['YES', 'YES', 'NO']],
        ['at-least', ['NO', 'YES', 'YES']],
      ] as const
    ).flatMap(([comparison, answers]) =>
      [2, 3, 4].flatMap((count, k): Case[] => [
        {
          it: `${count} records, ${comparison} 3`,
          chain: Array.from({ length: count }, () => record()),
          clauses: [clause({ comparison, threshold: 3n })],
          answer: answers[k] ?? 'NO',
        },
        {
          it: `a sum one ${['below', 'at', 'above'][k]} the threshold, ${comparison}`,
          chain: [record({ amountFen: 10_000n }), record({ amountFen: BigInt(4_999 + k) })],
          clauses: [clause({ aggregate: 'sum', comparison, threshold: 15_000n })],
          answer: answers[k] ?? 'NO',
        },
      ]),
    ),
    {
      it: 'the largest amounts do not wrap',
      chain: Array.from({ length: 8 }, () => record({ amountFen: (1n << 64n) - 1n })),
      clauses: [clause({ aggregate: 'sum', comparison: 'at-least', threshold: 8n * ((1n << 64n) - 1n) })],
      answer: 'YES',
    },
    {
      it: 'the largest amounts are not one fen more',
      chain: Array.from({ length: 8 }, () => record({ amountFen: (1n << 64n) - 1n })),
      clauses: [
        clause({ aggregate: 'sum', comparison: 'at-least', threshold: 8n * ((1n << 64n) - 1n) + 1n }),
      ],
      answer: 'NO',
    },
    {
      it: 'the largest threshold',
      chain: [record()],
      clauses: [clause({ aggregate: 'sum', threshold: (1n << 70n) - 1n })],
      answer: 'YES',
    },
    {
      it: 'a record without an amount adds nothing',
      chain: [record({ amountFen: 0n })],
      clauses: [clause({ aggregate: 'sum' })],
      answer: 'YES',
    },
    {
      it: 'amounts of records that do not count are left out',
      chain: [record({ amountFen: 9n }), record({ severity: 0, amountFen: 90n })],
      clauses: [clause({ aggregate: 'sum', minSeverity: 1, threshold: 9n })],
      answer: 'YES',
    },
  ],
  'two clauses': [
    {
      it: 'both hold',
      chain: [record()],
      clauses: [clause({ threshold: 1n }), clause({ comparison: 'at-least', threshold: 1n })],
      answer: 'YES',
    },
    {
      it: 'only the first holds',
      chain: [record()],
      clauses: [clause({ threshold: 1n }), NONE],
      answer: 'NO',
    },
    {
      it: 'only the second holds',
      chain: [record()],
      clauses: [NONE, clause({ threshold: 1n })],
      answer: 'NO',
    },
    { it: 'neither holds', chain: [record()], clauses: [NONE, NONE], answer: 'NO' },
    {
      it: 'masks of the clauses are kept apart',
      chain: [record({ kind: 1 }), record({ kind: 2 })],
      clauses: [clause({ kinds: 2n, threshold: 1n }), clause({ kinds: 4n, threshold: 1n })],
      answer: 'YES',
    },
    { it: 'a missing second clause holds', chain: [], clauses: [NONE], answer: 'YES' },
    { it: 'no clause at all holds', chain: [record()], clauses: [], answer: 'YES' },
  ],
  'references without effect': [
    ...([OP.REVOKE, OP.REPAIR] as const).flatMap((op): Case[] => {
      const unrepaired = [clause({ status: 'unrepaired' })];
      const name = op === OP.REVOKE ? 'a revocation' : 'a repair';
      return [
        {
          it: `${name} that points forward`,
          chain: [act(op, 1), record()],
          clauses: unrepaired,
          answer: 'NO',
        },
        {
          it: `${name} that points to itself`,
          chain: [record(), act(op, 1)],
          clauses: unrepaired,
          answer: 'NO',
        },
        {
          it: `${name} that points at an operation on the record`,
          chain: [record(), act(OP.DISPUTE, 5), act(op, 1)],
          clauses: unrepaired,
          answer: 'NO',
        },
        {
          it: `${name} that points beyond the chain`,
          chain: [record(), act(op, 65_535)],
          clauses: unrepaired,
          answer: 'NO',
        },
        {
          it: `${name} that points at an unused slot`,
          chain: [record(), act(op, 7)],
          clauses: unrepaired,
          answer: 'NO',
        },
      ];
    }),
    { it: 'a dispute that points forward', chain: [act(OP.DISPUTE, 1), record()], answer: 'NO' },
    { it: 'a dispute that points to itself', chain: [record(), act(OP.DISPUTE, 1)], answer: 'NO' },
    {
      it: 'a settlement that points forward leaves the dispute',
      chain: [record(), act(OP.DISPUTE, 0), act(OP.SETTLE, 3), record()],
      answer: 'NO',
      disputed: true,
    },
    {
      it: 'a settlement that points at the dispute itself',
      chain: [record(), act(OP.DISPUTE, 0), act(OP.SETTLE, 1)],
      answer: 'NO',
      disputed: true,
    },
    {
      it: 'revoking a revocation brings nothing back',
      chain: [record(), act(OP.REVOKE, 0), act(OP.REVOKE, 1)],
      answer: 'YES',
    },
    {
      it: 'revoking a repair does not undo it',
      chain: [record(), act(OP.REPAIR, 0), act(OP.REVOKE, 1)],
      clauses: [clause({ status: 'unrepaired' })],
      answer: 'YES',
    },
  ],
  disputes: [
    {
      it: 'a disputed record that counts',
      chain: [record(), act(OP.DISPUTE, 0)],
      answer: 'NO',
      disputed: true,
    },
    { it: 'a dispute of today', chain: [record(), act(OP.DISPUTE, 0, TODAY)], answer: 'NO', disputed: true },
    { it: 'a dispute of tomorrow', chain: [record(), act(OP.DISPUTE, 0, TODAY + 1)], answer: 'NO' },
    { it: 'settled', chain: [record(), act(OP.DISPUTE, 0), act(OP.SETTLE, 0)], answer: 'NO' },
    { it: 'settled today', chain: [record(), act(OP.DISPUTE, 0), act(OP.SETTLE, 0, TODAY)], answer: 'NO' },
    {
      it: 'settled tomorrow only',
      chain: [record(), act(OP.DISPUTE, 0), act(OP.SETTLE, 0, TODAY + 1)],
      answer: 'NO',
      disputed: true,
    },
    {
      it: 'settled and disputed again',
      chain: [record(), act(OP.DISPUTE, 0), act(OP.SETTLE, 0), act(OP.DISPUTE, 0)],
      answer: 'NO',
      disputed: true,
    },
    {
      it: 'disputed twice, settled once after',
      chain: [record(), act(OP.DISPUTE, 0), act(OP.DISPUTE, 0), act(OP.SETTLE, 0)],
      answer: 'NO',
    },
    {
      it: 'settled before it was disputed',
      chain: [record(), act(OP.SETTLE, 0), act(OP.DISPUTE, 0)],
      answer: 'NO',
      disputed: true,
    },
    {
      it: 'the settlement of another record',
      chain: [record(), record(), act(OP.DISPUTE, 0), act(OP.SETTLE, 1)],
      answer: 'NO',
      disputed: true,
    },
    {
      it: 'a later dispute of tomorrow leaves the settlement standing',
      chain: [record(), act(OP.DISPUTE, 0), act(OP.SETTLE, 0), act(OP.DISPUTE, 0, TODAY + 1)],
      answer: 'NO',
    },
    { it: 'disputed and revoked', chain: [record(), act(OP.DISPUTE, 0), act(OP.REVOKE, 0)], answer: 'YES' },
    {
      it: 'a disputed record that does not count',
      chain: [record({ severity: 0 }), record(), act(OP.DISPUTE, 0)],
      clauses: [clause({ minSeverity: 1 })],
      answer: 'NO',
    },
    {
      it: 'a disputed record that counts for the second clause only',
      chain: [record({ kind: 9 }), act(OP.DISPUTE, 0)],
      clauses: [clause({ kinds: 1n }), clause({ kinds: 1n << 9n, threshold: 1n })],
      answer: 'YES',
      disputed: true,
    },
    {
      it: 'a disputed record that counts for both clauses',
      chain: [record(), act(OP.DISPUTE, 0)],
      clauses: [clause({ threshold: 1n }), clause({ threshold: 2n })],
      answer: 'YES',
      disputed: true,
    },
    {
      it: 'a repaired and disputed record that counts for the first clause only',
      chain: [record(), act(OP.REPAIR, 0), act(OP.DISPUTE, 0)],
      clauses: [clause({ threshold: 1n }), clause({ status: 'unrepaired' })],
      answer: 'YES',
      disputed: true,
    },
  ],
  'place of the subject in the register': [
    ...Object.entries({
      'in an empty register': [],
      'before the first subject': [1n, 2n],
      'after the last subject': [-1n, -2n],
      'between two subjects': [-1n, 1n],
    }).flatMap(([place, offsets]): Case[] => {
      const key = keyOf(BASE.uscc, BASE.class, BASE.secret);
      const others = offsets.map((offset, i) => [key + offset * 1000n, 500n + BigInt(i)] as const);
      return [
        { it: `absent, ${place}`, chain: [], scene: { others }, answer: 'YES' },
        { it: `present, ${place}`, chain: [record()], scene: { others }, answer: 'NO' },
      ];
    }),
    {
      it: 'absent, between keys that differ by one from its own',
      chain: [],
      scene: {
        others: [-1n, 1n].map((offset) => [keyOf(BASE.uscc, BASE.class, BASE.secret) + offset, 5n] as const),
      },
      answer: 'YES',
    },
    {
      it: 'present among thirty others',
      chain: [record()],
      scene: { others: Array.from({ length: 30 }, (_, i) => [BigInt(i + 1) << 243n, 9n] as const) },
      answer: 'NO',
    },
  ],
  class: [
    { it: 'permits', chain: [record()], scene: { class: 2 }, answer: 'NO' },
    { it: 'positive records', chain: [record()], scene: { class: 3 }, answer: 'NO' },
  ],
};

describe('claim(8): the value of a predicate', () => {
  for (const [group, cases] of Object.entries(groups)) {
    describe(group, () => {
      for (const each of cases)
        it(`${each.it}: ${each.answer}${each.disputed === true ? ', disputed' : ''}`, () => check(each));
    });
  }
});
