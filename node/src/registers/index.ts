export { type EntryReceipt, type EntryBatchReceipt, type Receipt } from './receipts.ts';
export { type BatchStanding, type BatchState, standingOf, type WitnessVote } from './standing.ts';
export { type SubjectChain } from './chains.ts';
export {
  type JournalledBatch,
  type JournalledEntry,
  type JournalledRecord,
  OpeningsJournal,
} from './journal.ts';
export { batchesAhead, bringForward, type BroughtForward } from './restore.ts';
export {
  type CorrectedFields,
  type Operation,
  type OperationDone,
  type OperationName,
  type OperationOnVersion,
  OPERATIONS,
} from './operations.ts';
export { CONDITION_NAMES, judgeRepair, type RepairableFacts, type RepairVerdict } from './repairs.ts';
export { type RegisterRecord } from './entry-maker.ts';
export type { RegisterEvent, RegisterTrees, TransactionOrder, TransactionSender } from './ports.ts';
export type { Hasher } from './hashing/hasher.ts';
export { InlineHasher } from './hashing/inline.ts';
export { ThreadHasher } from './hashing/thread.ts';
export {
  type OperationResult,
  type OperationsReport,
  RegisterService,
  type RegisterServiceOptions,
  type RegisterSettings,
  type RegisterStatus,
} from './service.ts';
export { type Unwitnessed, unwitnessedOf } from './witnessing.ts';
export { registerError } from './errors.ts';
export { checkStore, STORE_CHECKS, type StoreReport } from './check.ts';
