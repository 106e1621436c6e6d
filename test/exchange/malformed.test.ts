import {
  parseCheckpoint,
  parseCreditAnswer,
  parseJsonStrictly,
  parseLetterCopy,
  parseNetworkFile,
  parsePredicate,
  parseReport,
  parseSignedRequest,
} from '@credit-ledger/sdk/answer';
import { isLedgerError, parseCaseDecision, parseCaseDocument } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import fc from 'fast-check';
import { readCaseMessage } from '../../node/src/cases/wire.ts';
import { parseDeployment } from '../../node/src/chain/index.ts';
import { checkConfig } from '../../node/src/config.ts';
import { readFetch, readQuestion } from '../../node/src/exchange/wire.ts';
import { endSnarkWorkers } from '../../circuits/tools/snarkjs.ts';
import { checkpointOf, makeScene, networkJson, witnessed } from '../sdk/support/scene.ts';
import { madeUpProcesses } from '../support/deployment.ts';
import { FakeLedger, TestSigner } from './support/fake-ledger.ts';
import { fetchBody, question } from './support/questions.ts';

const RUNS = 400;
const HASH = `0x${'ab'.repeat(32)}`;

/** Everything that takes a document from somebody else, and one that it takes, where there is a short one. */
interface Reader {
  read(value: unknown): unknown;
  readonly good?: unknown;
}

describe('Whatever somebody sends', function () {
  this.timeout(180_000);
  const readers: Record<string, Reader> = {
    'a predicate': { read: parsePredicate },
    'a report': { read: parseReport },
    'a copy of a letter': { read: parseLetterCopy },
    'a case document': { read: parseCaseDocument },
    'a decision of a case': { read: parseCaseDecision },
    'a message about a case': { read: readCaseMessage },
    'a deployment file': {
      read: parseDeployment,
      good: {
        chainId: 1,
        ...Object.fromEntries(
          ['consortium', 'registers', 'applications', 'grants', 'answerLog'].map((name, i) => [
            name,
            `0x${String(i + 1).repeat(40)}`,
          ]),
        ),
        processes: madeUpProcesses(),
        deployedAtBlock: '0',
      },
    },
    'a configuration': {
      read: (value) => checkConfig(value as Record<string, unknown>),
      good: { rpcUrl: 'http://127.0.0.1:8545', port: 1, peerNetworks: ['10.0.0.0/8'], production: true },
    },
  };

  before(async () => {
    const scene = await makeScene();
    const ledger = new FakeLedger();
    const signer = new TestSigner();
    const asked = await question(ledger, signer);
    Object.assign(readers, {
      'an answer': { read: parseCreditAnswer, good: scene.answer },
      'a signed request': { read: parseSignedRequest, good: asked.request },
      'a question': { read: readQuestion, good: asked },
      'a fetch': {
        read: (value: unknown) => readFetch(HASH, value),
        good: await fetchBody(ledger, signer, HASH as never),
      },
      'a checkpoint': { read: parseCheckpoint, good: await witnessed(checkpointOf(scene)) },
      'a network file': { read: parseNetworkFile, good: networkJson() },
    });
  });
  after(() => endSnarkWorkers());

  /** Reads it, or refuses it by one error that a person can read; anything else is a fault. */
  function readsOrRefuses(reader: Reader, value: unknown): boolean {
    try {
      reader.read(value);
      return true;
    } catch (error) {
      if (!isLedgerError(error)) throw error;
      expect(error.code).to.match(/^[A-Z][A-Z0-9_]+$/);
      expect(error.message).not.to.equal('');
      expect(error.messageZh).to.match(/\p{Script=Han}/u);
      return false;
    }
  }

  it('is read, or refused by one error with a stable code in both languages', () => {
    for (const [name, reader] of Object.entries(readers)) {
      const object = fc.dictionary(fc.string(), fc.jsonValue());
      // Settings come from a file that was read as an object.
      const anything = name === 'a configuration' ? object : fc.oneof(fc.jsonValue(), object);
      fc.assert(
        fc.property(anything, (value) => {
          expect(readsOrRefuses(reader, value), name).to.be.oneOf([true, false]);
        }),
        { numRuns: RUNS, seed: 5 },
      );
    }
  });

  it('is refused or read for what it is with any part of it replaced, left out, or added to', () => {
    let [read, refused] = [0, 0];
    for (const [name, reader] of Object.entries(readers)) {
      if (reader.good === undefined) continue;
      const good = JSON.parse(
        JSON.stringify(reader.good, (_, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        ),
      ) as object;
      expect(readsOrRefuses(reader, structuredClone(good)), `${name}, unchanged`).to.equal(true);
      fc.assert(
        fc.property(
          fc.nat(),
          fc.constantFrom('replace', 'remove', 'add', 'alter'),
          fc.jsonValue(),
          (where, how, other) => {
            if (readsOrRefuses(reader, damaged(good, where, how, other))) read += 1;
            else refused += 1;
          },
        ),
        { numRuns: RUNS, seed: 6 },
      );
    }
    expect(refused).to.be.greaterThan(1_000);
    expect(read).to.be.greaterThan(10);
  });

  it('as text is JSON without doubts, or refused by one error', () => {
    let refused = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((text) => text.slice(1)),
        ),
        (text) => {
          if (!readsOrRefuses({ read: () => parseJsonStrictly(text) }, text)) refused += 1;
        },
      ),
      { numRuns: 2_000, seed: 7 },
    );
    expect(refused).to.be.greaterThan(500);
    for (const text of ['{"a":1,"a":2}', '[1.0]', '['.repeat(100_000)])
      expect(readsOrRefuses({ read: () => parseJsonStrictly(text) }, text), text.slice(0, 20)).to.equal(
        false,
      );
  });
});

/** A copy with one part damaged; which one, the number says. */
function damaged(good: object, where: number, how: string, other: unknown): unknown {
  const copy = structuredClone(good) as Record<string, unknown>;
  const places: [Record<string, unknown>, string][] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const key of Object.keys(value)) {
      places.push([value as Record<string, unknown>, key]);
      walk((value as Record<string, unknown>)[key]);
    }
  };
  walk(copy);
  const [parent, key] = places[where % places.length] ?? [copy, ''];
  const value = parent[key];
  if (how === 'replace') parent[key] = other;
  else if (how === 'remove') delete parent[key];
  else if (how === 'add') parent[`${key}x`] = other;
  else if (typeof value === 'string' && value.length > 0) {
    const at = where % value.length;
    parent[key] = `${value.slice(0, at)}${value[at] === '0' ? '1' : '0'}${value.slice(at + 1)}`;
  } else parent[key] = typeof value === 'number' ? value + 0.5 : [value];
  return copy;
}
