import {
  type ChainHead,
  type Content,
  headOfChain,
  type LedgerClass,
  type Op,
  type OpenedEntry,
  parseUscc,
  type RegisterRoot,
  type RegisterSecret,
  type SubjectKey,
  subjectKeyOf,
  type TreePath,
} from '@credit-ledger/sdk/protocol';
import type { Keyring } from '../keys/index.ts';
import { BatchStore, type Database, EntryStore, hexOf, TreeStore, wordBytes } from '../store/index.ts';
import { registerError } from './errors.ts';
import type { RegisterTrees } from './ports.ts';

/** A subject's chain with all that a proof about it needs. Secret: it stays in this process. */
export interface SubjectChain {
  readonly registerId: bigint;
  readonly seq: bigint;
  readonly batchHash: `0x${string}`;
  readonly root: RegisterRoot;
  readonly key: SubjectKey;
  readonly secret: RegisterSecret;
  /** The opened entries that are anchored by batch `seq`, in their order; empty when the subject has none. */
  readonly entries: readonly OpenedEntry[];
  readonly head: ChainHead;
  readonly path: TreePath;
}

const NO_BATCH = `0x${'0'.repeat(64)}` as const;

/**
 * A subject's chain as it was under batch `seq` (0: the empty register): entries that came
 * later, or that wait to be anchored, are not in it. Checked against the tree, so that
 * what would never prove is said at once.
 * @throws LedgerError REGISTER_NOT_OPEN (not a register of ours), BATCH_NOT_STANDING,
 *   REGISTER_ROOT_WRONG (the chain has a root that the entries do not give), OPENINGS_LOST, USCC_*
 */
export async function chainOf(
  db: Database,
  keyring: Keyring,
  trees: RegisterTrees,
  subject: {
    readonly uscc: string;
    readonly class: LedgerClass;
    readonly registerId: bigint;
    readonly seq: bigint;
  },
): Promise<SubjectChain> {
  const { registerId, seq } = subject;
  const register = (await new BatchStore(db).registers()).find((row) => row.registerId === registerId);
  if (register === undefined) throw registerError('REGISTER_NOT_OPEN', { registerId });
  const store = new TreeStore(db);
  const batch = seq === 0n ? undefined : await store.bySeq(registerId, seq);
  if (seq !== 0n && (batch === undefined || batch.annulledAtBlock !== null)) {
    throw registerError('BATCH_NOT_STANDING', { registerId, seq });
  }
  if (batch !== undefined && batch.root !== batch.claimedRoot) {
    throw registerError('REGISTER_ROOT_WRONG', { registerId, seq });
  }
  const secret = await keyring.registerSecret(register.keyId);
  const key = subjectKeyOf(parseUscc(subject.uscc), subject.class, secret);
  const place = seq === 0n ? 0 : await store.countStanding(registerId, seq);
  const rows = await new EntryStore(db).chainUpTo(register.keyId, key, place);
  const entries = rows.map((row): OpenedEntry => ({
    op: row.op as Op,
    packed: row.packed,
    content: row.content as Content,
  }));
  const tree = await trees.tree(db, registerId);
  const head = tree.headOf(key, Number(seq));
  const complete = rows.every((row, i) => row.chainIndex === i);
  if (!complete || headOfChain(entries) !== head) {
    throw registerError('OPENINGS_LOST', { registerId, seq, entries: entries.length });
  }
  return {
    registerId,
    seq,
    batchHash: batch === undefined ? NO_BATCH : hexOf(wordBytes(batch.batchHash)),
    root: tree.root(Number(seq)),
    key,
    secret,
    entries,
    head,
    path: tree.path(key, Number(seq)),
  };
}
