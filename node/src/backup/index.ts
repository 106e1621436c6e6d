export { type BackupCounts, type BackupParts, verifyBackup, writeBackup } from './backup.ts';
export { backupError } from './errors.ts';
export { JournalMerge, type JournalOutcome, loadBackup } from './restore.ts';
export { SealedReader } from './sealed-file.ts';
