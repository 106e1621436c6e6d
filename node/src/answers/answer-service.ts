import {
  contextOfRequest,
  type PredicateJson,
  predicateJson,
  type Proof,
  type SignedRequestJson,
  type Standing,
  verifyProof,
} from '@credit-ledger/sdk/answer';
import {
  answerCommitmentOf,
  type CircuitInput,
  circuitInput,
  type ClaimWitness,
  type Context,
  type Day,
  evaluate,
  type Hex,
  isLedgerError,
  LedgerError,
  type Nonce,
  type Predicate,
  predicateHashOf,
  randomNonce,
  randomSecret,
  type RefusalName,
  RegisterTree,
  type RegisterRoot,
  secretCommitOf,
  subjectKeyOf,
  subjectTagOf,
  type Uscc,
  wordHex,
} from '@credit-ledger/sdk/protocol';
import type { CircuitKeys } from './circuit-keys.ts';
import type { AnswerFacts, BatchChoice, OwnRegisters } from './ports.ts';
import type { Proved, ProveOptions, Prover } from './prover.ts';

/**
 * An answer that has been proved and not yet logged: all that the log and the
 * document need, and no secret. It says the answer, so it is kept private until
 * the log has it.
 */
export interface PreparedAnswer {
  readonly register: { readonly id: string; readonly owner: string; readonly secretCommit: Hex };
  readonly batchHash: Hex;
  readonly seq: string;
  readonly standing: Standing;
  readonly predicate: PredicateJson;
  readonly circuitId: Hex;
  readonly proof: Proof;
  readonly publicSignals: readonly Hex[];
  readonly answerCommitment: Hex;
}

export type Preparation =
  | { readonly kind: 'answer'; readonly prepared: PreparedAnswer }
  /** `reason` is for the operator; the requester sees the name only. */
  | { readonly kind: 'refusal'; readonly name: RefusalName; readonly reason: string };

/** Chooses root and circuit for a question, proves, and checks the proof before anyone sees it. */
export class AnswerService {
  readonly #facts: AnswerFacts;
  readonly #own: OwnRegisters;
  readonly #prover: Prover;

  constructor(parts: { readonly facts: AnswerFacts; readonly own: OwnRegisters; readonly prover: Prover }) {
    this.#facts = parts.facts;
    this.#own = parts.own;
    this.#prover = parts.prover;
  }

  /**
   * Answers a question whose signature, grant and day have been checked, or says why it
   * is refused. An unknown subject is answered over its proven absence, like any other.
   * Where the reason for a refusal lies in the subject, a proof of nothing is made first,
   * so that the time tells no more than the code does.
   *
   * Errors: those of the prover (`BUSY`, `PROVER_…`), of the chain, `ROOT_DIFFERS` when the
   * own register is not what the chain has, `PROOF_NOT_SOUND` when the prover returned what
   * does not verify.
   */
  async prepare(
    request: SignedRequestJson,
    uscc: Uscc,
    nonce: Nonce,
    options: ProveOptions = {},
  ): Promise<Preparation> {
    const registerId = BigInt(request.registerId);
    const { applicationId, applicationVersion: version, predicateHash } = request;
    const [register, predicate, allowed] = await Promise.all([
      this.#facts.register(registerId),
      this.#facts.predicate(applicationId, version, predicateHash),
      this.#facts.circuitsFor(applicationId, version, predicateHash),
    ]);
    if (register === undefined) return refusal('INTERNAL', 'the register is not on the chain');
    if (predicate === undefined || BigInt(predicateHash) !== predicateHashOf(predicate)) {
      return refusal('PREDICATE_NOT_LISTED', 'the preimage of the predicate is not known');
    }
    const circuits = this.#prover.circuits.filter(({ circuitId }) => allowed.includes(circuitId));
    if (circuits.length === 0) return refusal('INTERNAL', 'no proving keys for a circuit that is allowed');

    const batch = await this.#facts.latestWitnessed(registerId);
    const { standing, reason } = await this.#facts.usable(registerId, batch.batchHash);
    if (standing === 'not-usable') return notUsable(reason ?? 'unknown');
    // The contract would log it, and every verifier refuse it: it is not worth a use of the grant.
    if (standing === 'stale') return refusal('INTERNAL', 'the register’s promise of a heartbeat is overdue');

    const secret = await this.#own.secretOf(registerId);
    const chain = await this.#own
      .chainOf(uscc, predicate.class, registerId, batch.seq)
      .catch((error: unknown) => {
        if (isLedgerError(error, 'OPENINGS_LOST')) return undefined;
        throw error;
      });
    const circuit = chain && circuits.find(({ size }) => chain.entries.length <= size);
    if (chain === undefined || circuit === undefined) {
      await this.#proveNothing(circuits, predicate, options);
      return chain === undefined
        ? refusal('OPENINGS_LOST', 'an opening of the subject is lost')
        : refusal('CHAIN_TOO_LONG', 'the chain is longer than the circuits allowed');
    }
    if (chain.root !== batch.root || secretCommitOf(secret) !== register.secretCommit) {
      throw rootDiffers(registerId, batch);
    }

    const witness: ClaimWitness = {
      size: circuit.size,
      uscc,
      secret,
      nonce,
      predicate,
      chain: chain.entries,
      path: chain.path,
      root: chain.root as RegisterRoot,
      asOfDay: request.asOfDay as Day,
      context: contextOfRequest(this.#facts.domain, request),
    };
    const { proof, publicSignals } = await this.#prove(circuit, witness, options);
    return {
      kind: 'answer',
      prepared: {
        register: {
          id: registerId.toString(),
          owner: register.owner.toString(),
          secretCommit: wordHex(register.secretCommit),
        },
        batchHash: batch.batchHash,
        seq: batch.seq.toString(),
        standing,
        predicate: predicateJson(predicate),
        circuitId: circuit.circuitId,
        proof,
        publicSignals: publicSignals.map(wordHex),
        answerCommitment: answerCommitmentOf({
          registerId,
          batchHash: batch.batchHash,
          circuitId: circuit.circuitId,
          signals: publicSignals,
          nonce,
        }),
      },
    };
  }

  /** The prover is not believed: what it returns must say what was asked, and verify. */
  async #prove(circuit: CircuitKeys, witness: ClaimWitness, options: ProveOptions): Promise<Proved> {
    const input: CircuitInput = circuitInput(witness);
    const proved = await this.#prover.prove(circuit.size, input, options);
    const expected = signalsOf(witness);
    const same =
      proved.publicSignals.length === expected.length &&
      expected.every((signal, i) => signal === proved.publicSignals[i]);
    if (!same || !verifyProof(circuit.verificationKey, expected, proved.proof)) throw notSound(circuit.size);
    return proved;
  }

  async #proveNothing(
    circuits: readonly CircuitKeys[],
    predicate: Predicate,
    options: ProveOptions,
  ): Promise<void> {
    const [circuit] = circuits;
    if (circuit === undefined) return;
    const secret = randomSecret();
    const uscc = '91110000MA0000000X' as Uscc;
    const tree = new RegisterTree();
    await this.#prove(
      circuit,
      {
        size: circuit.size,
        uscc,
        secret,
        nonce: randomNonce(),
        predicate,
        chain: [],
        path: tree.path(subjectKeyOf(uscc, predicate.class, secret)),
        root: tree.root(),
        asOfDay: 0 as Day,
        context: 0n as Context,
      },
      options,
    );
  }
}

/** What the public signals of an honest claim are, in the circuit's order (protocol §7). */
function signalsOf(witness: ClaimWitness): bigint[] {
  const { answer, disputed } = evaluate(witness.predicate, witness.chain, witness.asOfDay);
  return [
    BigInt(answer),
    BigInt(disputed),
    witness.root,
    secretCommitOf(witness.secret),
    subjectTagOf(witness.uscc, witness.nonce),
    predicateHashOf(witness.predicate),
    BigInt(witness.asOfDay),
    witness.context,
  ];
}

function refusal(name: RefusalName, reason: string): Preparation {
  return { kind: 'refusal', name, reason };
}

function notUsable(reason: string): Preparation {
  const contested = ['BatchContested', 'BatchAnnulled', 'EntriesOwed'].includes(reason);
  return refusal(contested ? 'REGISTER_CONTESTED' : 'NOT_WITNESSED', reason);
}

function rootDiffers(registerId: bigint, batch: BatchChoice): LedgerError {
  return new LedgerError(
    'ROOT_DIFFERS',
    {
      en: 'The own register differs from what the chain has; nothing is proved until it has been looked into.',
      zh: '本机构登记册与链上不一致，查明之前不作任何证明。',
    },
    { registerId, seq: batch.seq, batchHash: batch.batchHash },
  );
}

function notSound(size: number): LedgerError {
  return new LedgerError(
    'PROOF_NOT_SOUND',
    {
      en: 'The prover returned what is not a proof of this claim.',
      zh: '证明程序返回的结果不是该命题的有效证明。',
    },
    { size },
  );
}
