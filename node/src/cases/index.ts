export { CaseBoard, type CaseSnapshot, type CaseStanding, isLateNow, isOverdue } from './board.ts';
export type { CaseVerdict } from './deciding.ts';
export type { CaseFiling, CaseWish } from './filings.ts';
export {
  CASE_LIMITS,
  type CaseLimits,
  type CaseParts,
  type CaseReads,
  type CaseRegisters,
  type CaseTransactions,
} from './ports.ts';
export { type ReportParts, Reports } from './report.ts';
export { type CaseDetail, type CaseFilter, CaseService } from './service.ts';
export {
  type CaseAccepted,
  caseAcceptedSchema,
  type CaseFacts,
  caseMessageSchema,
  factsSchema,
  type SubjectFiling,
  subjectFilingSchema,
} from './wire.ts';
