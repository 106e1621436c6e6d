// Writes test/vectors/*.json: what circuits, contracts and SDK must agree on, bit for bit.
//   node --conditions=source scripts/make-vectors.ts [--check]
// With --check it writes nothing and fails when a file differs. Numbers are decimal texts, words are
// 0x and 64 lower-case digits. Everything follows from fixed seeds.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import {
  answerDigest,
  contextOfRequest,
  logEntryHash,
  predicateJson,
  requestDigest,
} from '../sdk/src/answer/index.ts';
import {
  answerCommitmentOf,
  applicationIdOf,
  batchHash,
  bodyOf,
  CATALOGUE,
  catalogueHash,
  type ChainHead,
  circuitIdOf,
  contentOf,
  type Day,
  dayAt,
  dayOfDate,
  EMPTY_HEAD,
  EMPTY_ROOT,
  encodeEntry,
  entriesHash,
  type Entry,
  type EntryBody,
  evaluate,
  fieldDigest,
  FIELD_MODULUS,
  H1,
  H2,
  H3,
  H4,
  H5,
  H6,
  type Hex,
  keccakHex,
  leafHash,
  LEDGER_CLASS,
  nextHead,
  type Nonce,
  OP,
  OPEN_END,
  type OpenedEntry,
  packClause,
  packEntry,
  packOperation,
  parseUscc,
  type Predicate,
  predicateHashOf,
  type RegisterRoot,
  type RegisterSecret,
  RegisterTree,
  secretCommitOf,
  type Severity,
  sortForBatch,
  subjectKeyOf,
  type SubjectKey,
  subjectTagOf,
  toBytes32,
  usccNumber,
  type Uscc,
  type VerificationKey,
  wordHex,
} from '../sdk/src/protocol/index.ts';
import { company } from '../test/sdk/support/companies.ts';

const folder = new URL('../test/vectors/', import.meta.url);
const encoder = new TextEncoder();
const seed = (name: string): Hex => keccakHex(encoder.encode(`vector ${name}`));
const element = (name: string): bigint => BigInt(seed(name)) % FIELD_MODULUS;
const bits248 = (name: string): bigint => BigInt(seed(name)) >> 8n;
const salt = (name: string): string => seed(name).slice(2, 34);
const secret = bits248('secret') as RegisterSecret;
const nonce = bits248('nonce') as Nonce;
const subjects: readonly Uscc[] = [1, 2, 3, 10_000_000, 99_999_999].map(company);

function poseidon(): unknown {
  const hashes = [H1, H2, H3, H4, H5, H6] as readonly ((...inputs: bigint[]) => bigint)[];
  const rows: { inputs: string[]; output: string }[] = [];
  hashes.forEach((hash, i) => {
    const arity = i + 1;
    const cases = [
      Array.from({ length: arity }, (_, k) => BigInt(k + 1)),
      Array.from({ length: arity }, () => 0n),
      Array.from({ length: arity }, () => FIELD_MODULUS - 1n),
      Array.from({ length: arity }, (_, k) => element(`poseidon ${arity} ${k}`)),
    ];
    for (const inputs of cases) rows.push({ inputs: inputs.map(String), output: hash(...inputs).toString() });
  });
  return rows;
}

function identities(): unknown {
  return {
    secret: secret.toString(),
    secretCommit: toBytes32(secretCommitOf(secret)),
    nonce: nonce.toString(),
    subjects: subjects.map((uscc) => ({
      uscc,
      number: usccNumber(uscc).toString(),
      keys: Object.fromEntries(
        Object.values(LEDGER_CLASS).map((each) => [each, subjectKeyOf(uscc, each, secret).toString()]),
      ),
      tag: toBytes32(subjectTagOf(uscc, nonce)),
    })),
    // The largest code below 2^90: the number must not be cut.
    spellings: [
      { read: ` ${subjects[0] ?? ''} `, uscc: subjects[0] },
      { read: (subjects[1] ?? '').toLowerCase(), uscc: subjects[1] },
      { read: fullWidth(subjects[2] ?? ''), uscc: subjects[2] },
    ].map(({ read, uscc }) => ({ read, uscc: parseUscc(read) === uscc ? uscc : null })),
    days: ['1970-01-01', '2000-02-29', '2026-11-23'].map((date) => ({ date, day: dayOfDate(date) })),
    moments: [0, 57_599, 57_600, 1_795_363_199, 1_795_363_200].map((unixSeconds) => ({
      unixSeconds,
      day: dayAt(unixSeconds),
    })),
  };
}

function fullWidth(text: string): string {
  return [...text].map((c) => String.fromCodePoint((c.codePointAt(0) ?? 0) + 0xfee0)).join('');
}

const records = [
  { kind: 3, domain: 2, severity: 3, day: 20_700, until: OPEN_END, amountFen: 12_345_678n },
  { kind: 0, domain: 0, severity: 0, day: 0, until: 0, amountFen: 0n },
  { kind: 63, domain: 15, severity: 3, day: 1_048_575, until: 1_048_575, amountFen: 2n ** 64n - 1n },
  { kind: 24, domain: 7, severity: 1, day: 20_000, until: 20_365, amountFen: 1n },
] as const;

/** A chain that every operation acts on, with references that have no effect among them. */
function chain(): OpenedEntry[] {
  const opened = (op: 0 | 1 | 2 | 3 | 4, packed: bigint, i: number): OpenedEntry => ({
    op,
    packed,
    content: contentOf([{ name: 'entry', value: String(i), salt: salt(`chain ${i}`) }]),
  });
  const record = (i: number): bigint => {
    const { severity, day, until, ...fields } = records[i] ?? records[0];
    return packEntry(OP.RECORD, {
      ...fields,
      severity: severity as Severity,
      day: day as Day,
      until: until as Day,
      ref: 0,
    });
  };
  const act = (op: 1 | 2 | 3 | 4, day: number, ref: number): bigint => packOperation(op, day as Day, ref);
  return [
    opened(OP.RECORD, record(0), 0),
    opened(OP.RECORD, record(3), 1),
    opened(OP.REPAIR, act(OP.REPAIR, 20_750, 0), 2),
    opened(OP.DISPUTE, act(OP.DISPUTE, 20_760, 1), 3),
    opened(OP.SETTLE, act(OP.SETTLE, 20_770, 1), 4),
    opened(OP.REVOKE, act(OP.REVOKE, 20_771, 7), 5),
    opened(OP.DISPUTE, act(OP.DISPUTE, 20_772, 0), 6),
    opened(OP.RECORD, record(1), 7),
  ];
}

function entries(): unknown {
  const fields = [
    { name: 'documentNumber', value: '京市监罚〔2026〕17号', salt: salt('field 1') },
    { name: 'amount', value: '123456.78', salt: salt('field 2') },
    { name: 'empty', value: '', salt: salt('field 3') },
  ];
  let head = EMPTY_HEAD as ChainHead;
  return {
    packed: [
      ...records.map((record) => ({
        op: OP.RECORD,
        fields: { ...record, amountFen: record.amountFen.toString(), ref: 0 },
        packed: packEntry(OP.RECORD, {
          ...record,
          severity: record.severity as Severity,
          day: record.day as Day,
          until: record.until as Day,
          ref: 0,
        }).toString(),
      })),
      ...([1, 2, 3, 4] as const).map((op) => ({
        op,
        fields: {
          kind: 0,
          domain: 0,
          severity: 0,
          day: 20_780,
          until: 0,
          amountFen: '0',
          ref: op * 16_000,
        },
        packed: packOperation(op, 20_780 as Day, op * 16_000).toString(),
      })),
    ],
    content: {
      fields,
      digests: fields.map((field) => wordHex(BigInt(`0x${Buffer.from(fieldDigest(field)).toString('hex')}`))),
      content: contentOf(fields).toString(),
    },
    chain: chain().map(({ op, packed, content }) => {
      const body = bodyOf(packed, content);
      head = nextHead(head, op, body);
      return {
        op,
        packed: packed.toString(),
        content: content.toString(),
        body: toBytes32(body),
        head: toBytes32(head),
      };
    }),
  };
}

function tree(): unknown {
  const register = new RegisterTree();
  const entry = (key: bigint, op: Entry['op'], i: number): Entry => ({
    key: key as SubjectKey,
    op,
    body: element(`body ${i}`) as EntryBody,
  });
  const known = subjects.map((uscc) => subjectKeyOf(uscc, LEDGER_CLASS.adverse, secret));
  const [a = 1n, b = 2n, c = 3n] = known;
  const batches: Entry[][] = [
    [entry(a, OP.RECORD, 0)],
    [entry(b, OP.RECORD, 1), entry(a, OP.REPAIR, 2), entry(b, OP.DISPUTE, 3)],
    [entry(1n, OP.RECORD, 4), entry(2n ** 248n - 1n, OP.RECORD, 5), entry(c, OP.RECORD, 6)],
    Array.from({ length: 20 }, (_, i) => entry(bits248(`key ${i}`), OP.RECORD, 10 + i)),
  ];
  let prevRoot: RegisterRoot = EMPTY_ROOT;
  const path = (key: bigint, seq: number): unknown => {
    const found = register.path(key as SubjectKey, seq);
    return {
      key: key.toString(),
      seq,
      kind: found.kind,
      leaf: {
        key: found.leaf.key.toString(),
        nextKey: found.leaf.nextKey.toString(),
        head: found.leaf.head.toString(),
      },
      leafHash: toBytes32(leafHash(found.leaf)),
      position: found.position,
      digits: found.digits,
      siblings: found.siblings.map((level) => level.map(toBytes32)),
      root: toBytes32(register.root(seq)),
    };
  };
  return {
    registerId: '7',
    emptyRoot: toBytes32(EMPTY_ROOT),
    batches: batches.map((batch, i) => {
      const seq = i + 1;
      const sorted = sortForBatch(batch);
      const { root } = register.append(sorted, seq);
      const hash = entriesHash(sorted);
      const row = {
        seq: seq.toString(),
        entries: sorted.map((each) => encodeEntry(each)),
        entriesHash: hash,
        prevRoot: toBytes32(prevRoot),
        newRoot: toBytes32(root),
        batchHash: batchHash(7n, BigInt(seq), prevRoot, root, hash),
      };
      prevRoot = root;
      return row;
    }),
    paths: [
      path(a, 0),
      path(a, 1),
      path(a, 2),
      path(b, 1),
      path(b, 4),
      path(1n, 4),
      path(2n, 4),
      path(2n ** 248n - 1n, 4),
      path(2n ** 248n - 2n, 4),
      path(c, 2),
      path(c, 3),
    ],
  };
}

function predicates(): unknown {
  const named = CATALOGUE.applications.flatMap((application) =>
    application.predicates.map(({ slug, predicate }) => ({ application: application.slug, slug, predicate })),
  );
  const extreme: Predicate = {
    class: 3,
    clauses: [
      {
        kinds: 2n ** 64n - 1n,
        domains: 65_535,
        minSeverity: 3,
        maxAgeDays: 1_048_575,
        status: 'in-force',
        aggregate: 'sum',
        comparison: 'at-least',
        threshold: 2n ** 70n - 1n,
      },
      {
        kinds: 0n,
        domains: 0,
        minSeverity: 0,
        maxAgeDays: 0,
        status: 'not-revoked',
        aggregate: 'count',
        comparison: 'at-most',
        threshold: 0n,
      },
    ],
  };
  const all = [...named, { application: null, slug: 'extreme', predicate: extreme }];
  return {
    catalogue: { version: CATALOGUE.version, hash: catalogueHash() },
    applications: CATALOGUE.applications.map(({ slug }) => ({ slug, id: applicationIdOf(slug) })),
    predicates: all.map(({ application, slug, predicate }) => ({
      application,
      slug,
      predicate: predicateJson(predicate),
      clauses: [0, 1].map((i) => {
        const clause = predicate.clauses[i];
        return (clause ? packClause(clause) : 0n).toString();
      }),
      predicateHash: toBytes32(predicateHashOf(predicate)),
      // Over the chain of entries.json, seen from some days.
      values: [20_699, 20_700, 20_749, 20_750, 20_765, 20_770, 20_780, 21_800].map((asOfDay) => ({
        asOfDay,
        ...evaluate(predicate, chain(), asOfDay as Day),
      })),
    })),
  };
}

function answers(): unknown {
  const domain = { chainId: 31_337n, answerLog: `0x${seed('answer log').slice(26)}` as Hex };
  const request = {
    requestId: seed('request'),
    requester: '3',
    registerId: '7',
    applicationId: applicationIdOf('procurement-qualification'),
    applicationVersion: 2,
    predicateHash: toBytes32(element('predicate')),
    asOfDay: 20_780,
    subjectTag: toBytes32(subjectTagOf(company(1), nonce)),
    grantId: seed('grant'),
    expiry: 1_795_400_000,
  };
  const context = contextOfRequest(domain, request);
  const signals = [
    1n,
    0n,
    element('root'),
    element('commit'),
    element('tag'),
    element('hash'),
    20_780n,
    context,
  ];
  const circuits = [8, 40].map((size) => {
    const key = JSON.parse(
      readFileSync(new URL(`../circuits/keys/claim${size}.vkey.json`, import.meta.url), 'utf8'),
    ) as VerificationKey;
    return { name: 'claim', size, circuitId: circuitIdOf('claim', size, key) };
  });
  const circuitId = circuits[0]?.circuitId ?? seed('no circuit');
  const answerCommitment = answerCommitmentOf({
    registerId: 7n,
    batchHash: seed('batch'),
    circuitId,
    signals,
    nonce,
  });
  const entry = {
    logId: 9n,
    requestDigest: requestDigest(domain, request),
    batchHash: seed('batch'),
    circuitId,
    answerCommitment,
    time: 1_795_399_000n,
  };
  return {
    chainId: domain.chainId.toString(),
    answerLog: domain.answerLog,
    request,
    requestDigest: entry.requestDigest,
    context: toBytes32(context),
    circuits,
    commitment: {
      registerId: '7',
      batchHash: entry.batchHash,
      circuitId,
      signals: signals.map(toBytes32),
      nonce: wordHex(nonce),
      answerCommitment,
    },
    logEntry: {
      logId: '9',
      requestDigest: entry.requestDigest,
      batchHash: entry.batchHash,
      circuitId,
      answerCommitment,
      time: entry.time.toString(),
      hash: logEntryHash(entry),
    },
    answer: { documentHash: seed('document'), digest: answerDigest(domain, seed('document')) },
  };
}

const files: Readonly<Record<string, unknown>> = {
  poseidon: poseidon(),
  identities: identities(),
  entries: entries(),
  tree: tree(),
  predicates: predicates(),
  answers: answers(),
};

function present(url: URL): string {
  try {
    return readFileSync(url, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

mkdirSync(folder, { recursive: true });
for (const [name, value] of Object.entries(files)) {
  const url = new URL(`${name}.json`, folder);
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (present(url) === text) continue;
  if (process.argv.includes('--check')) {
    process.stderr.write(`test/vectors/${name}.json is out of date: run scripts/make-vectors.ts\n`);
    process.exitCode = 1;
  } else {
    writeFileSync(url, text);
    process.stderr.write(`wrote test/vectors/${name}.json\n`);
  }
}
