import {
  batchHash,
  decodeDelta,
  decodeEntries,
  EMPTY_ROOT,
  encodeDelta,
  type EncodedEntry,
  type Entry,
  entriesHash,
  fromBytes32,
  type Hex,
  type RegisterRoot,
  RegisterTree,
  type TreeDelta,
} from '@credit-ledger/sdk/protocol';
import type { FollowedEvent } from '../chain/index.ts';
import { bytesOf, type Database, TreeStore } from '../store/index.ts';
import { witnessError } from './errors.ts';
import type { TreeAppender } from './ports.ts';

const DELTAS_AT_ONCE = 50;
/** Roots that were computed ahead and may still be asked for. */
const MOST_PREPARED = 8;

interface AppendedArgs {
  readonly registerId: bigint;
  readonly seq: bigint;
  readonly batchHash: Hex;
  readonly prevRoot: Hex;
  readonly newRoot: Hex;
  readonly entriesHash: Hex;
  readonly entries: readonly EncodedEntry[];
}

/**
 * Replays every register from the followed events: its tree in memory, what each batch
 * changed in the store. Roots are computed, never believed; the entries are held against
 * the hashes that the contract made of them. Runs in the follower's transactions.
 */
export class RegisterReplay {
  readonly #db: Database;
  readonly #appender: TreeAppender;
  readonly #trees = new Map<bigint, RegisterTree>();
  readonly #prepared = new Map<string, TreeDelta>();
  /** The transaction whose changes are in memory and not yet committed. */
  #changing: Database | undefined;

  constructor(db: Database, appender: TreeAppender) {
    this.#db = db;
    this.#appender = appender;
  }

  /** The tree as of the last event followed. Only to be read, and within the transaction of `db`. */
  async tree(db: Database, registerId: bigint): Promise<RegisterTree> {
    if (this.#changing !== undefined && this.#changing !== db) {
      // The transaction that changed them has failed: what is in memory never happened.
      this.#trees.clear();
      this.#changing = undefined;
    }
    const known = this.#trees.get(registerId);
    if (known !== undefined) return known;
    const tree = new RegisterTree();
    const store = new TreeStore(db);
    for (;;) {
      const rows = await store.deltas(registerId, BigInt(tree.seq), DELTAS_AT_ONCE);
      for (const { delta } of rows) tree.applyDelta(decodeDelta(delta));
      if (rows.length < DELTAS_AT_ONCE) break;
    }
    this.#trees.set(registerId, tree);
    return tree;
  }

  /**
   * The root that a register would have, were these entries its next batch after the one of
   * seq `headSeq`. Kept, so that the replay of that batch need not hash again. Undefined when
   * the register has moved on. Not within a transaction.
   */
  async rootAfter(
    registerId: bigint,
    headSeq: bigint,
    entries: readonly Entry[],
  ): Promise<bigint | undefined> {
    const at = await this.#db.transaction(async (tx) => {
      const tree = await this.tree(tx, registerId);
      return {
        seq: tree.seq,
        root: tree.root(),
        next: Number(await new TreeStore(tx).lastSeq(registerId)) + 1,
      };
    });
    if (BigInt(at.seq) !== headSeq) return undefined;
    const base = { registerId, seq: at.seq, root: at.root };
    const name = preparedName(base, entriesHash(entries));
    let delta = this.#prepared.get(name);
    if (delta === undefined) {
      delta = await this.#appender.append(base, entries, at.next, () => this.#history(this.#db, base));
      this.#prepared.set(name, delta);
      const [oldest] = this.#prepared.keys();
      if (this.#prepared.size > MOST_PREPARED && oldest !== undefined) this.#prepared.delete(oldest);
    }
    return delta.root;
  }

  async onEvents(db: Database, events: readonly FollowedEvent[]): Promise<void> {
    for (const event of events) {
      if (event.contract !== 'CreditRegisters') continue;
      if (event.name === 'BatchAppended') await this.#replay(db, event);
      if (event.name === 'RootsAnnulled') await this.#annul(db, event);
    }
  }

  async onRollback(db: Database, toBlock: bigint): Promise<void> {
    // Read anew from the store, which has forgotten what came after.
    for (const registerId of await new TreeStore(db).undoAfter(toBlock)) {
      this.#changes(db);
      this.#trees.delete(registerId);
    }
  }

  /** @throws LedgerError BATCH_EVENT_INCONSISTENT, REPLAY_GAP: nothing behind it is followed then */
  async #replay(db: Database, event: FollowedEvent): Promise<void> {
    const args = event.args as unknown as AppendedArgs;
    const { registerId, seq } = args;
    const operands = { registerId, seq, blockNumber: event.blockNumber };
    const entries = checkedEntries(args, operands);
    const tree = await this.tree(db, registerId);
    const store = new TreeStore(db);
    const head = await store.head(registerId);
    const prevRoot = head?.claimedRoot ?? EMPTY_ROOT;
    if (BigInt(args.prevRoot) !== prevRoot || seq !== (await store.lastSeq(registerId)) + 1n) {
      throw witnessError('REPLAY_GAP', { ...operands, lastSeq: head?.seq ?? 0n });
    }
    const base = { registerId, seq: tree.seq, root: tree.root() };
    const prepared = this.#prepared.get(preparedName(base, args.entriesHash));
    const computed =
      prepared ?? (await this.#appender.append(base, entries, Number(seq), () => this.#history(db, base)));
    const delta: TreeDelta = computed.seq === Number(seq) ? computed : { ...computed, seq: Number(seq) };
    this.#changes(db);
    tree.applyDelta(delta);
    await store.insert(
      {
        registerId,
        seq,
        blockNumber: event.blockNumber,
        blockTime: event.blockTime,
        txHash: bytesOf(event.transactionHash),
        batchHash: BigInt(args.batchHash),
        entriesHash: BigInt(args.entriesHash),
        size: entries.length,
        root: delta.root,
        claimedRoot: BigInt(args.newRoot),
      },
      encodeDelta(delta),
    );
  }

  /** The council annulled roots: the tree goes back; the entries will come again. */
  async #annul(db: Database, event: FollowedEvent): Promise<void> {
    const { registerId, headSeq } = event.args as { registerId: bigint; headSeq: bigint };
    const tree = await this.tree(db, registerId);
    this.#changes(db);
    tree.rollbackTo(Number(headSeq));
    await new TreeStore(db).annulAfter(registerId, headSeq, event.blockNumber);
  }

  #changes(db: Database): void {
    if (this.#changing === db) return;
    this.#changing = db;
    db.afterCommit(() => {
      this.#changing = undefined;
    });
  }

  /** The deltas that lead to a base, oldest first. */
  async #history(db: Database, base: { registerId: bigint; seq: number }): Promise<Uint8Array[]> {
    const all: Uint8Array[] = [];
    let after = 0n;
    for (;;) {
      const rows = await new TreeStore(db).deltas(base.registerId, after, DELTAS_AT_ONCE);
      for (const { seq, delta } of rows) if (seq <= BigInt(base.seq)) all.push(delta);
      const last = rows.at(-1);
      if (last === undefined || rows.length < DELTAS_AT_ONCE) return all;
      after = last.seq;
    }
  }
}

/** The entries of an event, held against the hashes that the contract made of them. */
function checkedEntries(args: AppendedArgs, operands: Record<string, bigint>): Entry[] {
  try {
    const entries = decodeEntries(args.entries);
    const hash = entriesHash(entries);
    const name = batchHash(
      args.registerId,
      args.seq,
      fromBytes32(args.prevRoot) as bigint as RegisterRoot,
      fromBytes32(args.newRoot) as bigint as RegisterRoot,
      hash,
    );
    if (hash !== args.entriesHash || name !== args.batchHash) throw new Error('the hashes differ');
    return entries;
  } catch (cause) {
    throw witnessError('BATCH_EVENT_INCONSISTENT', operands, cause);
  }
}

function preparedName(base: { registerId: bigint; seq: number; root: bigint }, hash: Hex): string {
  return `${base.registerId}:${base.seq}:${base.root}:${hash}`;
}
