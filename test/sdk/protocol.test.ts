import {
  type Clause,
  canonicalBytes,
  canonicalUscc,
  checkUscc,
  type Content,
  contentOf,
  counts,
  type Day,
  dateOfDay,
  dayOfDate,
  decodeDelta,
  decodeEntries,
  EMPTY_ROOT,
  encodeDelta,
  encodeEntry,
  type Entry,
  type EntryBody,
  evaluate,
  FIELD_MODULUS,
  fromBytes32,
  isLedgerError,
  nextHead,
  OP,
  type Op,
  type OpenedEntry,
  packClause,
  packEntry,
  packOperation,
  type Predicate,
  RegisterTree,
  type Severity,
  sortForBatch,
  type SubjectKey,
  toBytes32,
  type TreePath,
  unpackClause,
  unpackEntry,
  USCC_ALPHABET,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import fc from 'fast-check';
import { poseidon3, poseidon4 } from 'poseidon-lite';
import { company } from './support/companies.ts';

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isLedgerError(error)) return error.code;
    throw error;
  }
  return 'nothing was refused';
}

const element = fc.bigInt({ min: 0n, max: FIELD_MODULUS - 1n });
const day = fc.nat(1_048_575) as fc.Arbitrary<Day>;

describe('field elements', function () {
  this.timeout(30_000);

  it('have one spelling, and it is read back', () => {
    fc.assert(fc.property(element, (value) => fromBytes32(toBytes32(value)) === value));
  });

  it('are refused at r and above, and in any other spelling', () => {
    expect(codeOf(() => fromBytes32(`0x${FIELD_MODULUS.toString(16)}`))).to.equal('FIELD_OUT_OF_RANGE');
    expect(codeOf(() => toBytes32(FIELD_MODULUS))).to.equal('FIELD_OUT_OF_RANGE');
    expect(codeOf(() => toBytes32(-1n))).to.equal('FIELD_OUT_OF_RANGE');
    const text = toBytes32(FIELD_MODULUS - 1n);
    for (const other of [
      text.toUpperCase(),
      text.slice(2),
      `${text} `,
      `${text}\n`,
      `0x0${text.slice(2)}`,
      text.slice(0, -1),
    ]) {
      expect(
        codeOf(() => fromBytes32(other)),
        other,
      ).to.equal('BYTES32_MALFORMED');
    }
  });
});

describe('unified social credit codes', function () {
  this.timeout(30_000);

  it('are accepted with both check characters right, whatever their case and width', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999_999 }), (number) => {
        const uscc = company(number);
        const wide = [...uscc].map((c) => String.fromCodePoint((c.codePointAt(0) ?? 0) + 0xfee0)).join('');
        return [uscc, uscc.toLowerCase(), ` ${uscc} `, wide].every(
          (text) => canonicalUscc(text) === uscc && checkUscc(text).ok,
        );
      }),
    );
  });

  it('are refused with any one character changed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 99_999_999 }),
        fc.nat(17),
        fc.constantFrom(...USCC_ALPHABET),
        (number, position, character) => {
          const uscc = company(number);
          fc.pre(uscc[position] !== character);
          return !checkUscc(uscc.slice(0, position) + character + uscc.slice(position + 1)).ok;
        },
      ),
    );
  });

  it('are refused when all zero, too short, or with I, O, S, V, Z', () => {
    expect(checkUscc('0'.repeat(18))).to.include({ ok: false, code: 'USCC_PREFIX' });
    expect(checkUscc('91110000')).to.include({ ok: false, code: 'USCC_LENGTH' });
    expect(checkUscc(`O${company(1).slice(1)}`)).to.include({ ok: false, code: 'USCC_CHARACTER' });
  });
});

describe('days', () => {
  it('are read back from their dates', () => {
    fc.assert(fc.property(fc.nat(200_000), (value) => dayOfDate(dateOfDay(value as Day)) === value));
  });
  it('are refused in another spelling or when there is no such date', () => {
    for (const date of [
      '2026-02-30',
      '2026-1-01',
      '1969-12-31',
      '2026/01/01',
      '20260101',
      ' 2026-01-01',
      '2100-02-29',
    ]) {
      expect(
        codeOf(() => dayOfDate(date)),
        date,
      ).to.equal('DATE_INVALID');
    }
  });
});

const recordFields = fc.record({
  kind: fc.nat(63),
  domain: fc.nat(15),
  severity: fc.nat(3) as fc.Arbitrary<Severity>,
  day,
  until: day,
  amountFen: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ref: fc.constant(0),
});

describe('entries', function () {
  this.timeout(30_000);

  it('are unpacked into what was packed', () => {
    fc.assert(
      fc.property(recordFields, (fields) => {
        expect(unpackEntry(packEntry(OP.RECORD, fields))).to.deep.equal(fields);
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3, 4), day, fc.nat(65_535), (op, when, ref) => {
        expect(unpackEntry(packOperation(op as 1, when, ref))).to.include({
          day: when,
          ref,
          kind: 0,
          amountFen: 0n,
        });
      }),
    );
  });

  it('are refused when a field does not fit, or does not belong to the operation', () => {
    const good = {
      kind: 1,
      domain: 1,
      severity: 1 as Severity,
      day: 1 as Day,
      until: 2 as Day,
      amountFen: 0n,
      ref: 0,
    };
    const bad: [Op, object][] = [
      [0, { kind: 64 }],
      [0, { domain: 16 }],
      [0, { severity: 4 }],
      [0, { day: 1_048_576 }],
      [0, { amountFen: 2n ** 64n }],
      [0, { amountFen: -1n }],
      [0, { ref: 1 }],
      [1, {}],
    ];
    for (const [op, change] of bad) {
      expect(codeOf(() => packEntry(op, { ...good, ...change }))).to.equal('ENTRY_FIELD_OUT_OF_RANGE');
    }
    for (const packed of [1n << 140n, 1n << 6n, 1n << 12n, 1n << 18n, -1n]) {
      expect(
        codeOf(() => unpackEntry(packed)),
        packed.toString(16),
      ).to.equal('ENTRY_PACKED_MALFORMED');
    }
  });

  it('are decoded from what was encoded for the chain', () => {
    const entry = fc.record({
      key: fc.bigInt({ min: 1n, max: 2n ** 248n - 1n }) as fc.Arbitrary<SubjectKey>,
      op: fc.constantFrom(0, 1, 2, 3, 4) as fc.Arbitrary<Op>,
      body: element as fc.Arbitrary<EntryBody>,
    });
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        expect(decodeEntries(entries.map(encodeEntry))).to.deep.equal(entries);
      }),
    );
  });

  it('have a content that does not depend on the order of fields, and does on every salt', () => {
    const field = fc.record({
      name: fc.string(),
      value: fc.string({ unit: 'grapheme' }),
      salt: fc.stringMatching(/^[0-9a-f]{32}$/),
    });
    fc.assert(
      fc.property(fc.array(field, { minLength: 1, maxLength: 6 }), (fields) => {
        const [first] = fields;
        if (!first) return false;
        const other = {
          ...first,
          salt: first.salt.startsWith('0') ? `1${first.salt.slice(1)}` : `0${first.salt.slice(1)}`,
        };
        return (
          contentOf(fields) === contentOf([...fields].reverse()) &&
          contentOf(fields) !== contentOf([other, ...fields.slice(1)])
        );
      }),
    );
  });
});

const clause: fc.Arbitrary<Clause> = fc.record({
  kinds: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  domains: fc.nat(65_535),
  minSeverity: fc.nat(3),
  maxAgeDays: fc.oneof(fc.constant(0), fc.nat(2_000), fc.nat(1_048_575)),
  status: fc.constantFrom('not-revoked', 'unrepaired', 'in-force'),
  aggregate: fc.constantFrom('count', 'sum'),
  comparison: fc.constantFrom('at-most', 'at-least'),
  threshold: fc.oneof(fc.bigInt({ min: 0n, max: 5n }), fc.bigInt({ min: 0n, max: 2n ** 70n - 1n })),
});

describe('predicates', function () {
  this.timeout(30_000);

  it('have clauses that are unpacked into what was packed', () => {
    fc.assert(
      fc.property(clause, (value) => {
        expect(unpackClause(packClause(value))).to.deep.equal(value);
      }),
    );
  });

  it('are refused with a status that is not defined, or with bits above the last', () => {
    expect(codeOf(() => unpackClause(3n << 104n))).to.equal('CLAUSE_MALFORMED');
    expect(codeOf(() => unpackClause(1n << 178n))).to.equal('CLAUSE_MALFORMED');
  });

  // Small ranges, so that references, days and kinds meet often.
  const entry: fc.Arbitrary<OpenedEntry> = fc.oneof(
    fc.record({
      op: fc.constant(OP.RECORD),
      packed: fc
        .record({
          kind: fc.nat(3),
          domain: fc.nat(2),
          severity: fc.nat(3) as fc.Arbitrary<Severity>,
          day: fc.integer({ min: 95, max: 106 }) as fc.Arbitrary<Day>,
          until: fc.integer({ min: 95, max: 110 }) as fc.Arbitrary<Day>,
          amountFen: fc.bigInt({ min: 0n, max: 4n }),
          ref: fc.constant(0),
        })
        .map((fields) => packEntry(OP.RECORD, fields)),
      content: fc.constant(1n as Content),
    }),
    fc
      .tuple(fc.constantFrom(1, 2, 3, 4), fc.integer({ min: 95, max: 106 }), fc.nat(7))
      .map(([op, when, ref]) => ({
        op: op as Op,
        packed: packOperation(op as 1, when as Day, ref),
        content: 1n as Content,
      })),
  );
  const smallClause = clause.map((each) => ({
    ...each,
    kinds: each.kinds | 3n,
    domains: each.domains | 1,
    maxAgeDays: each.maxAgeDays % 12,
    threshold: each.threshold % 6n,
  }));
  const predicate: fc.Arbitrary<Predicate> = fc
    .array(smallClause, { minLength: 1, maxLength: 2 })
    .map((clauses) => ({ class: 1, clauses }) as unknown as Predicate);

  /** The protocol's words taken one by one, without the SDK's own walk over the chain. */
  function naive(
    wanted: Predicate,
    chain: readonly OpenedEntry[],
    asOfDay: Day,
  ): { answer: boolean; disputed: boolean } {
    const opened = chain.map(({ op, packed }) => ({ op, ...unpackEntry(packed) }));
    const later = (i: number, op: Op): { at: number; day: number }[] =>
      opened.flatMap((each, at) =>
        at > i && each.op === op && each.ref === i ? [{ at, day: each.day }] : [],
      );
    let disputed = false;
    const answer = wanted.clauses.map((each) => {
      let total = 0n;
      opened.forEach((record, i) => {
        if (record.op !== OP.RECORD) return;
        if (later(i, OP.REVOKE).length > 0) return;
        if (((each.kinds >> BigInt(record.kind)) & 1n) === 0n || ((each.domains >> record.domain) & 1) === 0)
          return;
        if (record.severity < each.minSeverity || record.day > asOfDay) return;
        if (each.maxAgeDays !== 0 && asOfDay - record.day > each.maxAgeDays) return;
        const repaired = later(i, OP.REPAIR).some((repair) => repair.day <= asOfDay);
        if (each.status !== 'not-revoked' && repaired) return;
        if (each.status === 'in-force' && record.until < asOfDay) return;
        total += each.aggregate === 'count' ? 1n : record.amountFen;
        const disputes = later(i, OP.DISPUTE).filter((dispute) => dispute.day <= asOfDay);
        const last = disputes.at(-1);
        if (last && !later(i, OP.SETTLE).some((settle) => settle.at > last.at && settle.day <= asOfDay))
          disputed = true;
      });
      return each.comparison === 'at-most' ? total <= each.threshold : total >= each.threshold;
    });
    return { answer: answer.every(Boolean), disputed };
  }

  it('have the value that the protocol’s words give', () => {
    fc.assert(
      fc.property(
        predicate,
        fc.array(entry, { maxLength: 8 }),
        fc.integer({ min: 98, max: 104 }),
        (wanted, chain, asOf) => {
          expect(evaluate(wanted, chain, asOf as Day)).to.deep.equal(naive(wanted, chain, asOf as Day));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('do not change their value by operations with a reference forward, to themselves or to no RECORD', () => {
    fc.assert(
      fc.property(
        predicate,
        fc.array(entry, { maxLength: 6 }),
        fc.constantFrom(1, 2, 3, 4),
        fc.nat(9),
        (wanted, chain, op, by) => {
          const asOf = 103 as Day;
          const targets = chain.flatMap((each, i) => (each.op === OP.RECORD ? [] : [i]));
          const ref = by < targets.length ? (targets[by] ?? 0) : chain.length + by;
          const idle = {
            op: op as Op,
            packed: packOperation(op as 1, 100 as Day, ref),
            content: 1n as Content,
          };
          expect(evaluate(wanted, [...chain, idle], asOf)).to.deep.equal(evaluate(wanted, chain, asOf));
        },
      ),
    );
  });

  it('count a record at the ends of every range', () => {
    const at = (changes: object): Clause => ({
      kinds: 8n,
      domains: 4,
      minSeverity: 2,
      maxAgeDays: 10,
      status: 'in-force',
      aggregate: 'count',
      comparison: 'at-most',
      threshold: 0n,
      ...changes,
    });
    const fields = {
      kind: 3,
      domain: 2,
      severity: 2 as Severity,
      day: 90 as Day,
      until: 100 as Day,
      amountFen: 0n,
      ref: 0,
    };
    const record = { index: 0, fields, revoked: false, repaired: false, expired: false, disputed: false };
    expect(counts(record, at({}), 100 as Day)).to.equal(true);
    expect(counts(record, at({}), 101 as Day)).to.equal(false);
    expect(counts(record, at({}), 89 as Day)).to.equal(false);
    expect(counts(record, at({ minSeverity: 3 }), 100 as Day)).to.equal(false);
    expect(counts(record, at({ kinds: ~8n & (2n ** 64n - 1n) }), 100 as Day)).to.equal(false);
    expect(counts(record, at({ domains: 65_531 }), 100 as Day)).to.equal(false);
  });
});

describe('the register tree', function () {
  this.timeout(60_000);

  // Few keys, so that a batch often touches one twice; among them the smallest and the largest.
  const key = fc.oneof(
    fc.constantFrom(1n, 2n, 2n ** 248n - 1n),
    fc.bigInt({ min: 1n, max: 12n }),
    fc.bigInt({ min: 1n, max: 2n ** 248n - 1n }),
  ) as fc.Arbitrary<SubjectKey>;
  const entry: fc.Arbitrary<Entry> = fc.record({
    key,
    op: fc.constantFrom(0, 1, 2, 3, 4) as fc.Arbitrary<Op>,
    body: fc.bigInt({ min: 1n, max: 1_000n }) as fc.Arbitrary<EntryBody>,
  });
  const batches = fc.array(
    fc.array(entry, { minLength: 1, maxLength: 6 }).map((entries) => sortForBatch(entries)),
    { minLength: 1, maxLength: 4 },
  );
  const runs = { numRuns: 25 };

  /** The same tree by its definition: leaves in order of arrival, hashed from scratch. */
  class NaiveTree {
    readonly heads = new Map<SubjectKey, bigint>();

    append(entries: readonly Entry[]): void {
      for (const { key: subject, op, body } of entries) {
        const head = this.heads.get(subject) ?? 0n;
        this.heads.set(subject, nextHead(head as never, op, body));
      }
    }

    root(): bigint {
      const sorted = [...this.heads.keys()].sort((a, b) => (a < b ? -1 : 1));
      const next = (after: bigint): bigint => sorted.find((each) => each > after) ?? 0n;
      let level = [
        poseidon3([0n, next(0n), 0n]),
        ...[...this.heads].map(([subject, head]) => poseidon3([subject, next(subject), head])),
      ];
      let z = 0n;
      for (let i = 0; i < 14; i += 1) {
        const above: bigint[] = [];
        for (let k = 0; k < level.length; k += 4)
          above.push(poseidon4([0, 1, 2, 3].map((c) => level[k + c] ?? z)));
        level = above;
        z = poseidon4([z, z, z, z]);
      }
      return level[0] ?? 0n;
    }
  }

  function rootOfPath(path: TreePath): bigint {
    let hash = poseidon3([path.leaf.key, path.leaf.nextKey, path.leaf.head]);
    path.siblings.forEach((siblings, i) => {
      const children = [...siblings] as bigint[];
      children.splice(path.digits[i] ?? 0, 0, hash);
      hash = poseidon4(children);
    });
    return hash;
  }

  it('has the root of a tree that is built from scratch', () => {
    fc.assert(
      fc.property(batches, (list) => {
        const tree = new RegisterTree();
        const model = new NaiveTree();
        list.forEach((entries, i) => {
          tree.append(entries, i + 1);
          model.append(entries);
          expect(tree.root()).to.equal(model.root());
        });
        expect(tree.size).to.equal(model.heads.size);
      }),
      runs,
    );
  });

  it('gives a path under every batch for every key, present or absent', () => {
    fc.assert(
      fc.property(batches, fc.array(key, { maxLength: 4 }), (list, others) => {
        const tree = new RegisterTree();
        const models = [new NaiveTree()];
        list.forEach((entries, i) => {
          tree.append(entries, i + 1);
          const model = new NaiveTree();
          list.slice(0, i + 1).forEach((each) => model.append(each));
          models.push(model);
        });
        const keys = [...new Set([...list.flat().map((each) => each.key), ...others])];
        models.forEach((model, seq) => {
          for (const subject of keys) {
            const path = tree.path(subject, seq);
            const head = model.heads.get(subject);
            expect(rootOfPath(path)).to.equal(tree.root(seq));
            expect(path.kind).to.equal(head === undefined ? 'absent' : 'member');
            expect(tree.headOf(subject, seq)).to.equal(head ?? 0n);
            if (head !== undefined) expect(path.leaf).to.include({ key: subject, head });
            else {
              expect(path.leaf.key < subject).to.equal(true);
              expect(path.leaf.nextKey === 0n || subject < path.leaf.nextKey).to.equal(true);
            }
          }
        });
      }),
      { numRuns: 12 },
    );
  });

  it('goes back to any batch, and on from there, as if the rest had never been', () => {
    fc.assert(
      fc.property(batches, batches, fc.nat(4), (list, instead, back) => {
        const seq = Math.min(back, list.length);
        const tree = new RegisterTree();
        list.forEach((entries, i) => tree.append(entries, i + 1));
        tree.rollbackTo(seq);
        const fresh = new RegisterTree();
        list.slice(0, seq).forEach((entries, i) => fresh.append(entries, i + 1));
        expect(tree.root()).to.equal(fresh.root());
        expect(tree.size).to.equal(fresh.size);
        expect(tree.seq).to.equal(seq);
        instead.forEach((entries, i) => {
          tree.append(entries, seq + 10 + i);
          fresh.append(entries, seq + 10 + i);
        });
        expect(tree.root()).to.equal(fresh.root());
        for (const { key: subject } of instead.flat()) {
          expect(tree.path(subject)).to.deep.equal(fresh.path(subject));
        }
      }),
      runs,
    );
  });

  it('is rebuilt from its stored changes, byte for byte', () => {
    fc.assert(
      fc.property(batches, (list) => {
        const tree = new RegisterTree();
        const copy = new RegisterTree();
        list.forEach((entries, i) => {
          const delta = tree.append(entries, i + 1);
          const bytes = encodeDelta(delta);
          expect(decodeDelta(bytes)).to.deep.equal(delta);
          // A slice of a larger buffer, as a database hands it over.
          const padded = new Uint8Array(bytes.length + 8);
          padded.set(bytes, 5);
          copy.applyDelta(decodeDelta(padded.subarray(5, 5 + bytes.length)));
          expect(copy.root()).to.equal(tree.root());
        });
        for (const { key: subject } of list.flat()) {
          for (let seq = 0; seq <= list.length; seq += 1) {
            expect(copy.path(subject, seq)).to.deep.equal(tree.path(subject, seq));
          }
        }
      }),
      runs,
    );
  });

  it('refuses stored changes that are cut, lengthened or of another version', () => {
    const bytes = encodeDelta(
      new RegisterTree().append([{ key: 5n as SubjectKey, op: 0, body: 1n as EntryBody }], 1),
    );
    for (let length = 0; length < bytes.length; length += 37) {
      expect(
        codeOf(() => decodeDelta(bytes.subarray(0, length))),
        String(length),
      ).to.equal('TREE_DELTA_MALFORMED');
    }
    expect(codeOf(() => decodeDelta(Uint8Array.from([...bytes, 0])))).to.equal('TREE_DELTA_MALFORMED');
    expect(codeOf(() => decodeDelta(Uint8Array.from([9, ...bytes.subarray(1)])))).to.equal(
      'TREE_DELTA_MALFORMED',
    );
  });

  it('is unchanged by what it refuses', () => {
    const tree = new RegisterTree();
    const good: Entry = { key: 5n as SubjectKey, op: 0, body: 1n as EntryBody };
    tree.append([good], 3);
    const root = tree.root();
    expect(codeOf(() => tree.append([good], 3))).to.equal('TREE_SEQ_NOT_RISING');
    expect(codeOf(() => tree.append([good], 2))).to.equal('TREE_SEQ_NOT_RISING');
    expect(codeOf(() => tree.append([good, { ...good, key: 0n as SubjectKey }], 4))).to.equal(
      'TREE_ENTRY_INVALID',
    );
    expect(codeOf(() => tree.append([{ ...good, key: (2n ** 248n) as SubjectKey }], 4))).to.equal(
      'TREE_ENTRY_INVALID',
    );
    expect(tree.root()).to.equal(root);
    expect(tree.seq).to.equal(3);
    expect(new RegisterTree().root()).to.equal(EMPTY_ROOT);
  });
});

describe('canonical JSON', function () {
  this.timeout(30_000);

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        return Buffer.compare(canonicalBytes(value), canonicalBytes(turned)) === 0;
      }),
    );
  });

  it('refuses what JSON cannot say, at any depth', () => {
    for (const value of [
      undefined,
      NaN,
      Infinity,
      1n,
      { a: undefined },
      [undefined],
      { a: [{ b: 1n }] },
      { f: () => 1 },
    ]) {
      expect(codeOf(() => canonicalBytes(value))).to.equal('JSON_NOT_CANONICAL');
    }
  });
});
