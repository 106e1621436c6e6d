export { type AmountReading, readAmount, yuanOfFen } from './amounts.ts';
export { type CanonicalRecord, convertRows, type ConvertOptions, type RowOutcome } from './convert.ts';
export { type DateProfile, type DateReading, readDate } from './dates.ts';
export { dryRun, type DryRunOptions, type DryRunReport, shown, type ShownRecord } from './dry-run.ts';
export { FILE_ERROR_CODES } from './errors.ts';
export { type Issue, type IssueCode, issueOf, ISSUES } from './issues.ts';
export { DEFAULT_LIMITS, type IntakeLimits } from './limits.ts';
export {
  type Correction,
  correctedRecord,
  type Operation,
  type OperationName,
  type OperationOutcome,
  readOperations,
} from './operations.ts';
export { type Plan, planTable } from './plan.ts';
export { findProfile, loadProfile, parseProfile, type Profile, PROFILES } from './profile.ts';
export { formulaSafe, type ImportReport, writeFailedRows } from './report.ts';
export {
  type ImportCounts,
  type ImportRequest,
  type ImportResult,
  ImportService,
  type OnRecords,
} from './service.ts';
export { type ByteSource, fileSource, memorySource, sha256Of, streamSource } from './source.ts';
export { canonicalDocumentNumber } from './text.ts';
export { readTable, type Table, tableOfRows, type TableRow } from './table.ts';
