import type { Hex } from '../protocol/index.ts';
import { type Evidence, finding, type Finding, type Question, tooOld } from './evidence.ts';
import type { BatchFact, ChainFacts, LogEntryFact, Standing } from './facts.ts';
import { keyAt, memberOf } from './network.ts';
import type { ReasonCode } from './reasons.ts';
import { distrustCarried } from './witnessed.ts';

/** A fact, the chain's word that there is none, or why it could not be had. */
type Told<T> = { readonly fact: T | undefined } | { readonly problem: Finding };

async function told<T>(question: Promise<T | undefined>): Promise<Told<T>> {
  try {
    return { fact: await question };
  } catch (error) {
    return {
      problem: finding('CHAIN_UNREACHABLE', {
        cause: error instanceof Error ? error.message : String(error),
      }),
    };
  }
}

const STANDING_REASON: Readonly<Record<Standing, ReasonCode>> = {
  current: 'ROOT_CURRENT',
  'within-grace': 'ROOT_WITHIN_GRACE',
  stale: 'REGISTER_SILENT',
  contested: 'CONTESTED',
  'not-usable': 'ROOT_NOT_USABLE',
};

/** Asks the chain everything that the checks need, at once, and answers from what it said. */
export async function onlineEvidence(chain: ChainFacts, question: Question): Promise<Evidence> {
  const { answer, network, pinned } = question;
  const { request } = answer;
  const registerId = BigInt(request.registerId);
  const logBlock = BigInt(answer.log.blockNumber);
  const ownerId = BigInt(answer.register.owner);
  const requesterId = BigInt(request.requester);

  const chainId = await told(chain.chainId());
  const elsewhere: Finding | undefined =
    'problem' in chainId
      ? chainId.problem
      : chainId.fact !== BigInt(network.chainId)
        ? finding('CHAIN_OTHER', { expected: network.chainId, chainId: chainId.fact })
        : undefined;
  const ask = async <T>(fetch: () => Promise<T | undefined>): Promise<Told<T>> =>
    elsewhere ? { problem: elsewhere } : told(fetch());

  const [logInForce, entry, register, registers, batch, ownerKey, requesterKey, circuit, grant, listed] =
    await Promise.all([
      ask(() => chain.answerLogAt(logBlock)),
      ask(() => chain.logEntry(BigInt(answer.log.logId))),
      ask(() => chain.register(registerId)),
      ask(() => chain.registersOf(ownerId)),
      ask(() => chain.batch(registerId, BigInt(answer.seq))),
      ask(() => chain.operatorAt(ownerId, logBlock)),
      ask(() => chain.operatorAt(requesterId, logBlock)),
      ask(() => chain.circuit(answer.circuitId)),
      ask(() => chain.grant(request.grantId)),
      ask(() =>
        chain.listedPredicate(request.applicationId, request.applicationVersion, request.predicateHash),
      ),
    ]);

  /** The log entry, if it is one for this very question under this very batch. */
  const ownEntry = (): LogEntryFact | Finding => {
    if ('problem' in entry) return entry.problem;
    const { fact } = entry;
    return fact && fact.requestDigest === question.requestDigest && fact.batchHash === answer.batchHash
      ? fact
      : finding('LOG_ENTRY_NEEDED', { logId: answer.log.logId });
  };
  const withEntry = (check: (own: LogEntryFact) => Finding): Finding => {
    const own = ownEntry();
    return 'reason' in own ? own : check(own);
  };
  const withBatch = (check: (fact: BatchFact) => Finding): Finding =>
    'problem' in batch ? batch.problem : batch.fact ? check(batch.fact) : finding('ROOT_UNKNOWN');

  return {
    registerOwner(): Finding | undefined {
      if ('problem' in register) return register.problem;
      if (!pinned) {
        return register.fact && register.fact.owner === ownerId
          ? finding('NETWORK_FILE_OUT_OF_DATE', { registerId })
          : undefined;
      }
      return register.fact?.owner === BigInt(pinned.owner.id)
        ? undefined
        : finding('NETWORK_FILE_DISAGREES', { registerId });
    },

    registerSecret(): Finding | undefined {
      if ('problem' in register) return register.problem;
      if (!pinned) return undefined;
      return register.fact?.secretCommit === BigInt(pinned.register.secretCommit)
        ? undefined
        : finding('NETWORK_FILE_DISAGREES', { registerId });
    },

    circuit(): Finding | undefined {
      if ('problem' in circuit) return circuit.problem;
      const { fact } = circuit;
      const inForce =
        fact &&
        fact.fromBlock <= logBlock &&
        (fact.toBlock === 0n || logBlock < fact.toBlock) &&
        fact.fromBlock > 0n;
      return inForce ? undefined : finding('CIRCUIT_NOT_IN_FORCE', { circuitId: answer.circuitId });
    },

    predicate(): Finding | undefined {
      if ('problem' in listed) return listed.problem;
      return listed.fact?.listed && listed.fact.circuits.includes(answer.circuitId)
        ? undefined
        : finding('PREDICATE_NOT_LISTED', { applicationVersion: request.applicationVersion });
    },

    expiry: () =>
      withEntry((own) =>
        own.time > BigInt(request.expiry)
          ? finding('LOGGED_AFTER_EXPIRY', { time: own.time, expiry: request.expiry })
          : finding('EXPIRY_OK'),
      ),

    rootKnown: () =>
      withBatch((fact) => {
        if (fact.batchHash !== answer.batchHash || fact.root !== BigInt(answer.publicSignals[2] ?? -1)) {
          return finding('ROOT_UNKNOWN', { seq: answer.seq });
        }
        return finding(fact.annulled ? 'ROOT_ANNULLED' : 'ROOT_KNOWN');
      }),

    rootWitnessed: () => {
      const forged = distrustCarried(question);
      if (forged) return forged;
      return withBatch((fact) => {
        if (fact.batchHash !== answer.batchHash) return finding('ROOT_NOT_WITNESSED', { seq: answer.seq });
        if (fact.contested) return finding('ROOT_CONTESTED', { seq: answer.seq });
        return finding(fact.witnessed && !fact.annulled ? 'ROOT_WITNESSED' : 'ROOT_NOT_WITNESSED');
      });
    },

    rootCurrent: () =>
      withEntry((own) =>
        withBatch((fact) => {
          const old = tooOld(question, fact.lastStoodAt);
          if (old) return old;
          return own.standing === 'contested' && question.maxAgeSeconds !== undefined
            ? finding('ROOT_WITHIN_OWN_LIMIT')
            : finding(STANDING_REASON[own.standing]);
        }),
      ),

    grant: () =>
      withEntry((own) => {
        if ('problem' in grant) return grant.problem;
        const { fact } = grant;
        if (!fact) return finding('GRANT_UNKNOWN', { grantId: request.grantId });
        const requester = memberOf(network, request.requester);
        const forRequester =
          fact.grantee.kind === 'member'
            ? fact.grantee.id === requesterId
            : requester !== undefined && fact.grantee.id === BigInt(requester.region);
        const forClass = ((fact.classes >> answer.predicate.class) & 1) === 1;
        if (
          fact.grantor !== ownerId ||
          fact.applicationId !== request.applicationId ||
          !forRequester ||
          !forClass
        ) {
          return finding('GRANT_OF_OTHER', { grantId: request.grantId });
        }
        const good =
          fact.validFrom <= own.time &&
          own.time <= fact.validUntil &&
          (fact.revokedAt === 0n || own.time <= fact.revokedAt) &&
          fact.uses > 0;
        return good ? finding('GRANT_OK') : finding('GRANT_NOT_VALID_THEN', { grantId: request.grantId });
      }),

    answerLogged: () => {
      if (answer.log.contract !== network.contracts.answerLog) {
        return finding('LOG_OTHER_CONTRACT', { contract: answer.log.contract });
      }
      if ('problem' in entry) return entry.problem;
      if ('problem' in logInForce) return logInForce.problem;
      if (logInForce.fact !== network.contracts.answerLog) {
        return finding('LOG_OTHER_CONTRACT', { inForce: logInForce.fact });
      }
      const { fact } = entry;
      if (!fact) return finding('NOT_LOGGED', { logId: answer.log.logId });
      if (fact.requestDigest !== question.requestDigest || fact.registerId !== registerId) {
        return finding('LOGGED_OTHER_REQUEST', { logId: answer.log.logId });
      }
      if (fact.refusalCode !== 0) return finding('LOGGED_AS_REFUSAL', { code: fact.refusalCode });
      if (
        fact.answerCommitment !== question.answerCommitment ||
        fact.circuitId !== answer.circuitId ||
        fact.batchHash !== answer.batchHash ||
        fact.seq !== BigInt(answer.seq)
      ) {
        return finding('LOGGED_OTHER_ANSWER', { logId: answer.log.logId });
      }
      if (fact.blockNumber !== logBlock || fact.time !== BigInt(answer.log.time)) {
        return finding('LOGGED_ELSEWHERE', { blockNumber: fact.blockNumber, time: fact.time });
      }
      return finding('ANSWER_LOGGED');
    },

    operator(memberId: string, signer: Hex | undefined, otherwise: ReasonCode): Finding | undefined {
      const key = memberId === request.requester ? requesterKey : ownerKey;
      if ('problem' in key) return key.problem;
      if (signer === undefined || signer !== key.fact) return finding(otherwise, { member: memberId });
      const member = memberOf(network, memberId);
      return member && keyAt(member.operatorKeys, logBlock) === signer
        ? undefined
        : finding('NETWORK_FILE_OUT_OF_DATE', { member: memberId });
    },

    furtherRegisters(): readonly string[] | Finding {
      if ('problem' in registers) return registers.problem;
      const known = pinned?.owner.registers.map((each) => each.id) ?? [];
      return (registers.fact ?? []).map(String).filter((id) => !known.includes(id));
    },
  };
}
