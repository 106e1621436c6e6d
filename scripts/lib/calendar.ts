import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  canonicalBytes,
  dateOfDay,
  type Hex,
  keccakHex,
  LedgerError,
  packYear,
  type YearBitmap,
} from '@credit-ledger/sdk/protocol';
import chineseDays from 'chinese-days';

/** A year as the council sets it. */
export interface CalendarYear extends YearBitmap {
  /** Names the data that it was made from: package, version, and all it says of the year. */
  readonly sourceHash: Hex;
}

/** The package's data: holidays, and weekend days on which people work. */
interface PackageData {
  readonly holidays: Readonly<Record<string, string>>;
  readonly workdays: Readonly<Record<string, string>>;
}

const require = createRequire(import.meta.url);
const PACKAGE = 'chinese-days';
const data = readJson<PackageData>(`${PACKAGE}/dist/chinese-days.json`);
const { version } = readJson<{ version: string }>(`${PACKAGE}/package.json`);

/**
 * The years of which the package has data, rising. For others it silently knows no holidays, so its answers are not
 * asked there: a year counts only when its own New Year's Day and National Day are in the data.
 */
export const CALENDAR_YEARS: readonly number[] = [
  ...new Set(Object.keys(data.holidays).map((date) => Number(date.slice(0, 4)))),
]
  .filter((year) => `${year}-01-01` in data.holidays && `${year}-10-01` in data.holidays)
  .sort((a, b) => a - b);

/**
 * The working days of a year, from the State Council's notices as the pinned package keeps them.
 * @throws LedgerError CALENDAR_YEAR_UNKNOWN for a year of which the package has no data
 */
export function yearBitmap(year: number): CalendarYear {
  if (!CALENDAR_YEARS.includes(year)) {
    const [first, last] = [CALENDAR_YEARS[0], CALENDAR_YEARS.at(-1)];
    throw new LedgerError(
      'CALENDAR_YEAR_UNKNOWN',
      {
        en: `The holidays of ${year} are not known: the data cover ${first} to ${last}. Update the package once the State Council has published the year.`,
        zh: `${year} 年的节假日安排未知：数据覆盖 ${first} 至 ${last} 年。请在国务院办公厅公布后更新数据包。`,
      },
      { year, first, last },
    );
  }
  const bitmap = packYear(year, (day) => chineseDays.isWorkday(dateOfDay(day)));
  const source = {
    package: PACKAGE,
    version,
    year,
    holidays: ofYear(data.holidays, year),
    workdays: ofYear(data.workdays, year),
  };
  return { ...bitmap, sourceHash: keccakHex(canonicalBytes(source)) };
}

function ofYear(dates: Readonly<Record<string, string>>, year: number): Record<string, string> {
  return Object.fromEntries(Object.entries(dates).filter(([date]) => date.startsWith(`${year}-`)));
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(require.resolve(path), 'utf8')) as T;
}
