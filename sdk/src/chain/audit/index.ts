export * from './audit.ts';
export {
  AUDIT_CHECKS,
  type AuditCheck,
  type AuditCheckResult,
  type AuditDifference,
  type AuditReport,
} from './report.ts';
