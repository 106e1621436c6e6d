import {
  type Check,
  CHECKS,
  type Expectations,
  parseCreditAnswer,
  parseNetworkFile,
  type ReasonCode,
  REASONS,
  type Source,
  type Verification,
  verifyAnswer,
  verifyAuthorityAnswers,
} from '@credit-ledger/sdk/answer';
import { BASE_FIELD_MODULUS, FIELD_MODULUS, type Hex, toBytes32, wordHex } from '@credit-ledger/sdk/protocol';
import { bn254 } from '@noble/curves/bn254.js';
import { expect } from 'chai';
import { endSnarkWorkers } from '../../circuits/tools/snarkjs.ts';
import {
  checkpointOf,
  CLAIM40,
  CONTRACTS,
  EXPECTED,
  type FakeChain,
  fakeChain,
  INVENTED_SECRET,
  LOG_TIME,
  makeScene,
  NETWORK,
  networkJson,
  NOW,
  OPERATORS,
  OTHER_SUBJECT,
  type Scene,
  signAnswer,
  TODAY,
  WITNESSES,
  witnessed,
  witnessSignature,
} from './support/scene.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Path = readonly (string | number)[];

const reasonOf = (result: Verification, check: Check): ReasonCode | undefined =>
  result.checks.find((each) => each.check === check)?.reason;
const verdictOf = (result: Verification, check: Check): string | undefined =>
  result.checks.find((each) => each.check === check)?.verdict;
const summary = (result: Verification): string =>
  result.checks.map((each) => `${each.check}=${each.verdict}/${each.reason}`).join(' ');

function at(value: Json, path: Path): Json {
  return path.reduce<Json>(
    (inner, step) => (inner as { [key: string]: Json })[step as string] as Json,
    value,
  );
}

/** A copy with the value at a path replaced, or taken out when `change` gives undefined. */
function changed(value: Json, path: Path, change: (old: Json) => Json | undefined): Json {
  const copy = structuredClone(value);
  const parent = at(copy, path.slice(0, -1)) as Record<string, Json>;
  const last = path.at(-1) as string;
  const next = change(at(value, path));
  if (next !== undefined) parent[last] = next;
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return copy;
}

/** Every path of a document: leaves and containers, the document itself left out. */
function paths(value: Json, prefix: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((key) => {
    const path = [...prefix, Array.isArray(value) ? Number(key) : key];
    return [path, ...paths(at(value, [key]), path)];
  });
}

const isLeaf = (value: Json): boolean => typeof value !== 'object' || value === null;

describe('verifying an answer', function () {
  this.timeout(30_000);

  let scene: Scene;
  let chain: FakeChain;
  let document: Json;

  before('a real question, proof and log entry', async function () {
    this.timeout(60_000);
    scene = await makeScene();
    document = structuredClone(scene.answer) as unknown as Json;
  });
  beforeEach(() => {
    chain = fakeChain(scene);
  });
  after(() => endSnarkWorkers());

  const verify = (
    value: unknown,
    expected: Partial<Expectations> = {},
    source?: Source,
  ): Promise<Verification> => verifyAnswer(value, NETWORK, { ...EXPECTED, ...expected }, source ?? { chain });

  async function refused(value: unknown, check: Check, reason?: ReasonCode, source?: Source): Promise<void> {
    const result = await verify(value, {}, source);
    expect(result.overall, summary(result)).to.equal('INVALID');
    expect(verdictOf(result, check), summary(result)).to.equal('INVALID');
    if (reason !== undefined) expect(reasonOf(result, check), summary(result)).to.equal(reason);
    expect(result.proved).to.equal(undefined);
  }

  describe('that is good', () => {
    it('is VALID in every check with the chain, and says what was proved', async () => {
      const result = await verify(document);
      expect(result.checks.map((each) => each.check)).to.deep.equal([...CHECKS]);
      for (const each of result.checks) expect(each.verdict, each.check).to.equal('VALID');
      expect(result.overall).to.equal('VALID');
      expect(result.proved).to.deep.equal({ answer: true, disputed: false });
      expect(result.notCompared).to.deep.equal([]);
    });

    it('is VALID in every check offline, with a checkpoint that covers the log entry', async () => {
      const checkpoint = await witnessed(checkpointOf(scene));
      const result = await verify(document, {}, { checkpoint });
      for (const each of result.checks)
        expect(each.verdict, `${each.check} ${each.reason}`).to.equal('VALID');
    });

    it('is VALID with the checkpoint that it carries itself', async () => {
      const checkpoint = await witnessed(checkpointOf(scene));
      const result = await verify({ ...scene.answer, checkpoint }, {}, {});
      expect(result.overall, summary(result)).to.equal('VALID');
    });

    it('is read from text with any white space between tokens', async () => {
      const result = await verify(JSON.stringify(document, null, 2));
      expect(result.overall, summary(result)).to.equal('VALID');
    });

    it('takes less than 100 ms of processor time when warm', async () => {
      await verify(document);
      const times: number[] = [];
      for (let i = 0; i < 7; i += 1) {
        const before = process.cpuUsage();
        await verify(document);
        const { user, system } = process.cpuUsage(before);
        times.push((user + system) / 1000);
      }
      const median = times.sort((a, b) => a - b)[3] ?? Infinity;
      expect(median, `${median.toFixed(1)} ms`).to.be.below(100);
    });
  });

  describe('with any field altered', () => {
    /** Another value of the same form. */
    function altered(value: Json): Json {
      if (typeof value === 'boolean') return !value;
      if (typeof value === 'number') return value <= 1 ? value + 1 : value - 1;
      if (value === null) return 'something';
      if (typeof value !== 'string') throw new Error('only leaves are altered');
      if (/^0x[0-9a-f]{130}$/.test(value))
        return `${value.slice(0, 60)}${value[60] === '7' ? '8' : '7'}${value.slice(61)}`;
      if (/^0x/.test(value)) return `${value.slice(0, -1)}${value.endsWith('1') ? '2' : '1'}`;
      if (/^[0-9]+$/.test(value)) return (BigInt(value) + 1n).toString();
      const siblings: Record<string, string> = {
        'in-force': 'unrepaired',
        count: 'sum',
        'at-most': 'at-least',
        'credit-answer/1': 'credit-answer/2',
        'credit-checkpoint/1': 'credit-checkpoint/2',
        witnessed: 'contested',
      };
      return siblings[value] ?? `${value}x`;
    }

    /** Which check says so; the longest prefix that fits decides. */
    const CAUGHT_BY: Readonly<Record<string, Check>> = {
      format: 'format',
      'request.requestId': 'context',
      'request.requester': 'context',
      'request.registerId': 'register-owner',
      'request.applicationId': 'context',
      'request.applicationVersion': 'answer-logged',
      'request.predicateHash': 'predicate',
      'request.asOfDay': 'as-of-day',
      'request.subjectTag': 'subject',
      'request.grantId': 'context',
      'request.expiry': 'context',
      'request.signature': 'context',
      'register.id': 'register-owner',
      'register.owner': 'register-owner',
      'register.secretCommit': 'register-secret',
      batchHash: 'root-known',
      seq: 'root-known',
      predicate: 'predicate',
      answer: 'proof',
      disputed: 'proof',
      nonce: 'subject',
      circuitId: 'circuit-pinned',
      proof: 'proof',
      'publicSignals.0': 'proof',
      'publicSignals.1': 'proof',
      'publicSignals.2': 'root-known',
      'publicSignals.3': 'register-secret',
      'publicSignals.4': 'subject',
      'publicSignals.5': 'predicate',
      'publicSignals.6': 'as-of-day',
      'publicSignals.7': 'context',
      'log.contract': 'answer-logged',
      'log.logId': 'answer-logged',
      'log.transactionHash': 'responder-signature',
      'log.blockNumber': 'answer-logged',
      'log.time': 'answer-logged',
      'responder.member': 'register-owner',
      'responder.signature': 'responder-signature',
      checkpoint: 'format',
    };

    function catcher(path: Path): Check {
      for (let length = path.length; length > 0; length -= 1) {
        const check = CAUGHT_BY[path.slice(0, length).join('.')];
        if (check) return check;
      }
      throw new Error(`no check is named for ${path.join('.')}`);
    }

    it('is refused by the check that the field belongs to, and by the responder’s signature', async function () {
      this.timeout(60_000);
      const leaves = paths(document).filter((path) => isLeaf(at(document, path)));
      expect(leaves.length).to.be.greaterThan(40);
      for (const path of leaves) {
        const result = await verify(changed(document, path, altered));
        const told = `${path.join('.')}: ${summary(result)}`;
        expect(result.overall, told).to.equal('INVALID');
        expect(verdictOf(result, catcher(path)), told).to.equal('INVALID');
        if (verdictOf(result, 'format') === 'VALID') {
          expect(verdictOf(result, 'responder-signature'), told).to.equal('INVALID');
        }
      }
    });

    it('is refused offline too', async function () {
      this.timeout(60_000);
      const checkpoint = await witnessed(checkpointOf(scene));
      for (const path of paths(document).filter((each) => isLeaf(at(document, each)))) {
        const result = await verify(changed(document, path, altered), {}, { checkpoint });
        expect(result.overall, `${path.join('.')}: ${summary(result)}`).to.equal('INVALID');
      }
    });

    it('is refused when the checkpoint that it carries is altered, online and offline', async function () {
      this.timeout(60_000);
      const carrying = {
        ...scene.answer,
        checkpoint: await witnessed(checkpointOf(scene)),
      } as unknown as Json;
      const leaves = paths(carrying).filter((path) => path[0] === 'checkpoint' && isLeaf(at(carrying, path)));
      expect(leaves.length).to.be.greaterThan(20);
      for (const path of leaves) {
        const value = changed(carrying, path, altered);
        for (const source of [{ chain }, { checkpoint: undefined }] as const) {
          const result = await verify(value, {}, source);
          const told = `${path.join('.')}: ${summary(result)}`;
          expect(result.overall, told).to.equal('INVALID');
          expect(told).to.match(/format=INVALID|root-witnessed=INVALID/);
        }
      }
    });

    it('is refused when two fields are altered so that they fit each other', async () => {
      // The answer turned round, with its signal: only the proof and the log know.
      let value = changed(document, ['answer'], () => false);
      value = changed(value, ['publicSignals', 0], () => toBytes32(0n));
      await refused(value, 'proof', 'PROOF_FAILS');
      await refused(value, 'answer-logged', 'LOGGED_OTHER_ANSWER');
    });

    it('is refused when the responder itself signs what was altered', async () => {
      const turned = changed(document, ['answer'], () => false) as unknown as Scene['answer'];
      await refused(await signAnswer(turned), 'proof', 'PROOF_OF_OTHER_ANSWER');
      const elsewhere = changed(
        document,
        ['batchHash'],
        () => `0x${'12'.repeat(32)}`,
      ) as unknown as Scene['answer'];
      await refused(await signAnswer(elsewhere), 'root-known', 'ROOT_UNKNOWN');
    });
  });

  describe('with any field removed or added', () => {
    it('is refused as malformed, naming the place', async () => {
      const all = paths(document);
      for (const path of all) {
        const result = await verify(changed(document, path, () => undefined));
        const told = `${path.join('.')}: ${summary(result)}`;
        expect(reasonOf(result, 'format'), told).to.be.oneOf([
          'FORMAT_FIELD_MISSING',
          'FORMAT_FIELD_MALFORMED',
        ]);
        expect(result.overall, told).to.equal('INVALID');
        for (const check of CHECKS.slice(1)) expect(reasonOf(result, check)).to.equal('NOT_REACHED');
      }
    });

    it('is refused when anything is removed from the checkpoint that it carries', async function () {
      this.timeout(60_000);
      const carrying = {
        ...scene.answer,
        checkpoint: await witnessed(checkpointOf(scene)),
      } as unknown as Json;
      for (const path of paths(carrying).filter((each) => each[0] === 'checkpoint')) {
        const result = await verify(changed(carrying, path, () => undefined));
        expect(result.overall, `${path.join('.')}: ${summary(result)}`).to.equal('INVALID');
        expect(summary(result), path.join('.')).to.match(/format=INVALID|root-witnessed=INVALID/);
      }
    });

    it('is refused for a field that the format does not have, in every object', async () => {
      const objects: Path[] = [[], ...paths(document)].filter((path) => {
        const value = at(document, path);
        return typeof value === 'object' && value !== null && !Array.isArray(value);
      });
      for (const path of objects) {
        const value = changed({ root: document }, ['root', ...path, 'note'], () => 'hello') as { root: Json };
        await refused(value.root, 'format', 'FORMAT_FIELD_UNKNOWN');
      }
    });

    it('cannot be verified without a checkpoint and without the chain', async () => {
      const result = await verify(document, {}, {});
      expect(result.overall, summary(result)).to.equal('ERROR');
      expect(reasonOf(result, 'root-witnessed')).to.equal('CHECKPOINT_MISSING');
    });
  });

  describe('re-spelled', () => {
    it('is refused in every field that is written in another way', async () => {
      const spellings: ((value: Json) => Json | undefined)[] = [
        (value) =>
          typeof value === 'string' && /^0x.*[a-f]/.test(value)
            ? `0x${value.slice(2).toUpperCase()}`
            : undefined,
        (value) => (typeof value === 'string' && value.startsWith('0x') ? value.slice(2) : undefined),
        (value) => (typeof value === 'string' && value.startsWith('0x') ? `0X${value.slice(2)}` : undefined),
        (value) =>
          typeof value === 'string' && value.startsWith('0x') ? `0x00${value.slice(2)}` : undefined,
        (value) => (typeof value === 'string' && value.startsWith('0x0') ? `0x${value.slice(3)}` : undefined),
        (value) => (typeof value === 'string' && /^[0-9]+$/.test(value) ? `0${value}` : undefined),
        (value) => (typeof value === 'string' && /^[0-9]+$/.test(value) ? `+${value}` : undefined),
        (value) => (typeof value === 'string' && /^[0-9]+$/.test(value) ? Number(value) : undefined),
        (value) => (typeof value === 'string' ? `${value} ` : undefined),
        (value) => (typeof value === 'string' ? `${value}\n` : undefined),
        (value) => (typeof value === 'number' ? value.toString() : undefined),
        (value) => (typeof value === 'number' ? value + 0.5 : undefined),
        (value) => (typeof value === 'number' ? -value - 1 : undefined),
        (value) => (typeof value === 'boolean' ? Number(value) : undefined),
        (value) => (typeof value === 'boolean' ? String(value) : undefined),
        (value) => (value === null ? undefined : null),
        (value) => [value],
      ];
      let tried = 0;
      for (const path of paths(document).filter((each) => isLeaf(at(document, each)))) {
        for (const spell of spellings) {
          const spelled = spell(at(document, path));
          if (spelled === undefined) continue;
          tried += 1;
          const result = await verify(changed(document, path, () => spelled));
          const told = `${path.join('.')} as ${JSON.stringify(spelled)}: ${reasonOf(result, 'format')}`;
          expect(reasonOf(result, 'format'), told).to.equal('FORMAT_FIELD_MALFORMED');
          expect(result.overall).to.equal('INVALID');
        }
      }
      expect(tried).to.be.greaterThan(200);
    });

    it('is refused in JSON text that parses to the same value', async () => {
      const text = JSON.stringify(document);
      const respelled = [
        text.replace('"asOfDay":', '"asOfDay":1,"asOfDay":'),
        text.replace(/"asOfDay":(\d+)/, '"asOfDay":$1.0'),
        text.replace(/"asOfDay":(\d+)/, '"asOfDay":$1e0'),
        text.replace('"answer":', '"\\u0061nswer":'),
        text.replace('"answer":true', '"answer":false,"answer":true'),
      ];
      for (const each of respelled) {
        expect(each).not.to.equal(text);
        await refused(each, 'format', 'FORMAT_RESPELLED');
      }
      await refused(text.slice(0, -1), 'format', 'FORMAT_NOT_JSON');
      await refused(`${text}x`, 'format', 'FORMAT_NOT_JSON');
      await refused(`\ufeff${text}`, 'format', 'FORMAT_NOT_JSON');
      await refused('', 'format', 'FORMAT_NOT_JSON');
      await refused('[]', 'format', 'FORMAT_FIELD_MALFORMED');
      await refused('null', 'format', 'FORMAT_FIELD_MALFORMED');
    });

    const negated = (y: Json): Json => wordHex(BASE_FIELD_MODULUS - BigInt(y as string));

    it('is refused, and nothing is thrown, when it is nested so deep that it cannot be written again', async () => {
      for (const [open, close] of [
        ['[', ']'],
        ['{"a":', '}'],
      ] as const) {
        const deep = `${open.repeat(100_000)}0${close.repeat(100_000)}`;
        const result = await verify(deep);
        expect(result.overall).to.equal('INVALID');
        expect(reasonOf(result, 'format')).to.equal('FORMAT_NOT_JSON');
      }
    });
    it('with the proof (−A, −B) has a proof that holds, and is refused by the signature', async () => {
      let value = changed(document, ['proof', 'a', 1], negated);
      value = changed(value, ['proof', 'b', 1, 0], negated);
      value = changed(value, ['proof', 'b', 1, 1], negated);
      const result = await verify(value);
      expect(reasonOf(result, 'proof')).to.equal('PROOF_HOLDS');
      expect(reasonOf(result, 'responder-signature')).to.equal('RESPONDER_NOT_SIGNED');
      expect(result.overall).to.equal('INVALID');
    });

    it('with a re-randomised proof (A·t, B/t) has a proof that holds, and is refused by the signature', async () => {
      const { Fr } = bn254.fields;
      const t = 123456789n;
      const { proof } = scene.answer;
      const a = bn254.G1.Point.fromAffine({ x: BigInt(proof.a[0]), y: BigInt(proof.a[1]) })
        .multiply(t)
        .toAffine();
      const b = bn254.G2.Point.fromAffine({
        x: { c0: BigInt(proof.b[0][1]), c1: BigInt(proof.b[0][0]) },
        y: { c0: BigInt(proof.b[1][1]), c1: BigInt(proof.b[1][0]) },
      })
        .multiply(Fr.inv(t))
        .toAffine();
      const value = changed(document, ['proof'], () => ({
        a: [wordHex(a.x), wordHex(a.y)],
        b: [
          [wordHex(b.x.c1), wordHex(b.x.c0)],
          [wordHex(b.y.c1), wordHex(b.y.c0)],
        ],
        c: [...proof.c],
      }));
      const result = await verify(value);
      expect(reasonOf(result, 'proof')).to.equal('PROOF_HOLDS');
      expect(reasonOf(result, 'responder-signature')).to.equal('RESPONDER_NOT_SIGNED');
    });

    it('with q added to a coordinate or r to a signal is malformed', async () => {
      for (const path of paths(document).filter(
        (each) => each[0] === 'proof' && isLeaf(at(document, each)),
      )) {
        const value = changed(document, path, (old) => wordHex(BigInt(old as string) + BASE_FIELD_MODULUS));
        await refused(value, 'format', 'FORMAT_FIELD_MALFORMED');
      }
      for (let i = 0; i < 8; i += 1) {
        const value = changed(document, ['publicSignals', i], (old) =>
          wordHex(BigInt(old as string) + FIELD_MODULUS),
        );
        await refused(value, 'format', 'FORMAT_FIELD_MALFORMED');
      }
    });

    it('with a high s, or v as 0 or 1, is malformed', async () => {
      const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
      for (const path of [
        ['request', 'signature'],
        ['responder', 'signature'],
      ]) {
        const highS = changed(document, path, (old) => {
          const text = old as string;
          const s = order - BigInt(`0x${text.slice(66, 130)}`);
          const v = text.endsWith('1b') ? '1c' : '1b';
          return `${text.slice(0, 66)}${s.toString(16).padStart(64, '0')}${v}`;
        });
        await refused(highS, 'format', 'FORMAT_FIELD_MALFORMED');
        const smallV = changed(document, path, (old) => {
          const text = old as string;
          return `${text.slice(0, 130)}${text.endsWith('1b') ? '00' : '01'}`;
        });
        await refused(smallV, 'format', 'FORMAT_FIELD_MALFORMED');
      }
    });

    it('with a proof of points at infinity or off the curve does not hold', async () => {
      const zero = toBytes32(0n);
      await refused(
        changed(document, ['proof', 'a'], () => [zero, zero]),
        'proof',
        'PROOF_FAILS',
      );
      await refused(
        changed(document, ['proof', 'c'], () => [zero, zero]),
        'proof',
        'PROOF_FAILS',
      );
      await refused(
        changed(document, ['proof', 'a'], () => [toBytes32(1n), toBytes32(1n)]),
        'proof',
        'PROOF_FAILS',
      );
    });

    it('with a point B on the curve but outside the subgroup does not hold', async () => {
      // Found by trying x; nearly every point of the twist is outside the subgroup of order r.
      const { Fp2 } = bn254.fields;
      let point: { x: { c0: bigint; c1: bigint }; y: { c0: bigint; c1: bigint } } | undefined;
      for (let i = 1n; !point; i += 1n) {
        const x = Fp2.fromBigTuple([i, 0n]);
        const square = Fp2.add(
          Fp2.mul(Fp2.sqr(x), x),
          Fp2.div(Fp2.fromBigTuple([3n, 0n]), Fp2.fromBigTuple([9n, 1n])),
        );
        try {
          point = { x, y: Fp2.sqrt(square) };
        } catch {
          continue;
        }
      }
      const { x, y } = point;
      const b = [
        [wordHex(x.c1), wordHex(x.c0)],
        [wordHex(y.c1), wordHex(y.c0)],
      ];
      expect(() => bn254.G2.Point.fromAffine({ x, y } as never).assertValidity()).to.throw(/subgroup/);
      await refused(
        changed(document, ['proof', 'b'], () => b),
        'proof',
        'PROOF_FAILS',
      );
    });
  });

  describe('for something else than expected', () => {
    const cases: readonly (readonly [string, Partial<Expectations>, Check, ReasonCode])[] = [
      ['another subject', { subject: OTHER_SUBJECT }, 'subject', 'SUBJECT_OTHER'],
      [
        'another predicate',
        { predicate: { application: 'procurement-qualification', predicate: 'no-market-ban' } },
        'predicate',
        'PREDICATE_OTHER',
      ],
      [
        'the same predicate for another purpose',
        { predicate: { application: 'transport-permit-review', predicate: 'no-severe-default' } },
        'context',
        'APPLICATION_OTHER',
      ],
      ['another day', { asOfDay: TODAY - 1 }, 'as-of-day', 'DAY_OTHER'],
      ['another requester', { requester: 2n }, 'context', 'REQUESTER_OTHER'],
      ['another register', { registerId: '2' }, 'register-owner', 'REGISTER_NOT_EXPECTED'],
      ['another authority', { authority: 2 }, 'register-owner', 'REGISTER_NOT_EXPECTED'],
      ['another application', { application: 'bank-credit-review' }, 'context', 'APPLICATION_OTHER'],
      ['something fresher', { maxAgeSeconds: 60 }, 'root-current', 'TOO_OLD'],
    ];
    for (const [name, expected, check, reason] of cases) {
      it(`is refused: ${name}, online and offline`, async () => {
        const checkpoint = await witnessed(checkpointOf(scene));
        for (const source of [{ chain }, { checkpoint }]) {
          const result = await verify(document, expected, source);
          expect(reasonOf(result, check), summary(result)).to.equal(reason);
          expect(result.overall).to.equal('INVALID');
        }
      });
    }

    it('is SKIPPED and said in words where nothing was expected', async () => {
      const result = await verifyAnswer(document, NETWORK, { now: NOW }, { chain });
      expect(result.overall).to.equal('VALID');
      expect(reasonOf(result, 'subject')).to.equal('SUBJECT_NOT_EXPECTED');
      expect(reasonOf(result, 'predicate')).to.equal('PREDICATE_NOT_EXPECTED');
      expect(reasonOf(result, 'as-of-day')).to.equal('DAY_NOT_EXPECTED');
      expect(result.notCompared.map((each) => each.expectation)).to.deep.equal([
        'subject',
        'predicate',
        'asOfDay',
        'application',
        'requester',
        'registerId',
        'maxAgeSeconds',
      ]);
      for (const { message } of result.notCompared) expect(message.zh).to.match(/未比较/);
    });

    it('is an ERROR where what is required was skipped', async () => {
      const result = await verifyAnswer(document, NETWORK, { now: NOW, require: ['subject'] }, { chain });
      expect(result.overall).to.equal('ERROR');
    });

    it('is an ERROR, not INVALID, where the expectation itself is wrong', async () => {
      for (const expected of [
        { subject: '123' },
        { predicate: { application: 'no-such', predicate: 'thing' } },
        { application: 'no-such' },
      ]) {
        const result = await verify(document, expected);
        expect(result.overall, summary(result)).to.equal('ERROR');
        expect(summary(result)).to.contain('EXPECTATION_MALFORMED');
      }
    });

    it('compares a predicate given as a hash or as itself', async () => {
      const { predicateHash } = scene.answer.request;
      expect((await verify(document, { predicate: predicateHash })).overall).to.equal('VALID');
      const other = `0x${'0'.repeat(63)}1` as Hex;
      expect(reasonOf(await verify(document, { predicate: other }), 'predicate')).to.equal('PREDICATE_OTHER');
    });

    it('does not take a catalogue name for granted when the network uses another catalogue', async () => {
      const json = networkJson();
      json['catalogue'] = { version: 2, hash: `0x${'11'.repeat(32)}` };
      const result = await verifyAnswer(document, parseNetworkFile(json), EXPECTED, { chain });
      expect(reasonOf(result, 'predicate')).to.equal('CATALOGUE_OTHER');
      expect(result.overall).to.equal('ERROR');
    });
  });

  describe('against what the chain says', () => {
    const because = async (
      check: Check,
      reason: ReasonCode,
      expected: Partial<Expectations> = {},
    ): Promise<void> => {
      const result = await verify(document, expected);
      expect(reasonOf(result, check), summary(result)).to.equal(reason);
      expect(result.overall, summary(result)).to.equal(REASONS[reason].verdict);
    };
    const batch = (changes: object): void => {
      chain.batches.set('1/2', { ...chain.batches.get('1/2'), ...changes } as never);
    };
    const entry = (changes: object): void => {
      chain.entries.set(7n, { ...scene.entry, ...changes });
    };
    const grant = (changes: object): void => {
      const { grantId } = scene.answer.request;
      chain.grants.set(grantId, { ...chain.grants.get(grantId), ...changes } as never);
    };

    it('is refused without a log entry', async () => {
      chain.entries.clear();
      await because('answer-logged', 'NOT_LOGGED');
    });
    it('is refused when another answer was logged', async () => {
      entry({ answerCommitment: `0x${'22'.repeat(32)}` });
      await because('answer-logged', 'LOGGED_OTHER_ANSWER');
    });
    it('is refused when the log entry is another question’s', async () => {
      entry({ requestDigest: `0x${'22'.repeat(32)}` });
      await because('answer-logged', 'LOGGED_OTHER_REQUEST');
    });
    it('is refused when the log entry is a refusal', async () => {
      entry({ refusalCode: 4 });
      await because('answer-logged', 'LOGGED_AS_REFUSAL');
    });
    it('is refused when it was logged after the question expired', async () => {
      entry({ time: BigInt(LOG_TIME + 61) });
      await because('expiry', 'LOGGED_AFTER_EXPIRY');
    });
    it('is refused when the log contract was not the one in force', async () => {
      chain.answerLogAt = () => Promise.resolve(CONTRACTS.grants);
      await because('answer-logged', 'LOG_OTHER_CONTRACT');
    });
    it('is refused under a batch that never was', async () => {
      chain.batches.delete('1/2');
      await because('root-known', 'ROOT_UNKNOWN');
    });
    it('is refused under a root that was annulled', async () => {
      batch({ annulled: true, witnessed: false });
      await because('root-known', 'ROOT_ANNULLED');
    });
    it('is refused under a batch that is not witnessed', async () => {
      batch({ witnessed: false });
      await because('root-witnessed', 'ROOT_NOT_WITNESSED');
    });
    it('is refused under a contested root', async () => {
      batch({ contested: true });
      await because('root-witnessed', 'ROOT_CONTESTED');
    });
    it('is refused when the register was contested, unless the verifier has a limit of its own', async () => {
      entry({ standing: 'contested' });
      const { maxAgeSeconds: _, ...unlimited } = EXPECTED;
      const result = await verifyAnswer(document, NETWORK, unlimited, { chain });
      expect(reasonOf(result, 'root-current')).to.equal('CONTESTED');
      expect(result.overall).to.equal('INVALID');
      await because('root-current', 'ROOT_WITHIN_OWN_LIMIT');
      await because('root-current', 'TOO_OLD', { maxAgeSeconds: 10 });
    });
    it('is refused under a root that nothing may rest on, whatever the limit', async () => {
      entry({ standing: 'not-usable' });
      await because('root-current', 'ROOT_NOT_USABLE');
    });
    it('is refused when the register was silent', async () => {
      entry({ standing: 'stale' });
      await because('root-current', 'REGISTER_SILENT');
    });
    it('is VALID within grace, and says so', async () => {
      entry({ standing: 'within-grace' });
      await because('root-current', 'ROOT_WITHIN_GRACE');
    });
    it('is an ERROR when the verifier’s clock is behind', async () => {
      await because('root-current', 'VERIFIER_CLOCK_OFF', { now: LOG_TIME - 5_000 });
    });
    it('is refused without its grant', async () => {
      chain.grants.clear();
      await because('grant', 'GRANT_UNKNOWN');
    });
    it('is refused under a grant for somebody or something else', async () => {
      for (const changes of [
        { grantor: 2n },
        { grantee: { kind: 'member', id: 2n } },
        { grantee: { kind: 'region', id: 120000n } },
        { applicationId: `0x${'33'.repeat(32)}` },
        { classes: 0b1100 },
      ]) {
        chain = fakeChain(scene);
        grant(changes);
        await because('grant', 'GRANT_OF_OTHER');
      }
    });
    it('is VALID under a grant for the requester’s region', async () => {
      grant({ grantee: { kind: 'region', id: 130000n } });
      await because('grant', 'GRANT_OK');
    });
    it('judges the grant as of the log entry, not as of today', async () => {
      grant({ revokedAt: BigInt(LOG_TIME + 5) });
      await because('grant', 'GRANT_OK');
      for (const changes of [
        { revokedAt: BigInt(LOG_TIME - 1) },
        { revokedAt: 0n, validUntil: BigInt(LOG_TIME - 1) },
        { validUntil: BigInt(LOG_TIME + 1), validFrom: BigInt(LOG_TIME + 1) },
        { validFrom: 0n, uses: 0 },
      ]) {
        grant(changes);
        await because('grant', 'GRANT_NOT_VALID_THEN');
      }
    });
    it('is refused for a circuit that was not in force, or not listed for the question', async () => {
      chain.circuit = () => Promise.resolve({ size: 8, fromBlock: 20n, toBlock: 120n });
      await because('circuit-pinned', 'CIRCUIT_NOT_IN_FORCE');
      chain = fakeChain(scene);
      chain.listedPredicate = () =>
        Promise.resolve({ listed: true, circuits: [CLAIM40.id], gateway: 'government-sharing' });
      await because('predicate', 'PREDICATE_NOT_LISTED');
    });
    it('is refused when the chain knows another key of the responder for that block', async () => {
      chain.operators.set(1n, OPERATORS.tianjin.address.toLowerCase() as Hex);
      await because('responder-signature', 'RESPONDER_NOT_SIGNED');
    });
    it('is an ERROR when the chain knows a newer key than the network file', async () => {
      const renewed = await signAnswer(scene.answer, OPERATORS.tianjin);
      chain.operators.set(1n, OPERATORS.tianjin.address.toLowerCase() as Hex);
      const result = await verify(renewed);
      expect(reasonOf(result, 'responder-signature')).to.equal('NETWORK_FILE_OUT_OF_DATE');
      expect(result.overall).to.equal('ERROR');
    });
    it('is an ERROR when chain and network file disagree about the register', async () => {
      chain.registers.set(1n, { owner: 1n, secretCommit: 5n, promiseSeconds: 1 });
      await because('register-secret', 'NETWORK_FILE_DISAGREES');
    });
    it('is an ERROR on another chain', async () => {
      chain.id = 1n;
      await because('answer-logged', 'CHAIN_OTHER');
    });

    it('is an ERROR while the chain is down: never INVALID, never VALID', async () => {
      chain.down = true;
      const result = await verify(document);
      expect(result.overall).to.equal('ERROR');
      for (const each of result.checks) expect(each.verdict, each.check).not.to.equal('INVALID');
      for (const check of [
        'root-known',
        'root-witnessed',
        'root-current',
        'grant',
        'answer-logged',
      ] as const) {
        expect(reasonOf(result, check)).to.equal('CHAIN_UNREACHABLE');
      }
      expect(reasonOf(result, 'proof')).to.equal('PROOF_HOLDS');
    });
    it('is an ERROR whichever single question the chain fails to answer', async () => {
      const questions = [
        'answerLogAt',
        'logEntry',
        'register',
        'registersOf',
        'batch',
        'operatorAt',
        'circuit',
        'grant',
        'listedPredicate',
        'chainId',
      ] as const;
      for (const name of questions) {
        chain = fakeChain(scene);
        Object.assign(chain, { [name]: () => Promise.reject(new Error('timeout')) });
        const result = await verify(document);
        expect(result.overall, `${name}: ${summary(result)}`).to.equal('ERROR');
      }
    });
    it('stays INVALID while the chain is down, where the document alone refutes it', async () => {
      chain.down = true;
      await refused(
        changed(document, ['answer'], () => false),
        'proof',
        'PROOF_OF_OTHER_ANSWER',
      );
    });
  });

  describe('proved under an invented secret', () => {
    it('is refused although the proof holds: under an invented secret anyone is clean', async function () {
      this.timeout(60_000);
      const forged = await makeScene({ secret: INVENTED_SECRET });
      const result = await verifyAnswer(forged.answer, NETWORK, EXPECTED, { chain: fakeChain(forged) });
      expect(reasonOf(result, 'proof')).to.equal('PROOF_HOLDS');
      expect(reasonOf(result, 'register-secret')).to.equal('SECRET_NOT_REGISTERED');
      expect(result.overall).to.equal('INVALID');
      const others = result.checks.filter((each) => each.check !== 'register-secret');
      for (const each of others) expect(each.verdict, each.check).to.equal('VALID');
    });
  });

  describe('proved under an old root', () => {
    let old: Scene;
    before(async function () {
      this.timeout(60_000);
      // Batch 1 holds nothing about the subject yet: the proof of absence is real.
      old = await makeScene({ seq: 1 });
    });

    it('is refused online: nothing could be logged under it', async () => {
      const without = fakeChain(old);
      without.entries.clear();
      const result = await verifyAnswer(old.answer, NETWORK, EXPECTED, { chain: without });
      expect(reasonOf(result, 'proof')).to.equal('PROOF_HOLDS');
      expect(reasonOf(result, 'answer-logged')).to.equal('NOT_LOGGED');
      expect(result.overall).to.equal('INVALID');
      const unusable = fakeChain(old);
      unusable.entries.set(7n, { ...old.entry, standing: 'not-usable' });
      const second = await verifyAnswer(old.answer, NETWORK, EXPECTED, { chain: unusable });
      expect(reasonOf(second, 'root-current')).to.equal('ROOT_NOT_USABLE');
      expect(second.overall).to.equal('INVALID');
    });

    it('is refused offline by a checkpoint of the newer batch', async () => {
      const checkpoint = await witnessed(checkpointOf(scene));
      const result = await verifyAnswer(old.answer, NETWORK, EXPECTED, { checkpoint });
      expect(reasonOf(result, 'root-current')).to.equal('ROOT_SUPERSEDED');
      expect(result.overall).to.equal('INVALID');
    });

    it('is refused offline by a checkpoint of the old batch that says when it was superseded', async () => {
      const supersededAt = LOG_TIME - 601;
      const checkpoint = await witnessed(checkpointOf(old, { supersededAt }));
      const result = await verifyAnswer(old.answer, NETWORK, EXPECTED, { checkpoint });
      expect(reasonOf(result, 'root-current'), summary(result)).to.equal('ROOT_SUPERSEDED');
      const grace = await witnessed(checkpointOf(old, { supersededAt: LOG_TIME - 600 }));
      const second = await verifyAnswer(old.answer, NETWORK, EXPECTED, { checkpoint: grace });
      expect(reasonOf(second, 'root-current'), summary(second)).to.equal('ROOT_WITHIN_GRACE');
    });
  });

  describe('offline', () => {
    const because = async (
      checkpoint: unknown,
      check: Check,
      reason: ReasonCode,
      overall: Verification['overall'],
      expected: Partial<Expectations> = {},
    ): Promise<void> => {
      const result = await verify(document, expected, { checkpoint });
      expect(reasonOf(result, check), summary(result)).to.equal(reason);
      expect(result.overall, summary(result)).to.equal(overall);
    };

    it('skips what only the log shows when the checkpoint does not cover the entry', async () => {
      const checkpoint = await witnessed(checkpointOf(scene, { logEntries: [] }));
      const result = await verify(document, {}, { checkpoint });
      expect(reasonOf(result, 'grant')).to.equal('GRANT_NOT_COVERED');
      expect(reasonOf(result, 'answer-logged')).to.equal('LOG_NOT_COVERED');
      expect(reasonOf(result, 'expiry')).to.equal('LOG_TIME_NOT_COVERED');
      expect(result.overall).to.equal('VALID');
      const strict = await verify(document, { require: ['answer-logged'] }, { checkpoint });
      expect(strict.overall).to.equal('ERROR');
    });
    it('cannot tell by a key that was closed when nothing but the document says in which block it signed', async () => {
      for (const [i, check] of [
        [0, 'responder-signature'],
        [2, 'context'],
      ] as const) {
        const json = networkJson();
        const member = (json['members'] as { operatorKeys: { toBlock: string | null }[] }[])[i];
        for (const key of member?.operatorKeys ?? []) key.toBlock = '121';
        const network = parseNetworkFile(json);
        const covering = await witnessed(checkpointOf(scene));
        const good = await verifyAnswer(document, network, EXPECTED, { checkpoint: covering });
        expect(good.overall, summary(good)).to.equal('VALID');
        const bare = await witnessed(checkpointOf(scene, { logEntries: [] }));
        const result = await verifyAnswer(document, network, EXPECTED, { checkpoint: bare });
        expect(reasonOf(result, check), summary(result)).to.equal('LOG_ENTRY_NEEDED');
        expect(result.overall).to.equal('ERROR');
      }
    });
    it('refuses a checkpoint whose signature is another’s', async () => {
      const unsigned = checkpointOf(scene);
      const good = await witnessSignature(unsigned, 'hebei');
      const forged = await witnessSignature(unsigned, 'tianjin', OPERATORS.beijing);
      const checkpoint = { ...unsigned, signatures: [forged, good] };
      await because(checkpoint, 'root-witnessed', 'CHECKPOINT_SIGNATURE_INVALID', 'INVALID');
      await because(checkpoint, 'root-known', 'CHECKPOINT_NOT_TRUSTED', 'INVALID');
    });
    it('refuses a checkpoint signed by operator keys instead of witness keys', async () => {
      const unsigned = checkpointOf(scene);
      const signatures = [
        await witnessSignature(unsigned, 'tianjin', OPERATORS.tianjin),
        await witnessSignature(unsigned, 'hebei', OPERATORS.hebei),
      ];
      await because({ ...unsigned, signatures }, 'root-witnessed', 'CHECKPOINT_SIGNATURE_INVALID', 'INVALID');
    });
    it('refuses a checkpoint that the owner witnessed itself', async () => {
      const checkpoint = await witnessed(checkpointOf(scene), 'beijing', 'tianjin', 'hebei');
      await because(checkpoint, 'root-witnessed', 'CHECKPOINT_SIGNER_NOT_WITNESS', 'INVALID');
    });
    it('refuses a checkpoint that one region did not sign, unless the verifier accepts fewer', async () => {
      const checkpoint = await witnessed(checkpointOf(scene), 'tianjin');
      await because(checkpoint, 'root-witnessed', 'CHECKPOINT_TOO_FEW_WITNESSES', 'INVALID');
      await because(checkpoint, 'root-witnessed', 'ROOT_WITNESSED', 'VALID', { minWitnessRegions: 1 });
      await because(checkpoint, 'root-witnessed', 'CHECKPOINT_TOO_FEW_WITNESSES', 'INVALID', {
        minWitnessRegions: 3,
      });
    });
    it('does not count one witness twice', async () => {
      const unsigned = checkpointOf(scene);
      const once = await witnessSignature(unsigned, 'tianjin');
      await because(
        { ...unsigned, signatures: [once, once] },
        'root-witnessed',
        'CHECKPOINT_MALFORMED',
        'ERROR',
      );
    });
    it('refuses a checkpoint signed with a key of another time', async () => {
      const json = networkJson();
      const [, tianjin] = json['members'] as { witnessKeys: unknown[] }[];
      if (tianjin) {
        tianjin.witnessKeys = [
          { address: WITNESSES.tianjin.address.toLowerCase(), fromBlock: '10', toBlock: '130' },
        ];
      }
      const checkpoint = await witnessed(checkpointOf(scene));
      const result = await verifyAnswer(document, parseNetworkFile(json), EXPECTED, { checkpoint });
      expect(reasonOf(result, 'root-witnessed')).to.equal('CHECKPOINT_SIGNATURE_INVALID');
    });
    it('does not believe a key that was closed before the network file was made, whatever block is named', async () => {
      // Whoever has a retired or suspended witness's key can name any old block, and sign about today.
      const json = networkJson();
      for (const [i, name] of [
        [1, 'tianjin'],
        [2, 'hebei'],
      ] as const) {
        const member = (json['members'] as { witnessKeys: unknown[] }[])[i];
        if (member) {
          member.witnessKeys = [
            { address: WITNESSES[name].address.toLowerCase(), fromBlock: '10', toBlock: '131' },
          ];
        }
      }
      const backdated = await witnessed(checkpointOf(scene));
      const result = await verifyAnswer(document, parseNetworkFile(json), EXPECTED, {
        checkpoint: backdated,
      });
      expect(reasonOf(result, 'root-witnessed'), summary(result)).to.equal('NETWORK_FILE_OUT_OF_DATE');
      expect(result.overall).to.equal('ERROR');
      // What it signed before that is believed.
      json['madeAt'] = LOG_TIME + 100;
      const before = await verifyAnswer(document, parseNetworkFile(json), EXPECTED, {
        checkpoint: backdated,
      });
      expect(before.overall, summary(before)).to.equal('VALID');
    });
    it('lets no checkpoint live longer than a witness would sign, whatever it says', async () => {
      const week = 7 * 86_400;
      const checkpoint = await witnessed(checkpointOf(scene, { expiry: LOG_TIME + 100 * week }));
      const patient = { maxAgeSeconds: 100 * week };
      await because(checkpoint, 'root-current', 'ROOT_CURRENT', 'VALID', {
        ...patient,
        now: LOG_TIME + 100 + week,
      });
      await because(checkpoint, 'root-current', 'CHECKPOINT_EXPIRED', 'INVALID', {
        ...patient,
        now: LOG_TIME + 101 + week,
      });
    });
    it('is never VALID by a clock or a number of regions that is not a number', async () => {
      const expired = await witnessed(checkpointOf(scene, { expiry: NOW - 1 }));
      const { maxAgeSeconds: _, ...timeless } = EXPECTED;
      for (const now of [NaN, Infinity, -1]) {
        const result = await verifyAnswer(document, NETWORK, { ...timeless, now }, { checkpoint: expired });
        expect(reasonOf(result, 'root-current'), summary(result)).to.equal('EXPECTATION_MALFORMED');
        expect(result.overall).to.equal('ERROR');
      }
      const good = await witnessed(checkpointOf(scene));
      await because(good, 'root-current', 'EXPECTATION_MALFORMED', 'ERROR', { maxAgeSeconds: NaN });
      const fewer = await witnessed(checkpointOf(scene), 'tianjin');
      await because(fewer, 'root-witnessed', 'CHECKPOINT_TOO_FEW_WITNESSES', 'INVALID', {
        minWitnessRegions: NaN,
      });
    });
    it('refuses an expired checkpoint', async () => {
      const checkpoint = await witnessed(checkpointOf(scene, { expiry: NOW - 1 }));
      await because(checkpoint, 'root-current', 'CHECKPOINT_EXPIRED', 'INVALID');
    });
    it('refuses a checkpoint of a silent register', async () => {
      const checkpoint = await witnessed(checkpointOf(scene, { lastStoodAt: LOG_TIME - 90_000 }));
      await because(checkpoint, 'root-current', 'REGISTER_SILENT', 'INVALID', { maxAgeSeconds: 10_000_000 });
    });
    it('cannot tell by a checkpoint from the future, of another register, of an earlier batch or of another chain', async () => {
      const cases: [object, Check, ReasonCode][] = [
        [{ time: NOW + 400 }, 'root-current', 'VERIFIER_CLOCK_OFF'],
        [{ registerId: '2' }, 'root-witnessed', 'CHECKPOINT_OTHER_REGISTER'],
        [{ seq: '1' }, 'root-known', 'CHECKPOINT_OTHER_BATCH'],
        [{ chainId: '1' }, 'root-witnessed', 'CHECKPOINT_OTHER_NETWORK'],
        [
          { contracts: { ...CONTRACTS, registers: CONTRACTS.grants } },
          'root-known',
          'CHECKPOINT_OTHER_NETWORK',
        ],
      ];
      for (const [changes, check, reason] of cases) {
        await because(await witnessed(checkpointOf(scene, changes)), check, reason, 'ERROR');
      }
    });
    it('refuses when the witnesses saw another root under that number', async () => {
      const checkpoint = await witnessed(checkpointOf(scene, { root: toBytes32(5n) }));
      await because(checkpoint, 'root-known', 'ROOT_NOT_IN_CHECKPOINT', 'INVALID');
      await because(checkpoint, 'root-witnessed', 'ROOT_NOT_WITNESSED', 'INVALID');
    });
    it('refuses a circuit that the witnesses did not see in force', async () => {
      const checkpoint = await witnessed(checkpointOf(scene, { circuitIds: [CLAIM40.id] }));
      await because(checkpoint, 'circuit-pinned', 'CIRCUIT_NOT_IN_FORCE', 'INVALID');
    });
    it('cannot tell when the witnesses and the network file disagree about the register', async () => {
      const checkpoint = await witnessed(checkpointOf(scene, { secretCommit: toBytes32(5n) }));
      await because(checkpoint, 'register-secret', 'NETWORK_FILE_DISAGREES', 'ERROR');
    });
    it('says that a malformed checkpoint cannot be read', async () => {
      await because({ hello: 1 }, 'root-known', 'CHECKPOINT_MALFORMED', 'ERROR');
      await because('{', 'root-known', 'CHECKPOINT_MALFORMED', 'ERROR');
    });
  });

  describe('as one of several of an authority', () => {
    const carried = async (each: Scene): Promise<unknown> => ({
      ...each.answer,
      checkpoint: await witnessed(checkpointOf(each)),
    });

    it('is no answer of the authority together with one as of another day, or of nobody knows whom', async function () {
      this.timeout(60_000);
      const { registerId: _r, asOfDay: _d, ...anyDay } = EXPECTED;
      const today = await carried(scene);
      const earlier = await carried(await makeScene({ request: { asOfDay: TODAY - 1 } }));
      const alone = await verifyAuthorityAnswers([today], NETWORK, anyDay, {});
      expect([alone.overall, alone.sameQuestion]).to.deep.equal(['VALID', true]);
      const mixed = await verifyAuthorityAnswers([today, earlier], NETWORK, anyDay, {});
      expect(mixed.answers.map(({ verification }) => verification.overall)).to.deep.equal(['VALID', 'VALID']);
      expect([mixed.overall, mixed.sameQuestion]).to.deep.equal(['ERROR', false]);
      const { subject: _s, ...nobody } = anyDay;
      const twice = await verifyAuthorityAnswers([today, today], NETWORK, nobody, {});
      expect([twice.overall, twice.sameQuestion]).to.deep.equal(['ERROR', false]);
    });
  });

  it('is read into the same value that was built', () => {
    expect(parseCreditAnswer(JSON.stringify(document))).to.deep.equal(scene.answer);
  });
});
