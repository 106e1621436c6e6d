import type { Writable } from 'node:stream';
import { type CanonicalRecord, convertRows } from './convert.ts';
import type { Issue } from './issues.ts';
import { DEFAULT_LIMITS, type IntakeLimits } from './limits.ts';
import { planTable } from './plan.ts';
import type { Profile } from './profile.ts';
import { type FailedRowReport, type ImportReport, reportColumns, writeFailedRows } from './report.ts';
import { checkedRows } from './service.ts';
import type { ByteSource } from './source.ts';
import { readTable } from './table.ts';

export interface DryRunOptions {
  readonly fileName: string;
  readonly profile?: Profile | undefined;
  /** YYYY-MM-DD at UTC+8. */
  readonly today: string;
  readonly limits?: IntakeLimits | undefined;
  /** Also returns each record with its row and canonical values. */
  readonly withRecords?: boolean | undefined;
  /** Where the workbook of failed rows goes. */
  readonly failedRowsTo?: Writable | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** A record as `--json --records` shows it; amounts as decimal strings. */
export type ShownRecord = Omit<CanonicalRecord, 'amountFen'> & {
  readonly row: number;
  readonly amountFen: string;
};

export type DryRunReport = ImportReport & { readonly recordList?: readonly ShownRecord[] };

/**
 * Says what an import would do, without a store: repeats are recognised within
 * the file only.
 * @throws LedgerError for a file that is refused as a whole
 */
export async function dryRun(
  input: Uint8Array | AsyncIterable<Uint8Array> | ByteSource,
  options: DryRunOptions,
): Promise<DryRunReport> {
  const table = await readTable(input, options.fileName, options.limits ?? DEFAULT_LIMITS);
  try {
    const plan = await planTable(table, options.profile);
    const total = await checkedRows(table, plan);
    const counts = { rows: 0, records: 0, duplicates: 0, rowsWithIssues: 0 };
    const issues: Issue[] = [];
    const warnings: Issue[] = [];
    const failed: FailedRowReport[] = [];
    const recordList: ShownRecord[] = [];
    for await (const outcome of convertRows(table, plan, { today: options.today })) {
      counts.rows++;
      if ('record' in outcome) {
        counts.records++;
        warnings.push(...outcome.warnings);
        if (options.withRecords === true) recordList.push(shown(outcome.record, outcome.row));
      } else if ('issues' in outcome) {
        counts.rowsWithIssues++;
        issues.push(...outcome.issues);
        if (options.failedRowsTo !== undefined)
          failed.push({ row: outcome.row, cells: outcome.original, issues: outcome.issues });
      } else counts.duplicates++;
      if (counts.rows % 500 === 0) options.onProgress?.(counts.rows, total);
    }
    options.onProgress?.(counts.rows, total);
    if (options.failedRowsTo !== undefined)
      await writeFailedRows(options.failedRowsTo, reportColumns(plan), failed);
    return {
      fileName: options.fileName,
      profile: `${plan.profile.id}@${plan.profile.version}`,
      ...counts,
      issues,
      warnings,
      ignoredColumns: plan.ignoredColumns,
      droppedColumns: plan.personalColumns,
      ...(options.withRecords === true ? { recordList } : {}),
    };
  } finally {
    await table.close();
  }
}

/** A record with its row, as plain JSON. */
export function shown(record: CanonicalRecord, row: number): ShownRecord {
  return { row, ...record, amountFen: record.amountFen.toString() };
}
