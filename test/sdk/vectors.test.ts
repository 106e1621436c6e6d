import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  answerDigest,
  contextOfRequest,
  parsePredicate,
  requestDigest,
  type RequestFields,
} from '@credit-ledger/sdk/answer';
import {
  ANSWER_TYPES,
  decodeEntries,
  EMPTY_ROOT,
  type EncodedEntry,
  evaluate,
  type Day,
  FIELD_MODULUS,
  type Hex,
  ledgerDomain,
  type OpenedEntry,
  packClause,
  predicateHashOf,
  REQUEST_TYPES,
  RegisterTree,
  toBytes32,
  unpackClause,
  unpackEntry,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { poseidon1, poseidon2, poseidon3, poseidon4, poseidon5, poseidon6 } from 'poseidon-lite';
import { encodeAbiParameters, hashTypedData, keccak256, parseAbiParameters } from 'viem';

// Each vector is recomputed here by other means than the SDK's own wherever there are any: viem for
// ABI, keccak and EIP-712, node:crypto for SHA-256, plain arithmetic for packing, a naive walk for paths.

function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')) as T;
}

const big = (text: string): bigint => BigInt(text);

describe('the shared vectors', function () {
  this.timeout(30_000);

  it('are what the script writes today', () => {
    const script = fileURLToPath(new URL('../../scripts/make-vectors.ts', import.meta.url));
    execFileSync(process.execPath, ['--conditions=source', script, '--check'], { stdio: 'pipe' });
  });

  it('hash as circomlib does', () => {
    const hashes = [poseidon1, poseidon2, poseidon3, poseidon4, poseidon5, poseidon6];
    const rows = vectors<{ inputs: string[]; output: string }[]>('poseidon');
    expect(new Set(rows.map((row) => row.inputs.length)).size).to.equal(6);
    for (const { inputs, output } of rows) {
      expect(hashes[inputs.length - 1]?.(inputs)).to.equal(big(output));
    }
    // Published with circomlib: Poseidon(1, 2), and Poseidon(1, 2, 3, 4).
    const published = (inputs: string[]): string | undefined =>
      rows.find((row) => row.inputs.join() === inputs.join())?.output;
    expect(published(['1', '2'])).to.equal(
      '7853200120776062878684798364095072458815029376092732009249414926327459813530',
    );
    expect(published(['1', '2', '3', '4'])).to.equal(
      '18821383157269793795438455681495246036402687001665670618754263018637548127333',
    );
  });

  it('derive identities as the protocol writes them', () => {
    interface Identities {
      secret: string;
      secretCommit: Hex;
      nonce: string;
      subjects: { uscc: string; number: string; keys: Record<string, string>; tag: Hex }[];
      spellings: { read: string; uscc: string | null }[];
      days: { date: string; day: number }[];
      moments: { unixSeconds: number; day: number }[];
    }
    const { secret, secretCommit, nonce, subjects, spellings, days, moments } =
      vectors<Identities>('identities');
    const alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
    expect(big(secretCommit)).to.equal(poseidon2([1n, big(secret)]));
    for (const { uscc, number, keys, tag } of subjects) {
      const read = [...uscc].reduce((value, c) => value * 31n + BigInt(alphabet.indexOf(c)), 0n);
      expect(big(number)).to.equal(read);
      expect(read < 2n ** 90n).to.equal(true);
      for (const [ledgerClass, key] of Object.entries(keys)) {
        const full = poseidon4([2n, read, BigInt(ledgerClass), big(secret)]);
        expect(big(key)).to.equal(full % 2n ** 248n);
      }
      expect(big(tag)).to.equal(poseidon3([3n, read, big(nonce)]));
    }
    for (const { read, uscc } of spellings) expect(uscc, read).not.to.equal(null);
    for (const { date, day } of days) expect(day).to.equal(Date.parse(`${date}T00:00:00Z`) / 86_400_000);
    for (const { unixSeconds, day } of moments)
      expect(day).to.equal(Math.floor((unixSeconds + 28_800) / 86_400));
  });

  interface Entries {
    packed: { op: number; fields: Record<string, number | string>; packed: string }[];
    content: {
      fields: { name: string; value: string; salt: string }[];
      digests: Hex[];
      content: string;
    };
    chain: { op: OpenedEntry['op']; packed: string; content: string; body: Hex; head: Hex }[];
  }

  it('pack entries by plain arithmetic', () => {
    for (const { fields, packed } of vectors<Entries>('entries').packed) {
      const of = (name: string): bigint => BigInt(fields[name] ?? 0);
      const value =
        of('kind') +
        of('domain') * 2n ** 8n +
        of('severity') * 2n ** 16n +
        of('day') * 2n ** 20n +
        of('until') * 2n ** 40n +
        of('amountFen') * 2n ** 60n +
        of('ref') * 2n ** 124n;
      expect(big(packed)).to.equal(value);
      expect({ ...unpackEntry(value), amountFen: unpackEntry(value).amountFen.toString() }).to.deep.equal(
        fields,
      );
    }
  });

  it('commit to content with salted SHA-256 digests, and chain bodies', () => {
    const { content, chain } = vectors<Entries>('entries');
    const digests = content.fields.map(({ salt, name, value }) =>
      createHash('sha256')
        .update(JSON.stringify([salt, name, value]), 'utf8')
        .digest(),
    );
    expect(digests.map((digest) => `0x${digest.toString('hex')}`)).to.deep.equal(content.digests);
    const whole = createHash('sha256')
      .update(Buffer.concat([...digests].sort(Buffer.compare)))
      .digest();
    expect(big(content.content)).to.equal(BigInt(`0x${whole.subarray(0, 31).toString('hex')}`));
    let head = 0n;
    for (const entry of chain) {
      expect(big(entry.body)).to.equal(poseidon2([entry.packed, entry.content]));
      head = poseidon3([head, BigInt(entry.op), big(entry.body)]);
      expect(big(entry.head)).to.equal(head);
    }
  });

  it('anchor batches with the roots and hashes that the contract computes', () => {
    interface Path {
      key: string;
      seq: number;
      kind: string;
      leaf: { key: string; nextKey: string; head: string };
      leafHash: Hex;
      position: number;
      digits: number[];
      siblings: Hex[][];
      root: Hex;
    }
    interface Tree {
      registerId: string;
      emptyRoot: Hex;
      batches: {
        seq: string;
        entries: EncodedEntry[];
        entriesHash: Hex;
        prevRoot: Hex;
        newRoot: Hex;
        batchHash: Hex;
      }[];
      paths: Path[];
    }
    const { registerId, emptyRoot, batches, paths } = vectors<Tree>('tree');
    let empty = poseidon3([0n, 0n, 0n]);
    for (let level = 0, z = 0n; level < 14; level += 1, z = poseidon4([z, z, z, z])) {
      empty = poseidon4([empty, z, z, z]);
    }
    expect(big(emptyRoot)).to.equal(empty);
    expect(EMPTY_ROOT).to.equal(empty);
    const tree = new RegisterTree();
    for (const batch of batches) {
      const encoded = encodeAbiParameters(parseAbiParameters('(bytes32 opAndKey, bytes32 body)[]'), [
        batch.entries,
      ]);
      expect(keccak256(encoded)).to.equal(batch.entriesHash);
      const named = encodeAbiParameters(parseAbiParameters('uint256, uint64, bytes32, bytes32, bytes32'), [
        big(registerId),
        big(batch.seq),
        batch.prevRoot,
        batch.newRoot,
        batch.entriesHash,
      ]);
      expect(keccak256(named)).to.equal(batch.batchHash);
      expect(toBytes32(tree.root())).to.equal(batch.prevRoot);
      tree.append(decodeEntries(batch.entries), Number(batch.seq));
      expect(toBytes32(tree.root())).to.equal(batch.newRoot);
    }
    for (const path of paths) {
      const { key, nextKey, head } = path.leaf;
      let hash = poseidon3([key, nextKey, head]);
      expect(big(path.leafHash)).to.equal(hash);
      let position = path.position;
      path.siblings.forEach((others, level) => {
        const digit = position % 4;
        expect(path.digits[level]).to.equal(digit);
        const children = others.map(big);
        children.splice(digit, 0, hash);
        hash = poseidon4(children);
        position = Math.floor(position / 4);
      });
      expect(hash).to.equal(big(path.root));
      if (path.kind === 'member') expect(key).to.equal(path.key);
      else {
        expect(big(key) < big(path.key)).to.equal(true);
        expect(big(path.key) < big(nextKey) || nextKey === '0').to.equal(true);
      }
    }
    expect(new Set(paths.map((path) => path.kind))).to.deep.equal(new Set(['member', 'absent']));
  });

  it('pack clauses, hash predicates and value them', () => {
    interface Predicates {
      predicates: {
        slug: string;
        predicate: { class: number; clauses: Record<string, string | number>[] };
        clauses: [string, string];
        predicateHash: Hex;
        values: { asOfDay: number; answer: boolean; disputed: boolean }[];
      }[];
    }
    const chain = vectors<Entries>('entries').chain.map(({ op, packed, content }) => ({
      op,
      packed: big(packed),
      content: big(content),
    })) as OpenedEntry[];
    for (const each of vectors<Predicates>('predicates').predicates) {
      const { predicate, clauses, predicateHash } = each;
      predicate.clauses.forEach((clause, i) => {
        const of = (name: string, ...names: string[]): bigint =>
          BigInt(names.length > 0 ? names.indexOf(String(clause[name])) : (clause[name] ?? 0));
        const value =
          of('kinds') +
          of('domains') * 2n ** 64n +
          of('minSeverity') * 2n ** 80n +
          of('maxAgeDays') * 2n ** 84n +
          of('status', 'not-revoked', 'unrepaired', 'in-force') * 2n ** 104n +
          of('aggregate', 'count', 'sum') * 2n ** 106n +
          of('comparison', 'at-most', 'at-least') * 2n ** 107n +
          of('threshold') * 2n ** 108n;
        expect(big(clauses[i] ?? '-1')).to.equal(value);
        expect(packClause(unpackClause(value))).to.equal(value);
      });
      const hash = poseidon4([4n, predicate.class, ...clauses]);
      expect(big(predicateHash)).to.equal(hash);
      const parsed = parsePredicate(predicate);
      expect(predicateHashOf(parsed)).to.equal(hash);
      for (const { asOfDay, answer, disputed } of each.values) {
        expect(evaluate(parsed, chain, asOfDay as Day)).to.deep.equal({ answer, disputed });
      }
    }
  });

  it('bind requests, contexts, commitments and log entries as the contract does', () => {
    interface Answers {
      chainId: string;
      answerLog: Hex;
      request: RequestFields & { requester: string; registerId: string; expiry: number };
      requestDigest: Hex;
      context: Hex;
      commitment: {
        registerId: string;
        batchHash: Hex;
        circuitId: Hex;
        signals: Hex[];
        nonce: Hex;
        answerCommitment: Hex;
      };
      logEntry: Record<'logId' | 'time', string> &
        Record<'requestDigest' | 'batchHash' | 'circuitId' | 'answerCommitment' | 'hash', Hex>;
      answer: { documentHash: Hex; digest: Hex };
    }
    const { chainId, answerLog, request, commitment, logEntry, answer, ...rest } =
      vectors<Answers>('answers');
    const domain = ledgerDomain(big(chainId), answerLog);
    const message = {
      ...request,
      requester: big(request.requester),
      registerId: big(request.registerId),
      expiry: BigInt(request.expiry),
    };
    const digest = hashTypedData({ domain, types: REQUEST_TYPES, primaryType: 'Request', message });
    expect(rest.requestDigest).to.equal(digest);
    expect(requestDigest({ chainId: big(chainId), answerLog }, request)).to.equal(digest);
    const context = encodeAbiParameters(
      parseAbiParameters('uint256, address, uint256, bytes32, bytes32, uint256, bytes32, uint64'),
      [
        big(chainId),
        answerLog,
        message.registerId,
        request.requestId,
        request.grantId,
        message.requester,
        request.applicationId,
        message.expiry,
      ],
    );
    expect(big(rest.context)).to.equal(big(keccak256(context)) % FIELD_MODULUS);
    expect(contextOfRequest({ chainId: big(chainId), answerLog }, request)).to.equal(big(rest.context));
    const committed = encodeAbiParameters(
      parseAbiParameters('uint256, bytes32, bytes32, uint256[8], uint256'),
      [
        big(commitment.registerId),
        commitment.batchHash,
        commitment.circuitId,
        commitment.signals.map(big) as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint],
        big(commitment.nonce),
      ],
    );
    expect(commitment.answerCommitment).to.equal(keccak256(committed));
    const entry = encodeAbiParameters(
      parseAbiParameters('uint256, bytes32, bytes32, bytes32, bytes32, uint64'),
      [
        big(logEntry.logId),
        logEntry.requestDigest,
        logEntry.batchHash,
        logEntry.circuitId,
        logEntry.answerCommitment,
        big(logEntry.time),
      ],
    );
    expect(logEntry.hash).to.equal(keccak256(entry));
    const { documentHash } = answer;
    const signed = hashTypedData({
      domain,
      types: ANSWER_TYPES,
      primaryType: 'Answer',
      message: { documentHash },
    });
    expect(answer.digest).to.equal(signed);
    expect(answerDigest({ chainId: big(chainId), answerLog }, documentHash)).to.equal(signed);
  });
});
