import { isLedgerError } from '@credit-ledger/sdk/protocol';
import { bytesToHex } from 'viem';
import type { TransactionRequest } from '../../chain/index.ts';
import { EventStore, type EventRow } from '../../store/index.ts';
import type { Rooms } from '../rooms.ts';
import type { Sent } from '../schemas/ledger.ts';

/** So long a caller is kept waiting for a block; after that the transaction is on its way, and said so. */
const PATIENCE_MILLISECONDS = 20_000;

/** Queues a transaction. */
export function queue(rooms: Rooms, request: TransactionRequest): Promise<bigint> {
  return rooms.db.transaction((tx) => rooms.outbox.enqueue(tx, request));
}

/**
 * Waits a while until a transaction is in a block that the node has followed.
 * Errors: those that made it fail (`CHAIN_REVERTED`, …).
 */
export async function settled(rooms: Rooms, outboxId: bigint): Promise<Sent> {
  const patience = AbortSignal.timeout(PATIENCE_MILLISECONDS);
  try {
    const mined = await rooms.outbox.waitFor(outboxId, patience);
    await rooms.follower.waitForBlock(mined.blockNumber, patience);
    return {
      state: 'mined',
      transactionHash: mined.txHash,
      blockNumber: mined.blockNumber.toString(),
      registerId: null,
    };
  } catch (error) {
    // Not there in time, or nobody follows just now: it is on its way all the same.
    if (!patience.aborted && !isLedgerError(error, 'FOLLOWER_STOPPED')) throw error;
    const row = await rooms.outbox.get(outboxId);
    return {
      state: row.state === 'failed' ? 'sent' : row.state,
      transactionHash: row.txHash === null ? null : bytesToHex(row.txHash),
      blockNumber: row.blockNumber?.toString() ?? null,
      registerId: null,
    };
  }
}

/** The event that a mined transaction made. */
export async function eventOf(rooms: Rooms, sent: Sent, name: string): Promise<EventRow | undefined> {
  if (sent.blockNumber === null) return undefined;
  const block = BigInt(sent.blockNumber);
  const events = await new EventStore(rooms.db).events({ names: [name], fromBlock: block, toBlock: block });
  return events.find(({ txHash }) => bytesToHex(txHash) === sent.transactionHash);
}
