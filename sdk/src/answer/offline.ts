import { type Checkpoint, logEntryHash, MAX_CHECKPOINT_LIFE_SECONDS, parseCheckpoint } from './checkpoint.ts';
import { isLedgerError } from '../protocol/index.ts';
import {
  CLOCK_TOLERANCE_SECONDS,
  type Evidence,
  finding,
  type Finding,
  type Question,
  tooOld,
} from './evidence.ts';
import { memberOf, periodAt } from './network.ts';
import { REASONS } from './reasons.ts';
import { distrust, distrustCarried } from './witnessed.ts';

/**
 * Answers from a checkpoint, without any network: the given one, or else the one in the document.
 * Where the checkpoint does not cover the log entry, what only the log shows is SKIPPED (protocol §8).
 */
export function offlineEvidence(given: unknown, question: Question): Evidence {
  const { answer, network, pinned } = question;
  const { request } = answer;

  let checkpoint: Checkpoint | undefined;
  let refused: Finding | undefined;
  try {
    checkpoint = given === undefined ? (answer.checkpoint ?? undefined) : parseCheckpoint(given);
    refused =
      checkpoint === undefined
        ? finding('CHECKPOINT_MISSING')
        : given === undefined
          ? distrustCarried(question)
          : distrust(checkpoint, question);
  } catch (error) {
    if (!isLedgerError(error)) throw error;
    refused = finding('CHECKPOINT_MALFORMED', { code: error.code, ...error.operands });
  }
  const trusted = refused === undefined ? checkpoint : undefined;

  // Only `root-witnessed` says what is wrong with the signatures; all else merely cannot build on them.
  const unusable: Finding | undefined =
    refused && REASONS[refused.reason].check === 'root-witnessed'
      ? finding('CHECKPOINT_NOT_TRUSTED')
      : refused;

  const covered =
    trusted?.logEntries.includes(
      logEntryHash({
        logId: BigInt(answer.log.logId),
        requestDigest: question.requestDigest,
        batchHash: answer.batchHash,
        circuitId: answer.circuitId,
        answerCommitment: question.answerCommitment,
        time: BigInt(answer.log.time),
      }),
    ) ?? false;

  /** Runs a check on a checkpoint that may be believed and is about this answer's batch. */
  const onBatch = (check: (cp: Checkpoint) => Finding): Finding => {
    if (!trusted) return unusable ?? finding('CHECKPOINT_MISSING');
    if (trusted.seq !== answer.seq) return finding('CHECKPOINT_OTHER_BATCH', { seq: trusted.seq });
    return check(trusted);
  };
  const sameRoot = (cp: Checkpoint): boolean =>
    cp.batchHash === answer.batchHash && cp.root === answer.publicSignals[2];

  const currentAt = (cp: Checkpoint): Finding => {
    if (cp.time > question.now + CLOCK_TOLERANCE_SECONDS) {
      return finding('VERIFIER_CLOCK_OFF', { now: question.now, checkpointTime: cp.time });
    }
    const expiry = Math.min(cp.expiry, cp.time + MAX_CHECKPOINT_LIFE_SECONDS);
    if (expiry < question.now) return finding('CHECKPOINT_EXPIRED', { expiry });
    const old = tooOld(question, BigInt(cp.lastStoodAt));
    if (old) return old;
    // The moment to judge by: that of the log entry where it is shown, else that of the checkpoint.
    const time = covered && cp.supersededAt > 0 ? answer.log.time : cp.time;
    const head = cp.supersededAt === 0 || time <= cp.supersededAt;
    if (head && time - cp.lastStoodAt > (pinned?.register.promiseSeconds ?? 0)) {
      return finding('REGISTER_SILENT', { lastStoodAt: cp.lastStoodAt, time });
    }
    if (head) return finding('ROOT_CURRENT');
    return finding(time <= cp.supersededAt + network.graceSeconds ? 'ROOT_WITHIN_GRACE' : 'ROOT_SUPERSEDED', {
      supersededAt: cp.supersededAt,
    });
  };

  return {
    registerOwner: () =>
      trusted && pinned && trusted.owner !== pinned.owner.id
        ? finding('NETWORK_FILE_DISAGREES', { registerId: request.registerId })
        : undefined,

    registerSecret: () =>
      trusted && pinned && trusted.secretCommit !== pinned.register.secretCommit
        ? finding('NETWORK_FILE_DISAGREES', { registerId: request.registerId })
        : undefined,

    circuit: () =>
      trusted && !trusted.circuitIds.includes(answer.circuitId)
        ? finding('CIRCUIT_NOT_IN_FORCE', { circuitId: answer.circuitId })
        : undefined,

    // The application list itself is not in a checkpoint; a covered log entry shows that it was obeyed.
    predicate: () => undefined,

    expiry: () => {
      if (answer.log.time > request.expiry) {
        return finding('LOGGED_AFTER_EXPIRY', { time: answer.log.time, expiry: request.expiry });
      }
      return finding(covered ? 'EXPIRY_OK' : 'LOG_TIME_NOT_COVERED');
    },

    rootKnown: () => onBatch((cp) => finding(sameRoot(cp) ? 'ROOT_KNOWN' : 'ROOT_NOT_IN_CHECKPOINT')),

    rootWitnessed: () => {
      const problem = (given === undefined ? undefined : distrustCarried(question)) ?? refused;
      if (problem) return problem;
      return onBatch((cp) => finding(sameRoot(cp) ? 'ROOT_WITNESSED' : 'ROOT_NOT_WITNESSED'));
    },

    rootCurrent: () => {
      if (trusted && BigInt(trusted.seq) > BigInt(answer.seq)) {
        return finding('ROOT_SUPERSEDED', { seq: answer.seq, latestSeq: trusted.seq });
      }
      return onBatch((cp) => (sameRoot(cp) ? currentAt(cp) : finding('ROOT_NOT_USABLE')));
    },

    grant: () => finding(covered ? 'GRANT_COVERED_BY_LOG' : 'GRANT_NOT_COVERED'),

    answerLogged: () => {
      if (answer.log.contract !== network.contracts.answerLog) {
        return finding('LOG_OTHER_CONTRACT', { contract: answer.log.contract });
      }
      return finding(covered ? 'ANSWER_LOGGED' : 'LOG_NOT_COVERED');
    },

    operator(memberId, signer, otherwise) {
      const member = memberOf(network, memberId);
      const key = member && periodAt(member.operatorKeys, BigInt(answer.log.blockNumber));
      if (key === undefined || signer !== key.address) return finding(otherwise, { member: memberId });
      // The block is the document's own word: who has a key that was closed could name one before that.
      return covered || key.toBlock === null ? undefined : finding('LOG_ENTRY_NEEDED', { member: memberId });
    },

    furtherRegisters: () => [],
  };
}
