import { type PreparedAnswer, type Preparation } from '../../../node/src/answers/index.ts';
import { predicateJson, type SignedRequestJson } from '@credit-ledger/sdk/answer';
import {
  answerCommitmentOf,
  applicationIdOf,
  bindingCommitOf,
  type Day,
  dayAt,
  findPredicate,
  type Hex,
  ledgerDomain,
  type Nonce,
  predicateHashOf,
  randomNonce,
  REQUEST_TYPES,
  subjectTagOf,
  toBytes32,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { randomBytes } from 'node:crypto';
import { bytesToHex } from 'viem';
import type {
  AnswerPreparer,
  ConsentFact,
  ConsentOpening,
  Signer,
} from '../../../node/src/exchange/index.ts';
import {
  type FetchMessageJson,
  fetchTypedData,
  type QuestionMessageJson,
} from '../../../node/src/exchange/wire.ts';
import { requestTuple } from '../../../node/src/exchange/log-calls.ts';
import { madeUpUscc } from '../../answers/support/claims.ts';
import { type FakeLedger, word } from './fake-ledger.ts';

export const APPLICATION = 'commitment-eligibility';
export const PREDICATE = 'may-promise';
export const APPLICATION_ID = applicationIdOf(APPLICATION);
export const LISTED = findPredicate(APPLICATION, PREDICATE).predicate;
export const GRANT_ID: Hex = word(0x6a);
export const REGISTER_ID = 7n;
export const SUBJECT = madeUpUscc('91110000', 'MA0A0001');

export interface QuestionChange {
  readonly request?: Partial<Omit<SignedRequestJson, 'signature'>>;
  readonly uscc?: string;
  readonly nonce?: bigint;
  /** Signs in place of the requester. */
  readonly signer?: Signer;
  readonly consent?: ConsentOpening;
}

/** A consent of the subject, to the requester with id 2, as the chain would have it. */
export const CONSENT_ID: Hex = word(0xc0);
export const BINDING_SALT: Hex = word(0x5a17n << 200n);

export function giveConsent(
  ledger: FakeLedger,
  change: Partial<ConsentFact> = {},
  uscc = SUBJECT,
): ConsentOpening {
  ledger.consents = true;
  ledger.bindings.set(1n, {
    subject: `0x${'d'.repeat(40)}`,
    voucher: 1n,
    bindingCommit: bindingCommitOf(uscc, BINDING_SALT),
    boundAt: ledger.time - 60n,
    endedAt: 0n,
  });
  ledger.consentsGiven.set(CONSENT_ID, {
    bindingId: 1n,
    applicationId: APPLICATION_ID,
    registerId: REGISTER_ID,
    requester: 2n,
    validFrom: ledger.time - 60n,
    validUntil: ledger.time + 3_600n,
    maxUses: 1,
    uses: 0,
    revokedAt: 0n,
    ...change,
  });
  return { consentId: CONSENT_ID, salt: BINDING_SALT };
}

/** A question as an honest requester with id 2 would send it, with whatever a test changes. */
export async function question(
  ledger: FakeLedger,
  requester: Signer,
  change: QuestionChange = {},
): Promise<QuestionMessageJson> {
  const nonce = change.nonce ?? randomNonce();
  const uscc = (change.uscc ?? SUBJECT) as Uscc;
  const unsigned = {
    requestId: bytesToHex(randomBytes(32)),
    requester: '2',
    registerId: REGISTER_ID.toString(),
    applicationId: APPLICATION_ID,
    applicationVersion: 1,
    predicateHash: toBytes32(predicateHashOf(LISTED)),
    asOfDay: dayAt(ledger.time) as Day,
    subjectTag: toBytes32(subjectTagOf(uscc, nonce as Nonce)),
    grantId: GRANT_ID,
    expiry: Number(ledger.time) + 3600,
    ...change.request,
  };
  const signature = await (change.signer ?? requester).signTypedData('operator', {
    domain: ledgerDomain(ledger.domain.chainId, ledger.domain.answerLog),
    types: REQUEST_TYPES,
    primaryType: 'Request',
    message: requestTuple({ ...unsigned, signature: '0x' }),
  });
  const { consent } = change;
  const request = { ...unsigned, signature };
  return { request, uscc, nonce: word(nonce), ...(consent === undefined ? {} : { consent }) };
}

/** A fetch as its signer would send it. */
export async function fetchBody(
  ledger: FakeLedger,
  signer: Signer,
  requestId: Hex,
  time = Number(ledger.time),
  registerId = REGISTER_ID.toString(),
): Promise<FetchMessageJson> {
  const typed = fetchTypedData(ledger.domain, { requestId, registerId, time });
  return { registerId, time, signature: await signer.signTypedData('operator', typed) };
}

/** Stands for the answers room: what it returns looks proved. Each preparation is another one. */
export class FakeAnswers implements AnswerPreparer {
  readonly #ledger: FakeLedger;
  prepared: { request: SignedRequestJson; uscc: string }[] = [];
  outcome: Preparation | Error | undefined;
  /** Resolves before it returns: lets a test stop in the middle of a proof. */
  gate: Promise<void> = Promise.resolve();
  answer = true;

  constructor(ledger: FakeLedger) {
    this.#ledger = ledger;
  }

  async prepare(
    request: SignedRequestJson,
    uscc: Uscc,
    nonce: Nonce,
    options: { signal?: AbortSignal } = {},
  ): Promise<Preparation> {
    this.prepared.push({ request, uscc });
    await this.gate;
    options.signal?.throwIfAborted();
    if (this.outcome instanceof Error) throw this.outcome;
    return this.outcome ?? { kind: 'answer', prepared: this.#made(request, nonce) };
  }

  #made(request: SignedRequestJson, nonce: Nonce): PreparedAnswer {
    const registerId = BigInt(request.registerId);
    const register = this.#ledger.registers.get(registerId) ?? { owner: 0n, secretCommit: 0n };
    const signals = [
      this.answer ? 1n : 0n,
      0n,
      this.#ledger.batch.root,
      register.secretCommit,
      BigInt(request.subjectTag),
      BigInt(request.predicateHash),
      BigInt(request.asOfDay),
      BigInt(this.prepared.length),
    ];
    const { batchHash } = this.#ledger.batch;
    const [circuitId = word(8)] = this.#ledger.predicates.get(request.predicateHash)?.circuits ?? [];
    return {
      register: {
        id: request.registerId,
        owner: register.owner.toString(),
        secretCommit: word(register.secretCommit),
      },
      batchHash,
      seq: this.#ledger.batch.seq.toString(),
      standing: 'current',
      predicate: predicateJson(LISTED),
      circuitId,
      proof: {
        a: [word(1), word(2)],
        b: [
          [word(3), word(4)],
          [word(5), word(6)],
        ],
        c: [word(7), word(8)],
      },
      publicSignals: signals.map(word),
      answerCommitment: answerCommitmentOf({ registerId, batchHash, circuitId, signals, nonce }),
    };
  }
}
