import {
  type Day,
  dateOfDay,
  LEDGER_CLASS,
  OP,
  REPAIR_CONDITIONS,
  type SubjectKey,
  unpackEntry,
} from '@credit-ledger/sdk/protocol';
import { type Database, type EntryRow, EntryStore } from '../store/index.ts';
import { PublicityStore } from '../store/publicity.ts';
import { asRef } from './book.ts';
import { type MadeEntry, makeOperationEntry, type RegisterRecord } from './entry-maker.ts';
import type { Hasher } from './hashing/hasher.ts';
import { judgeRepair } from './repairs.ts';

/** A correction that is about to be entered: what stood, and what takes its place. */
export interface Replacement {
  readonly keyId: string;
  /** All entries of the corrected record, in order. */
  readonly entries: readonly EntryRow[];
  readonly record: RegisterRecord;
  /** As it is stored. */
  readonly corrected: RegisterRecord;
  readonly subjectKey: SubjectKey;
}

/**
 * The repair of a corrected record, for its replacement: a repaired record must not count again because a
 * name in it was put right. Only where the rules of the repair's day would have allowed it for what the
 * record says now, of the same subject: else a record could be repaired lightly and made grave afterwards.
 * To be entered right behind the revocation and the replacement.
 * @throws LedgerError OPERATION_CHAIN_FULL, RULES_*
 */
export async function carriedRepair(
  db: Database,
  hasher: Hasher,
  { keyId, entries, record, corrected, subjectKey }: Replacement,
): Promise<MadeEntry | undefined> {
  const repair = entries.find(({ op }) => op === OP.REPAIR);
  const isSame = corrected.class === LEDGER_CLASS.adverse && corrected.uscc === record.uscc;
  if (repair === undefined || !isSame) return undefined;
  const { day } = unpackEntry(repair.packed);
  if (judgeRepair(corrected, day, REPAIR_CONDITIONS).refusal !== null) return undefined;
  const length = (await new EntryStore(db).chainLengths(keyId, [subjectKey])).get(subjectKey) ?? 0;
  return makeOperationEntry(
    {
      op: OP.REPAIR,
      recordId: corrected.id,
      class: corrected.class,
      uscc: corrected.uscc,
      subjectKey,
      day: day as Day,
      // The revocation is in the next place, the replacement behind it.
      ref: asRef(length + 1),
      reason: `更正前已准予信用修复（${dateOfDay(day)}）`,
      reference: undefined,
    },
    hasher,
  );
}

/** What is withheld stays withheld when it is corrected: the reason for it was not what was wrong. */
export async function carryWithholding(db: Database, from: bigint, to: bigint, at: Date): Promise<void> {
  const store = new PublicityStore(db);
  const standing = (await store.withholdings([from])).at(-1);
  if (standing?.action !== 'withhold') return;
  const { action, reason, note, by } = standing;
  await store.insertWithholding({ recordId: to, action, reason, note, by, at });
}
