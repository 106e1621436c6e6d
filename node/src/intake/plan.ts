import { fileError } from './errors.ts';
import { headerKey, headerKeys, unitOfHeader } from './headers.ts';
import type { AmountUnit } from './amounts.ts';
import { requireMappings } from './mapping.ts';
import { isPersonalHeader } from './privacy.ts';
import { type Profile, type ProfileColumn, PROFILES } from './profile.ts';
import { type Cell, cellName, cellText, type Table, type TableRow } from './table.ts';

/** Columns that a report appends begin with this sign; on the way in they are passed over. */
export const REPORT_COLUMN_SIGN = '※';
const HEADER_WITHIN_ROWS = 15;

/** Which column of a file is which field. */
export interface PlannedColumn {
  readonly index: number;
  readonly header: string;
  readonly spec: ProfileColumn;
  /** For amounts: as the header says, else as the profile does. */
  readonly unit: AmountUnit;
}

/** How one file will be read: decided from its header before any row is. */
export interface Plan {
  readonly profile: Profile;
  readonly sheet: string;
  readonly headerRow: number;
  /** The first row after the header and after a second header line. */
  readonly firstRow: number;
  /** Number of columns of the header. */
  readonly width: number;
  readonly columns: readonly PlannedColumn[];
  /** Dropped unread: about people. */
  readonly personalColumns: readonly string[];
  /** Passed over: the profile does not know them. */
  readonly ignoredColumns: readonly string[];
}

interface Match {
  readonly profile: Profile;
  readonly columns: readonly PlannedColumn[];
  readonly missing: readonly string[];
  readonly repeated: readonly string[];
}

interface Candidate extends Match {
  readonly sheet: string;
  readonly row: TableRow;
  readonly next: TableRow | undefined;
}

/**
 * Finds the header and the profile of a table.
 * @throws LedgerError HEADER_NOT_FOUND, COLUMNS_MISSING, COLUMNS_REPEATED, HEADER_FORMULA, PROFILE_AMBIGUOUS, SHEETS_AMBIGUOUS, NO_ROWS
 */
export async function planTable(table: Table, profile?: Profile): Promise<Plan> {
  const profiles = profile === undefined ? PROFILES : [profile];
  for (const one of profiles) requireMappings(one);
  const found: Candidate[][] = [];
  for (const sheet of table.sheets) {
    const candidates = await candidatesOf(table, sheet, profiles);
    if (candidates.length > 0) found.push(candidates);
  }
  const complete = found.filter((candidates) => candidates.some(({ missing }) => missing.length === 0));
  if (complete.length > 1)
    throw fileError('SHEETS_AMBIGUOUS', { sheets: complete.map(([first]) => first?.sheet ?? '') });
  const candidates = complete[0] ?? found.sort((a, b) => score(b[0]) - score(a[0]))[0];
  if (candidates === undefined) throw fileError('HEADER_NOT_FOUND', { rows: HEADER_WITHIN_ROWS });
  return planOf(chosen(candidates), profiles);
}

async function candidatesOf(table: Table, sheet: string, profiles: readonly Profile[]): Promise<Candidate[]> {
  const rows: TableRow[] = [];
  for await (const row of table.rows(sheet)) {
    if (row.cells.some((cell) => cellText(cell).trim() !== '')) rows.push(row);
    if (rows.length > HEADER_WITHIN_ROWS || row.row > 4 * HEADER_WITHIN_ROWS) break;
  }
  const candidates = rows
    .slice(0, HEADER_WITHIN_ROWS)
    .flatMap((row, i) =>
      profiles.map((profile) => ({ ...matchHeader(row.cells, profile), sheet, row, next: rows[i + 1] })),
    );
  return candidates
    .filter(({ columns }) => columns.length >= 2)
    .sort((a, b) => score(b) - score(a) || a.row.row - b.row.row);
}

/** More matched columns are better, missing ones worse. */
function score(match: Match | undefined): number {
  return match === undefined ? -Infinity : match.columns.length - 2 * match.missing.length;
}

function chosen(candidates: readonly Candidate[]): Candidate {
  const complete = candidates.filter(({ missing }) => missing.length === 0);
  const [best, second] = complete.length > 0 ? complete : candidates;
  if (best === undefined) throw fileError('HEADER_NOT_FOUND', { rows: HEADER_WITHIN_ROWS });
  if (best.repeated.length > 0) throw fileError('COLUMNS_REPEATED', { repeated: best.repeated });
  if (best.missing.length > 0)
    throw fileError('COLUMNS_MISSING', { profile: best.profile.id, missing: best.missing });
  if (
    second !== undefined &&
    second.profile !== best.profile &&
    second.row.row === best.row.row &&
    second.missing.length === 0 &&
    second.columns.length === best.columns.length
  ) {
    throw fileError('PROFILE_AMBIGUOUS', { profiles: [best.profile.id, second.profile.id] });
  }
  return best;
}

function planOf(match: Candidate, profiles: readonly Profile[]): Plan {
  const { cells, row } = match.row;
  for (const { index } of match.columns) {
    const cell = cells[index];
    if (typeof cell === 'object' && cell.type === 'formula')
      throw fileError('HEADER_FORMULA', { cell: cellName(index, row) });
  }
  // Some exports write the field codes below the names: a second header, no data.
  const { next } = match;
  const isSecondHeader =
    next !== undefined &&
    profiles.some(
      (profile) => matchHeader(next.cells, profile).columns.length >= Math.max(2, match.columns.length / 2),
    );
  if (next === undefined) throw fileError('NO_ROWS');
  const used = new Set(match.columns.map(({ index }) => index));
  const rest = cells
    .map((cell, index) => ({ header: cellText(cell).trim(), index }))
    .filter(
      ({ header, index }) => header !== '' && !used.has(index) && !header.startsWith(REPORT_COLUMN_SIGN),
    );
  return {
    profile: match.profile,
    sheet: match.sheet,
    headerRow: row,
    firstRow: (isSecondHeader ? next.row : row) + 1,
    width: cells.length,
    columns: match.columns,
    personalColumns: rest.filter(({ header }) => isPersonalHeader(header)).map(({ header }) => header),
    ignoredColumns: rest.filter(({ header }) => !isPersonalHeader(header)).map(({ header }) => header),
  };
}

function matchHeader(cells: readonly Cell[], profile: Profile): Match {
  const known = new Map<string, ProfileColumn>();
  for (const column of profile.columns) for (const name of column.names) known.set(headerKey(name), column);
  const columns: PlannedColumn[] = [];
  const repeated: string[] = [];
  const taken = new Set<string>();
  cells.forEach((cell, index) => {
    const header = cellText(cell).replace(/\s+/gu, ' ').trim();
    if (
      header === '' ||
      header.length > 100 ||
      header.startsWith(REPORT_COLUMN_SIGN) ||
      isPersonalHeader(header)
    )
      return;
    const key = headerKeys(header).find((candidate) => known.has(candidate));
    const spec = key === undefined ? undefined : known.get(key);
    if (spec === undefined) return;
    if (taken.has(spec.field)) repeated.push(header);
    taken.add(spec.field);
    columns.push({
      index,
      header,
      spec,
      unit: (spec.type === 'amount' ? unitOfHeader(header) : null) ?? spec.unit ?? '万元',
    });
  });
  const missing = profile.columns
    .filter(({ required, field }) => required !== 'no' && !taken.has(field))
    .map(({ names }) => names[0] ?? '');
  return { profile, columns, missing, repeated };
}
