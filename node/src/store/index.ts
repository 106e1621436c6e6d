export {
  insertRows,
  json,
  openDatabase,
  type Database,
  type DatabaseLocation,
  type JsonParameter,
  type Parameter,
} from './database.ts';
export { isUniqueViolation } from './errors.ts';
export {
  continueAllNumbers,
  dumpTables,
  isEmptyStore,
  loadRows,
  schemaOf,
  type DumpedRow,
  type DumpedTable,
} from './dump.ts';
export { knownSchema, migrate } from './migrate.ts';
export { EventStore, type BlockRow, type EventFilter, type EventRow } from './events.ts';
export {
  OutboxStore,
  type OutboxAttempt,
  type OutboxError,
  type OutboxRole,
  type OutboxRow,
  type OutboxState,
} from './outbox.ts';
export { UserStore, type AccessRow, type TokenRow, type UserRole } from './users.ts';
export { EntryStore, type EntryRow, type NewEntryRow, type SaltRow } from './entries.ts';
export { BatchStore, type OwnBatchRow, type OwnRegisterRow } from './batches.ts';
export { TreeStore, type OpenObjectionRow, type ReplayedBatchRow } from './trees.ts';
export { CheckStore } from './check.ts';
export { RestoreStore, type RestoredBatch } from './restore.ts';
export { SendStore, type SendRow } from './sends.ts';
export { bytesOf, hexOf, wordBytes, wordOf } from './words.ts';
