import {
  bodyOf,
  type Content,
  contentOf,
  decodeEntries,
  type EncodedEntry,
  entriesHash,
  LedgerError,
  type Message,
  type Operand,
  secretCommitOf,
} from '@credit-ledger/sdk/protocol';
import type { Keyring } from '../keys/index.ts';
import {
  BatchStore,
  CheckStore,
  type Database,
  type EntryRow,
  EntryStore,
  EventStore,
  hexOf,
  type OwnRegisterRow,
  TreeStore,
  wordBytes,
} from '../store/index.ts';
import { publicEntry } from './batching.ts';
import type { OpeningsJournal } from './journal.ts';
import { batchesAhead } from './restore.ts';

/** What is looked at, in this order, and how to mend it. */
export const STORE_CHECKS = {
  secret: {
    about: { en: 'the register’s secret is the one that was committed to', zh: '登记册秘密与承诺一致' },
    mend: {
      en: 'Put the right keystore back (register-….json, from a backup).',
      zh: '请从备份恢复正确的密钥库文件。',
    },
  },
  records: {
    about: { en: 'every record has its entry', zh: '每条记录均有条目' },
    mend: {
      en: 'Restart the node: it makes missing entries when it starts.',
      zh: '请重启节点，启动时会补齐缺少的条目。',
    },
  },
  chains: {
    about: { en: 'no subject’s chain of entries has a gap', zh: '各主体的条目链连续' },
    mend: {
      en: 'Restore from a backup and the journal: ledger restore.',
      zh: '请由备份和日志恢复：ledger restore。',
    },
  },
  openings: {
    about: { en: 'the openings of every batch give what was anchored', zh: '各批次的开启信息与上链内容一致' },
    mend: {
      en: 'Somebody altered the database. Keep it as it is, and restore from a backup and the journal: ledger restore.',
      zh: '数据库遭改动。请原样保留，并由备份和日志恢复：ledger restore。',
    },
  },
  journal: {
    about: { en: 'the journal has no batch that the database lacks', zh: '日志中没有数据库缺少的批次' },
    mend: {
      en: 'Stop the node and run "ledger restore" once.',
      zh: '请停止节点并运行一次 "ledger restore"。',
    },
  },
  standing: {
    about: {
      en: 'every batch of ours on the chain is one that this node made',
      zh: '链上本机关批次均由本节点生成',
    },
    mend: {
      en: 'The openings of these batches are not here. Restore from the journal (ledger restore); if that is lost too, nothing can be proved about the subjects in them: see docs/operators.md, Restore.',
      zh: '缺少这些批次的开启信息。请由日志恢复（ledger restore）；若日志亦丢失，则相关主体无法再被证明，参见 docs/operators.md。',
    },
  },
  roots: {
    about: {
      en: 'every root of ours on the chain follows from its entries',
      zh: '链上本机关每个根均可由条目推出',
    },
    mend: {
      en: 'A wrong root was anchored. Tell the council: it annuls the batch, and the entries come again by themselves.',
      zh: '曾上链错误的根。请告知理事会撤销该批次，条目随后会自动重新上链。',
    },
  },
  head: {
    about: {
      en: 'the chain’s head of our register is the one that was followed',
      zh: '链上登记册最新根与跟踪结果一致',
    },
    mend: {
      en: 'The endpoint and this node do not speak of the same chain. Check rpcUrl; see "ledger status".',
      zh: '链节点与本节点所见不一致。请检查 rpcUrl，并查看 "ledger status"。',
    },
  },
} as const satisfies Readonly<Record<string, { readonly about: Message; readonly mend: Message }>>;
export type StoreCheck = keyof typeof STORE_CHECKS;

export interface StoreCheckResult {
  readonly check: StoreCheck;
  readonly holds: boolean;
  readonly examined: number;
  /** What of the first difference can be said: numbers of rows, never what is in them. */
  readonly difference: Readonly<Record<string, Operand>> | null;
}

export interface StoreReport {
  readonly holds: boolean;
  readonly checks: readonly StoreCheckResult[];
}

export interface StoreCheckParts {
  readonly db: Database;
  readonly keyring: Keyring;
  readonly journal: OpeningsJournal;
  /** What the chain says now of a register: its newest batch and root; undefined where it cannot be asked. */
  readonly chainHead: (
    registerId: bigint,
  ) => Promise<{ readonly seq: bigint; readonly root: bigint } | undefined>;
}

const RECORDS_NAMED = 20;

/**
 * Holds the store against itself, the journal, the tree and the chain, and gives the first difference of each check. `newest`
 * bounds how many batches are opened: the whole register by default. Changes nothing.
 */
export async function checkStore(
  parts: StoreCheckParts,
  newest = Number.MAX_SAFE_INTEGER,
): Promise<StoreReport> {
  const { db, journal } = parts;
  const results: StoreCheckResult[] = [];
  const say = (
    check: StoreCheck,
    examined: number,
    difference: Readonly<Record<string, Operand>> | null,
  ): void => void results.push({ check, holds: difference === null, examined, difference });
  const registers = await new BatchStore(db).registers();
  const store = new CheckStore(db);
  const missing = registers.length === 0 ? undefined : await store.recordWithoutEntry();
  say('records', await store.count('records'), missing === undefined ? null : { recordId: missing });
  const ahead = await batchesAhead(db, journal);
  say('journal', await store.count('own_batches'), ahead === 0 ? null : { batches: ahead });
  for (const register of registers) await checkRegister(parts, register, newest, say);
  const order = Object.keys(STORE_CHECKS);
  const checks = results.sort((a, b) => order.indexOf(a.check) - order.indexOf(b.check));
  return { holds: checks.every(({ holds }) => holds), checks };
}

type Say = (
  check: StoreCheck,
  examined: number,
  difference: Readonly<Record<string, Operand>> | null,
) => void;

async function checkRegister(
  { db, keyring, chainHead }: StoreCheckParts,
  register: OwnRegisterRow,
  newest: number,
  say: Say,
): Promise<void> {
  const { keyId, registerId } = register;
  const secret = await keyring.registerSecret(keyId).catch((error: unknown) => {
    if (error instanceof LedgerError) return undefined;
    throw error;
  });
  const isOurs = secret !== undefined && secretCommitOf(secret) === register.secretCommit;
  say('secret', 1, isOurs ? null : { keyId });
  const store = new CheckStore(db);
  const gap = await store.entryAfterGap(keyId);
  say('chains', await store.count('entries'), gap === undefined ? null : { entryId: gap });
  const ids = await store.batchIds(keyId, newest);
  let bad: { readonly ordinal: number } | undefined;
  for (const id of ids) {
    // One batch a transaction: the node goes on meanwhile.
    const ordinal = await db.transaction((tx) => ordinalIfBad(tx, id));
    if (ordinal !== undefined) bad = { ordinal };
  }
  say('openings', ids.length, bad ?? null);
  if (registerId === null) return;
  const standing = await db.transaction(async (tx) => {
    const foreign = await new BatchStore(tx).firstForeign(keyId, registerId);
    const difference =
      foreign === undefined
        ? null
        : { registerId, seq: foreign.seq, ...(await lostBy(tx, keyId, registerId, foreign.seq)) };
    return { examined: await new TreeStore(tx).countStanding(registerId), difference };
  });
  say('standing', standing.examined, standing.difference);
  const wrong = await new TreeStore(db).firstWrong(registerId);
  say('roots', standing.examined, wrong === undefined ? null : { registerId, seq: wrong.seq });
  const there = await chainHead(registerId);
  if (there === undefined) return;
  const head = await new TreeStore(db).head(registerId);
  const [seq, root] = [head?.seq ?? 0n, head?.claimedRoot];
  // The chain may have gone on since: only what was followed can be compared.
  const differs = there.seq < seq || (there.seq === seq && root !== undefined && there.root !== root);
  say('head', 1, differs ? { registerId, seq, chainSeq: there.seq } : null);
}

async function ordinalIfBad(tx: Database, batchId: bigint): Promise<number | undefined> {
  const batch = await new BatchStore(tx).byId(batchId);
  if (batch === undefined) return undefined;
  const entries = await new EntryStore(tx).ofBatch(batchId);
  const opens = entries.every(opensRight);
  const hash = entries.length === 0 ? undefined : entriesHash(entries.map(publicEntry));
  const isGood = opens && entries.length === batch.size && hash === hexOf(wordBytes(batch.entriesHash));
  return isGood ? undefined : batch.ordinal;
}

function opensRight({ salts, content, packed, body }: EntryRow): boolean {
  try {
    return contentOf(salts) === content && bodyOf(packed, content as Content) === body;
  } catch (error) {
    // An opening that cannot even be one.
    if (error instanceof LedgerError) return false;
    throw error;
  }
}

/** Which batches from one on are not ours, how many entries they hold, and which records here can no longer be proved. */
async function lostBy(
  tx: Database,
  keyId: string,
  registerId: bigint,
  fromSeq: bigint,
): Promise<Readonly<Record<string, Operand>>> {
  const own = new Set(
    (await new BatchStore(tx).journalled())
      .filter((batch) => batch.keyId === keyId)
      .map(({ entriesHash: hash }) => hash),
  );
  const lost = (await new TreeStore(tx).standing(registerId, fromSeq - 1n)).filter(
    (batch) => !own.has(batch.entriesHash),
  );
  const keys = new Set<bigint>();
  for (const { seq } of lost) {
    const [event] = await new EventStore(tx).events({ registerId, seq, names: ['BatchAppended'] });
    for (const { key } of decodeEntries((event?.args['entries'] ?? []) as EncodedEntry[])) keys.add(key);
  }
  const records = await new CheckStore(tx).recordsOfKeys(keyId, [...keys]);
  return {
    batches: lost.length,
    entries: lost.reduce((total, { size }) => total + size, 0),
    recordsNotProvable: records.length,
    firstRecordIds: records.slice(0, RECORDS_NAMED),
  };
}
