import { CHECKPOINT_FORMAT, type UnsignedCheckpoint } from '../answer/index.ts';
import { type Hex, LedgerError } from '../protocol/index.ts';
import { lowerCase } from './deployment.ts';
import { asked, type LedgerView, noneIf } from './view.ts';

export interface CheckpointWish {
  readonly registerId: bigint;
  /** The batch; the latest witnessed one by default. */
  readonly seq?: bigint;
  /** Entries of the answer log to cover. */
  readonly logIds: readonly bigint[];
  /** Circuits to name; those not in force are left out. */
  readonly circuitIds: readonly Hex[];
  /** How long it may be used, from the time of its block. */
  readonly lifeSeconds: number;
  /** The block to read; the latest by default. A witness rebuilds the one that it is asked to sign. */
  readonly blockNumber?: bigint;
}

/**
 * Says what one register looks like at one block, for witnesses to sign (protocol §8). Every witness
 * makes its own from its own chain endpoint and signs only when `checkpointHash` is the same.
 * @throws LedgerError REGISTER_UNKNOWN; CHECKPOINT_REFUSED when the register is contested or owes entries, the batch
 * is not there, not witnessed or annulled, or a log entry is not there; CHAIN_UNREACHABLE
 */
export async function makeCheckpoint(view: LedgerView, wish: CheckpointWish): Promise<UnsignedCheckpoint> {
  const { client, deployment, consortium, registers, applications, answerLog } = view;
  const blockNumber = wish.blockNumber ?? (await asked(client.getBlockNumber({ cacheTime: 0 })));
  const at = { blockNumber };
  const register = await noneIf(registers.read.register([wish.registerId], at), 'UnknownRegister');
  if (register === undefined) throw registerUnknown(wish.registerId);
  const [block, chainId] = await asked(Promise.all([client.getBlock({ blockNumber }), client.getChainId()]));
  if (register.contested || register.owedBatches > 0n) {
    throw refusal(register.contested ? 'contested' : 'owes entries', wish.registerId);
  }
  const batch = await noneIf(
    wish.seq === undefined
      ? registers.read.latestWitnessed([wish.registerId], at)
      : registers.read.batch([wish.registerId, wish.seq], at),
    'UnknownBatchSeq',
  );
  if (batch === undefined) throw refusal('no such batch', wish.registerId);
  if (!batch.witnessed || batch.contested || batch.annulled) throw refusal('not witnessed', wish.registerId);
  const inForce = await asked(
    Promise.all(wish.circuitIds.map((id) => consortium.read.circuitInForce([id], at))),
  );
  const entries = await noneIf(
    Promise.all(wish.logIds.map((id) => answerLog.read.entryHash([id], at))),
    'UnknownLogEntry',
  );
  if (entries === undefined) throw refusal('no such log entry', wish.registerId);
  return {
    format: CHECKPOINT_FORMAT,
    chainId: chainId.toString(),
    contracts: {
      consortium: lowerCase(deployment.consortium),
      registers: lowerCase(deployment.registers),
      applications: lowerCase(deployment.applications),
      grants: lowerCase(deployment.grants),
      answerLog: lowerCase(deployment.answerLog),
    },
    registerId: wish.registerId.toString(),
    owner: register.owner.toString(),
    secretCommit: register.secretCommit,
    seq: batch.seq.toString(),
    batchHash: batch.batchHash,
    root: batch.newRoot,
    status: 'witnessed',
    blockNumber: blockNumber.toString(),
    time: Number(block.timestamp),
    lastStoodAt: Number(batch.lastStoodAt),
    supersededAt: Number(batch.supersededAt),
    circuitIds: inOrder(wish.circuitIds.filter((_, i) => inForce[i])),
    applicationListHash: await asked(applications.read.listHash(at)),
    logEntries: inOrder(entries),
    expiry: Number(block.timestamp) + wish.lifeSeconds,
  };
}

function inOrder(words: readonly Hex[]): Hex[] {
  return [...new Set(words)].sort();
}

function refusal(why: string, registerId: bigint): LedgerError {
  return new LedgerError(
    'CHECKPOINT_REFUSED',
    {
      en: `There is no checkpoint of a register that is contested, owes entries, or has no witnessed batch, nor over log entries that there are not (${why}).`,
      zh: `登记册处于争议中、尚有应重新登记的条目、批次未被见证或日志条目不存在时，不签发检查点（${why}）。`,
    },
    { registerId, why },
  );
}

function registerUnknown(registerId: bigint): LedgerError {
  return new LedgerError(
    'REGISTER_UNKNOWN',
    { en: 'There is no such register on the chain.', zh: '链上没有该登记册。' },
    { registerId },
  );
}
