import { integerOfChinese, digitsOfChinese, NUMERAL_CLASS, NUMERAL_UNIT_CLASS } from './numerals.ts';
import { isMissing, tidy } from './text.ts';

/**
 * How a file writes dates where the spelling alone does not say. Part of a
 * profile: data, not code. Everything is optional and off by default.
 */
export interface DateProfile {
  /** Bare numbers are seconds or milliseconds since 1970-01-01 UTC. */
  readonly epoch?: 's' | 'ms' | undefined;
  /** Bare numbers in a text file are spreadsheet serials of this system. */
  readonly serial?: '1900' | '1904' | undefined;
  /** `01-1月 -20` is day, month, two-digit year (Oracle's default). */
  readonly oracle?: boolean | undefined;
  /** Two-digit years are read in the hundred years that begin with this one. */
  readonly twoDigitYearsFrom?: number | undefined;
  /** What `01/02/2020` and, with a year window, `01/02/20` mean. */
  readonly order?: 'ymd' | 'dmy' | 'mdy' | undefined;
  /** The source writes at +08:00, so `CST` is China Standard Time. */
  readonly chinaStandardTime?: boolean | undefined;
}

export type DateKind = 'day' | 'month' | 'year' | 'range' | 'open';

export type DateCode =
  | 'DATE_AMBIGUOUS'
  | 'DATE_NO_YEAR'
  | 'DATE_VAGUE'
  | 'DATE_UNREADABLE'
  | 'DATE_IN_THE_FUTURE'
  | 'DATE_BEFORE_1949'
  | 'DATE_PLACEHOLDER'
  | 'DATE_IMPOSSIBLE'
  | 'DATE_IS_A_DURATION'
  | 'DATE_OTHER_CALENDAR'
  | 'DATE_RANGE_REVERSED';

/** Why an accepted date still deserves a look. */
export type DateWarning =
  'DATE_MIXED_SEPARATORS' | 'DATE_SPELLED_WITH_UNITS' | 'DATE_YEAR_ELIDED' | 'DATE_STANDS_FOR_OPEN_END';

/**
 * What a cell says about time, at +08:00. `start` and `end` are whole days
 * written YYYY-MM-DD, both inclusive; `end` null means no end, `start` null
 * that only an end (or none) was given. The raw text is always kept.
 */
export type DateReading =
  | {
      readonly verdict: 'accept';
      readonly kind: DateKind;
      readonly start: string | null;
      readonly end: string | null;
      readonly warning: DateWarning | null;
      readonly raw: string;
    }
  /** Put to a person, with a suggestion where there is one. */
  | {
      readonly verdict: 'question';
      readonly code: DateCode;
      readonly suggestion: string | null;
      readonly raw: string;
    }
  | { readonly verdict: 'reject'; readonly code: DateCode; readonly raw: string }
  | { readonly verdict: 'missing'; readonly raw: string };

export interface DateOptions {
  readonly profile?: DateProfile | undefined;
  /** For a column of decisions: a day after `today` (YYYY-MM-DD) or before 1949-10-01 is put to a person. */
  readonly decidedBy?: string | undefined;
}

type Parts = {
  readonly kind: 'day' | 'month' | 'year';
  readonly start: string;
  readonly end: string;
  readonly warning: DateWarning | null;
};
type Outcome =
  | ({ readonly is: 'date' } & Parts)
  | { readonly is: 'open'; readonly warning: DateWarning | null }
  | { readonly is: 'question'; readonly code: DateCode; readonly suggestion: string | null }
  | { readonly is: 'reject'; readonly code: DateCode }
  /** No date by itself; the text may still be a range or something else. */
  | null;

const REPUBLIC_FOUNDED = '1949-10-01';
const FIRST_YEAR_WITHOUT_END = 2999;
const OPEN_WORDS =
  /^(?:长期|长期有效|永久|永久有效|永续|无固定期限|无期限|无限期|不限|不限期|无限制|长期执行|(?:有效期)?(?:为)?长期(?:有效)?)$/u;
const MONTH_NAMES = [
  'jan',
  'feb',
  'mar',
  'apr',
  'may',
  'jun',
  'jul',
  'aug',
  'sep',
  'oct',
  'nov',
  'dec',
] as const;
const MONTH_NAME = '(jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)[a-z]*\\.?';
const ANY_NUMERAL = `[${NUMERAL_CLASS}${NUMERAL_UNIT_CLASS}]`;

/**
 * Reads a date in any of the spellings of administrative files. Never guesses:
 * what has two readings is a question with a suggestion, what has none is
 * refused with the reason. Never throws.
 */
export function readDate(raw: string, options: DateOptions = {}): DateReading {
  const usual = /^(\d{4})([-/])(\d{2})\2(\d{2})$/u.exec(raw);
  if (usual !== null)
    return conclude(dayParts(Number(usual[1]), Number(usual[3]), Number(usual[4]), null), raw, options);
  if (isMissing(tidy(raw))) return { verdict: 'missing', raw };
  if (raw.length > 120) return { verdict: 'question', code: 'DATE_UNREADABLE', suggestion: null, raw };
  return conclude(readText(prepare(raw), options.profile ?? {}), raw, options);
}

/**
 * Reads a number cell of a workbook as a date. `dateFormat` says that the cell
 * is formatted as one; without it only a serial of a plausible year is taken.
 */
export function readSerialDate(
  text: string,
  system: '1900' | '1904',
  dateFormat: boolean,
  options: DateOptions = {},
): DateReading {
  const serial = Number(text);
  if (!Number.isFinite(serial)) return readDate(text, options);
  const epoch = options.profile?.epoch;
  const isBareSerial = !dateFormat && epoch === undefined && serial >= 17_000 && serial < 75_000;
  if (dateFormat || isBareSerial) return conclude(dayOfSerial(serial, system), text, options);
  if (!Number.isInteger(serial)) {
    // 2020.1 may have been typed as 2020.10: a number cell has lost the zero.
    return { verdict: 'question', code: 'DATE_AMBIGUOUS', suggestion: null, raw: text };
  }
  return readDate(String(serial), options);
}

function conclude(
  outcome: DateReading | Outcome | ReturnType<typeof rangeOf>,
  raw: string,
  options: DateOptions,
): DateReading {
  if (outcome === null) return { verdict: 'question', code: 'DATE_UNREADABLE', suggestion: null, raw };
  if ('verdict' in outcome) return outcome;
  switch (outcome.is) {
    case 'reject':
      return { verdict: 'reject', code: outcome.code, raw };
    case 'question':
      return { verdict: 'question', code: outcome.code, suggestion: outcome.suggestion, raw };
    case 'open':
      return { verdict: 'accept', kind: 'open', start: null, end: null, warning: outcome.warning, raw };
    case 'range':
      return {
        verdict: 'accept',
        kind: outcome.end === null ? 'open' : 'range',
        start: outcome.start,
        end: outcome.end,
        warning: outcome.warning,
        raw,
      };
    case 'date': {
      const { kind, start, end, warning } = outcome;
      if (options.decidedBy !== undefined) {
        if (start > options.decidedBy)
          return { verdict: 'question', code: 'DATE_IN_THE_FUTURE', suggestion: null, raw };
        if (end < REPUBLIC_FOUNDED)
          return { verdict: 'question', code: 'DATE_BEFORE_1949', suggestion: null, raw };
      }
      return { verdict: 'accept', kind, start, end, warning, raw };
    }
  }
}

/** Half width, one kind of dash, single blanks, no blanks around Chinese characters or separators. */
function prepare(raw: string): string {
  return tidy(raw)
    .normalize('NFKC')
    .replace(/[‐‑‒–—―−─﹣]/gu, '-')
    .replace(/[～〜∼﹏]/gu, '~')
    .replace(/[。．]/gu, '.')
    .replace(/⁄|∕/gu, '/')
    .replace(/^(?:日期|时间|于)[:：]?/u, '')
    .replace(/\s*([\p{Script=Han}〇○◯])\s*/gu, '$1')
    .replace(/\s+/gu, ' ')
    .trim();
}

function readText(text: string, profile: DateProfile): Outcome | ReturnType<typeof rangeOf> {
  if (OPEN_WORDS.test(text)) return { is: 'open', warning: null };
  return (
    readNumber(text, profile) ??
    readOtherCalendar(text) ??
    readSingle(text, profile) ??
    rangeOf(text, profile) ??
    readDuration(text) ??
    readVague(text)
  );
}

// ── single dates ─────────────────────────────────────────────────────────────

function readSingle(text: string, profile: DateProfile): Outcome {
  const bare = text.replace(/^(?:公元|西元)/u, '');
  return (
    readZoned(bare, profile) ??
    readNumeric(withoutTime(bare), profile) ??
    readHan(withoutTime(bare), profile) ??
    readOracle(bare, profile) ??
    readEnglish(withoutTime(bare))
  );
}

const TIME = String.raw`(?:(?:上午|下午|凌晨|晚上|中午|am|pm) ?)?(\d{1,2})(?:[:时点](\d{1,2})(?:[:分](\d{1,2})(?:[.,]\d{1,9})?秒?)?分?|[时点]整?)(?: ?(?:am|pm|上午|下午))?`;
const TIME_AFTER_DATE = new RegExp(
  `^(.*?[\\d日号年月${NUMERAL_CLASS}${NUMERAL_UNIT_CLASS}])(?:[ t](?=\\d|am|pm)|(?<=[日号]) ?|(?=上午|下午|凌晨|晚上|中午)) ?${TIME}(?:z|\\+0?8:?(?:00)?)?$`,
  'iu',
);

/** The text without a time of day; with an impossible one, the text as it was (and so unreadable). */
function withoutTime(text: string): string {
  const match = TIME_AFTER_DATE.exec(text);
  if (match === null) return text;
  const [, date, hour, minute, second] = match;
  const possible = Number(hour) <= 24 && Number(minute ?? 0) < 60 && Number(second ?? 0) < 61;
  return possible && date !== undefined ? date.trim() : text;
}

const ISO_ZONED =
  /^(\d{4})-?(\d{2})-?(\d{2})[T ](\d{2}):?(\d{2})(?::?(\d{2})(?:[.,]\d{1,9})?)? ?(Z|[+-]\d{2}:?(?:\d{2})?)$/iu;
const JAVA_DATE = new RegExp(
  `^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?${MONTH_NAME} (\\d{1,2}) (\\d{2}):(\\d{2}):(\\d{2}) ([a-z]{2,5}|(?:gmt|utc)?[+-]\\d{2}:?\\d{2}) (\\d{4})$`,
  'iu',
);
const JS_DATE = new RegExp(
  `^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?(?:${MONTH_NAME} (\\d{1,2})|(\\d{1,2}) ${MONTH_NAME}) (\\d{4}) (\\d{2}):(\\d{2})(?::(\\d{2}))? (gmt|utc|cst|(?:gmt|utc)?[+-]\\d{2}:?\\d{2})(?: ?\\(.*\\))?$`,
  'iu',
);

/** Moments with a zone, brought to +08:00. */
function readZoned(text: string, profile: DateProfile): Outcome {
  const iso = ISO_ZONED.exec(text);
  if (iso !== null) {
    const [, y, m, d, hour, minute, second, zone] = iso;
    return momentAtEight(
      Number(y),
      Number(m),
      Number(d),
      Number(hour),
      Number(minute),
      Number(second ?? 0),
      zoneMinutes(zone ?? '', profile),
    );
  }
  const java = JAVA_DATE.exec(text);
  if (java !== null) {
    const [, month, d, hour, minute, second, zone, y] = java;
    return momentAtEight(
      Number(y),
      monthOfName(month),
      Number(d),
      Number(hour),
      Number(minute),
      Number(second),
      zoneMinutes(zone ?? '', profile),
    );
  }
  const js = JS_DATE.exec(text);
  if (js !== null) {
    const [, month1, day1, day2, month2, y, hour, minute, second, zone] = js;
    return momentAtEight(
      Number(y),
      monthOfName(month1 ?? month2),
      Number(day1 ?? day2),
      Number(hour),
      Number(minute),
      Number(second ?? 0),
      zoneMinutes(zone ?? '', profile),
    );
  }
  return null;
}

/** Minutes east of UTC; null where the abbreviation has more than one meaning. */
function zoneMinutes(zone: string, profile: DateProfile): number | null {
  const name = zone.toUpperCase();
  if (name === 'Z' || name === 'GMT' || name === 'UTC') return 0;
  if (name === 'CST') return profile.chinaStandardTime === true ? 480 : null;
  const match = /^(?:GMT|UTC)?([+-])(\d{2}):?(\d{2})?$/u.exec(name);
  if (match === null) return null;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return minutes > 14 * 60 ? null : match[1] === '-' ? -minutes : minutes;
}

function momentAtEight(
  y: number,
  m: number,
  d: number,
  hour: number,
  minute: number,
  second: number,
  zone: number | null,
): Outcome {
  const local = dayParts(y, m, d, null);
  if (local?.is !== 'date') return local;
  if (hour > 24 || minute > 59 || second > 60) return { is: 'reject', code: 'DATE_IMPOSSIBLE' };
  if (zone === null) return { is: 'question', code: 'DATE_AMBIGUOUS', suggestion: local.start };
  return dayOfMoment(Date.UTC(y, m - 1, d, hour, minute, second) - zone * 60_000);
}

function dayOfMoment(utcMilliseconds: number): Outcome {
  const at = new Date(utcMilliseconds + 8 * 3_600_000);
  return Number.isNaN(at.getTime())
    ? null
    : dayParts(at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate(), null);
}

const THREE_PARTS = /^(\d{1,4})(?:( ?[-/.年,] ?)|( ))(\d{1,2})(?:( ?[-/.月,] ?)|( ))(\d{1,4})([日号])?\.?$/u;
const TWO_PARTS = /^(\d{1,4})(?:[-/.]|年)(\d{1,2})(?:月份?)?$/u;

/** Dates written with digits and separators, in any order. */
function readNumeric(text: string, profile: DateProfile): Outcome {
  const compact = /^(\d{4})(\d{2})(\d{2})(?:([01]\d|2[0-4])([0-5]\d)([0-5]\d)?)?$/u.exec(text);
  if (compact !== null) return dayParts(Number(compact[1]), Number(compact[2]), Number(compact[3]), null);
  const three = THREE_PARTS.exec(text);
  if (three !== null) {
    const [, a = '', mark1 = '', , b = '', mark2 = '', , c = '', mark3 = ''] = three;
    const marks = [mark1.trim(), mark2.trim()];
    const han = marks[0] === '年' && marks[1] === '月' && c.length <= 2;
    const warning =
      han || marks[0] === marks[1]
        ? mark3 !== '' && !han
          ? 'DATE_MIXED_SEPARATORS'
          : null
        : 'DATE_MIXED_SEPARATORS';
    if (a.length === 4 && c.length <= 2) return dayParts(Number(a), Number(b), Number(c), warning);
    if (a.length === 3 && (marks[0] === '年' || c.length <= 2))
      return { is: 'reject', code: 'DATE_OTHER_CALENDAR' };
    if (a.length <= 2 && c.length === 4) return yearLast(Number(a), Number(b), Number(c), profile, warning);
    if (a.length <= 2 && c.length <= 2) return twoDigitYear(a, b, c, marks[0] === '年', profile, warning);
    return null;
  }
  const two = TWO_PARTS.exec(text);
  if (two !== null) {
    const [, a = '', b = ''] = two;
    if (a.length === 4) return monthParts(Number(a), Number(b));
    if (a.length === 3) return /年/u.test(text) ? { is: 'reject', code: 'DATE_OTHER_CALENDAR' } : null;
    if (/年/u.test(text)) {
      const year = windowed(Number(a), profile);
      return year === null
        ? { is: 'question', code: 'DATE_AMBIGUOUS', suggestion: isoMonth(2000 + Number(a), Number(b)) }
        : monthParts(year, Number(b));
    }
    return { is: 'question', code: 'DATE_NO_YEAR', suggestion: null };
  }
  const year = /^(\d{2,4})年(?:度|份)?$/u.exec(text);
  if (year?.[1] !== undefined) {
    if (year[1].length === 4) return yearParts(Number(year[1]));
    if (year[1].length === 3) return { is: 'reject', code: 'DATE_OTHER_CALENDAR' };
    const full = windowed(Number(year[1]), profile);
    // "12年" is a year and a duration.
    return full === null ? { is: 'question', code: 'DATE_AMBIGUOUS', suggestion: null } : yearParts(full);
  }
  if (/^\d{1,2}月\d{1,2}[日号]?$/u.test(text))
    return { is: 'question', code: 'DATE_NO_YEAR', suggestion: null };
  return null;
}

/** d/m/yyyy or m/d/yyyy: only the profile decides, even where one of them is impossible. */
function yearLast(
  a: number,
  b: number,
  year: number,
  profile: DateProfile,
  warning: DateWarning | null,
): Outcome {
  if (profile.order === 'dmy') return dayParts(year, b, a, warning);
  if (profile.order === 'mdy') return dayParts(year, a, b, warning);
  const readings = [dayParts(year, a, b, null), dayParts(year, b, a, null)].filter(
    (reading) => reading?.is === 'date',
  );
  if (readings.length === 0) return { is: 'reject', code: 'DATE_IMPOSSIBLE' };
  return { is: 'question', code: 'DATE_AMBIGUOUS', suggestion: startOf(readings[0] ?? null) };
}

function twoDigitYear(
  a: string,
  b: string,
  c: string,
  han: boolean,
  profile: DateProfile,
  warning: DateWarning | null,
): Outcome {
  const order = han ? 'ymd' : profile.order;
  const yearText = order === 'ymd' || order === undefined ? a : c;
  const year = windowed(Number(yearText), profile);
  if (order === undefined || year === null || yearText.length !== 2) {
    return {
      is: 'question',
      code: 'DATE_AMBIGUOUS',
      suggestion: startOf(dayParts(2000 + Number(a), Number(b), Number(c), null)),
    };
  }
  if (order === 'ymd') return dayParts(year, Number(b), Number(c), warning);
  return order === 'dmy'
    ? dayParts(year, Number(b), Number(a), warning)
    : dayParts(year, Number(a), Number(b), warning);
}

function windowed(twoDigits: number, profile: DateProfile): number | null {
  const from = profile.twoDigitYearsFrom;
  if (from === undefined) return null;
  const century = from - (from % 100);
  return century + twoDigits >= from ? century + twoDigits : century + 100 + twoDigits;
}

const HAN = new RegExp(
  `^([\\d${NUMERAL_CLASS}O${NUMERAL_UNIT_CLASS}百千]{1,8})年(?:度|份)?(?:(元|\\d{1,2}|${ANY_NUMERAL}{1,3})月份?(?:(\\d{1,2}|${ANY_NUMERAL}{1,3})[日号]?)?)?$`,
  'u',
);

/** Dates written with Chinese numerals, wholly or in part. */
function readHan(text: string, profile: DateProfile): Outcome {
  const match = HAN.exec(text);
  if (match === null)
    return new RegExp(
      `^(?:元|\\d{1,2}|${ANY_NUMERAL}{1,3})月(?:\\d{1,2}|${ANY_NUMERAL}{1,3})[日号]$`,
      'u',
    ).test(text)
      ? { is: 'question', code: 'DATE_NO_YEAR', suggestion: null }
      : null;
  const [, yearText = '', monthText, dayText] = match;
  const digits = digitsOfChinese(yearText);
  const spelled = digits === null ? integerOfChinese(yearText) : null;
  const year = digits !== null ? Number(digits) : spelled !== null ? Number(spelled) : NaN;
  const month = monthText === undefined ? null : monthText === '元' ? 1 : smallNumber(monthText);
  const day = dayText === undefined ? null : smallNumber(dayText);
  if (Number.isNaN(month) || Number.isNaN(day) || Number.isNaN(year)) return null;
  const length = digits === null ? String(year).length : digits.length;
  if (length === 4) {
    const warning: DateWarning | null = digits === null ? 'DATE_SPELLED_WITH_UNITS' : null;
    if (month === null) return yearParts(year, warning);
    return day === null ? monthParts(year, month, warning) : dayParts(year, month, day, warning);
  }
  if (length === 3) return { is: 'reject', code: 'DATE_OTHER_CALENDAR' };
  if (length !== 2 || digits === null || month === null) return null; // 三年, 十年: durations
  const full = windowed(year, profile);
  const parts = (y: number): Outcome => (day === null ? monthParts(y, month) : dayParts(y, month, day, null));
  return full === null
    ? { is: 'question', code: 'DATE_AMBIGUOUS', suggestion: startOf(parts(2000 + year)) }
    : parts(full);
}

function smallNumber(text: string): number {
  const value =
    integerOfChinese(text) ?? (digitsOfChinese(text) === null ? null : BigInt(digitsOfChinese(text) ?? ''));
  return value === null ? NaN : Number(value);
}

const ORACLE = new RegExp(
  `^(\\d{1,2})[- ]?-? ?(?:(\\d{1,2}|十[一二]?|[一二三四五六七八九])月|${MONTH_NAME}) ?-? ?(\\d{4}|\\d{2})(?: \\d{1,2}[.:]\\d{2}[.:]\\d{2}(?:\\.\\d+)?(?: ?(?:上午|下午|am|pm))?)?(?:(?:上午|下午).*)?$`,
  'iu',
);

/** Oracle's `DD-MON-RR`, in Chinese or English. */
function readOracle(text: string, profile: DateProfile): Outcome {
  const match = ORACLE.exec(text);
  if (match === null) return null;
  const [, dayText = '', hanMonth, name, yearText = ''] = match;
  const month = hanMonth !== undefined ? smallNumber(hanMonth) : monthOfName(name);
  const day = Number(dayText);
  if (yearText.length === 4) return dayParts(Number(yearText), month, day, null);
  const year = windowed(Number(yearText), { twoDigitYearsFrom: profile.twoDigitYearsFrom ?? 1950 }) ?? 0;
  const reading = dayParts(year, month, day, null);
  return profile.oracle === true
    ? reading
    : { is: 'question', code: 'DATE_AMBIGUOUS', suggestion: startOf(reading) };
}

const ENGLISH = new RegExp(
  `^(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? )?(?:${MONTH_NAME} (\\d{1,2})(?:st|nd|rd|th)?,? |(\\d{1,2})(?:st|nd|rd|th)?[ -]${MONTH_NAME},?[ -])(\\d{4})$`,
  'iu',
);

function readEnglish(text: string): Outcome {
  const match = ENGLISH.exec(text);
  if (match === null) return null;
  const [, month1, day1, day2, month2, year] = match;
  return dayParts(Number(year), monthOfName(month1 ?? month2), Number(day1 ?? day2), null);
}

function monthOfName(name: string | undefined): number {
  return MONTH_NAMES.findIndex((month) => month === name?.slice(0, 3).toLowerCase()) + 1;
}

// ── bare numbers ─────────────────────────────────────────────────────────────

function readNumber(text: string, profile: DateProfile): Outcome {
  if (!/^\d+(?:\.\d+)?$/u.test(text)) return null;
  if (profile.epoch !== undefined && /^\d{9,13}$/u.test(text)) {
    return dayOfMoment(Number(text) * (profile.epoch === 's' ? 1000 : 1));
  }
  if (profile.serial !== undefined && /^\d{1,6}(?:\.\d+)?$/u.test(text) && !/^(?:19|20)\d{2}$/u.test(text))
    return dayOfSerial(Number(text), profile.serial);
  if (/^\d{4}$/u.test(text)) return yearParts(Number(text));
  if (/^\d{6}$/u.test(text))
    return { is: 'question', code: 'DATE_AMBIGUOUS', suggestion: sixDigitSuggestion(text) };
  if (/^\d{5}$/u.test(text))
    return { is: 'question', code: 'DATE_AMBIGUOUS', suggestion: startOf(dayOfSerial(Number(text), '1900')) };
  if (/^1\d{9}$/u.test(text))
    return { is: 'question', code: 'DATE_AMBIGUOUS', suggestion: startOf(dayOfMoment(Number(text) * 1000)) };
  if (/^1\d{12}$/u.test(text))
    return { is: 'question', code: 'DATE_AMBIGUOUS', suggestion: startOf(dayOfMoment(Number(text))) };
  if (/^\d{1,3}$/u.test(text))
    return text === '0'
      ? { is: 'reject', code: 'DATE_PLACEHOLDER' }
      : { is: 'reject', code: 'DATE_IS_A_DURATION' };
  return null;
}

function sixDigitSuggestion(text: string): string | null {
  const [a, b, c] = [text.slice(0, 2), text.slice(2, 4), text.slice(4, 6)].map(Number) as [
    number,
    number,
    number,
  ];
  const asDay = startOf(dayParts(2000 + a, b, c, null));
  return asDay ?? isoMonth(Number(text.slice(0, 4)), c);
}

/** The day of a spreadsheet serial; a time of day is dropped after rounding to the second. */
function dayOfSerial(serial: number, system: '1900' | '1904'): Outcome {
  const whole = Math.floor(serial + 0.5 / 86_400);
  if (whole < 0 || whole > 2_958_465) return { is: 'reject', code: 'DATE_IMPOSSIBLE' };
  if (whole <= 1) return { is: 'reject', code: 'DATE_PLACEHOLDER' };
  if (system === '1900' && whole === 60) return { is: 'reject', code: 'DATE_IMPOSSIBLE' }; // 1900-02-29 never was
  const offset = system === '1904' ? 24_107 : whole < 60 ? 25_568 : 25_569;
  const at = new Date((whole - offset) * 86_400_000);
  return dayParts(at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate(), null);
}

// ── ranges ───────────────────────────────────────────────────────────────────

/** A range, an open range, or what is wrong with one; null when the text is none. */
function rangeOf(
  text: string,
  profile: DateProfile,
):
  | Outcome
  | {
      readonly is: 'range';
      readonly start: string | null;
      readonly end: string | null;
      readonly warning: DateWarning | null;
    } {
  const bare = text
    .replace(/^(?:有效期限?|期限)?[:：]?(?:自|从|由)?/u, '')
    .replace(/(?:止|为止|内有效|有效|期间)$/u, '');
  const onlyStart = /^(.+?)(?:起|以后|之后)?(?:至今|起|-|~|至|到)$/u.exec(bare);
  if (onlyStart?.[1] !== undefined) {
    const start = readSingle(onlyStart[1].trim(), profile);
    if (start?.is === 'date') return { is: 'range', start: start.start, end: null, warning: start.warning };
    if (start !== null) return start;
  }
  const years = /^(\d{4})年?(?:-|~|至|到)(\d{4})年?$/u.exec(bare);
  if (years !== null) {
    const [first, last] = [yearParts(Number(years[1])), yearParts(Number(years[2]))];
    if (first?.is === 'date' && last?.is === 'date') return rangeBetween(first, last);
  }
  for (const [left, right] of splits(bare)) {
    const start = readSingle(left.replace(/起$/u, ''), profile);
    if (start?.is !== 'date') continue;
    if (OPEN_WORDS.test(right) || /^(?:今|现在)$/u.test(right))
      return { is: 'range', start: start.start, end: null, warning: start.warning };
    const end = readSingle(right, profile) ?? elidedYear(start.start, right, profile);
    if (end === null) continue;
    if (end.is === 'open')
      return { is: 'range', start: start.start, end: null, warning: end.warning ?? start.warning };
    if (end.is !== 'date') {
      if (end.is === 'question' && end.code === 'DATE_NO_YEAR') {
        const inherited = elidedYear(start.start, right, profile);
        if (inherited?.is === 'date') return rangeBetween(start, inherited);
      }
      // A lone number after a date says nothing of its own: another split may.
      if (/^\d{1,3}$/u.test(right)) continue;
      return end;
    }
    return rangeBetween(start, end);
  }
  return null;
}

function rangeBetween(start: Parts, end: Parts): ReturnType<typeof rangeOf> {
  if (end.end < start.start) return { is: 'reject', code: 'DATE_RANGE_REVERSED' };
  return { is: 'range', start: start.start, end: end.end, warning: end.warning ?? start.warning };
}

/** Every way to cut a text in two at a sign that can join two dates; words first, then signs that also stand in dates. */
function* splits(text: string): Generator<[string, string]> {
  for (const joint of [/至|到/gu, /~/gu, / - | to /giu, /-/gu, /\//gu, / /gu]) {
    const places = [...text.matchAll(joint)];
    // The middle one first: both halves of a range look alike.
    places.sort((a, b) => Math.abs(a.index - text.length / 2) - Math.abs(b.index - text.length / 2));
    for (const place of places) {
      const left = text.slice(0, place.index).trim();
      const right = text.slice(place.index + place[0].length).trim();
      if (left.length >= 4 && right !== '') yield [left, right];
    }
  }
}

/** 2020年1月1日至12月31日: the second half borrows the year. */
function elidedYear(start: string, right: string, profile: DateProfile): Outcome {
  if (!/^\d{1,2}(?:月|[-/.])\d{1,2}[日号]?$/u.test(right)) return null;
  const reading = readSingle(`${start.slice(0, 4)}年${right.replace(/[-/.]/u, '月')}`, profile);
  return reading?.is === 'date' ? { ...reading, warning: 'DATE_YEAR_ELIDED' } : reading;
}

// ── what is no date ──────────────────────────────────────────────────────────

const ERAS =
  /民国|民國|中华民国|令和|平成|昭和|大正|明治|光绪|宣统|康德|农历|阴历|腊月|正月|闰|初[一二三四五六七八九十]|佛历|[甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥]年/u;

function readOtherCalendar(text: string): Outcome {
  return ERAS.test(text) || /^[rhstm]\d{1,2}[.年/-]\d{1,2}/iu.test(text)
    ? { is: 'reject', code: 'DATE_OTHER_CALENDAR' }
    : null;
}

const DURATION = new RegExp(
  `^(?:为?期|有效期|期限)?[:：]?(?:[\\d.]+|${ANY_NUMERAL}+|半|几|数)(?:个?工作日|个?自然日|周岁|周|星期|年|个?月|个?季度|天|日|小时|years?|months?|days?|y|m|d)(?:半|整|[零又]?(?:\\d+|${ANY_NUMERAL}+)个?(?:月|天|日))?(?:内|以内|有效)?$`,
  'iu',
);

function readDuration(text: string): Outcome {
  return DURATION.test(text.replace(/ /gu, '')) ? { is: 'reject', code: 'DATE_IS_A_DURATION' } : null;
}

const VAGUE =
  /元旦|春节|清明|端午|中秋|国庆|五一|年初|年底|年末|年中|月初|月底|月末|月中|[上中下]旬|上半年|下半年|季度|近日|近期|日前|今年|去年|明年|前年|本年|本月|上月|昨日|昨天|今日|今天|当日|当天|左右|前后|大约|约/u;

function readVague(text: string): Outcome {
  return VAGUE.test(text) ? { is: 'question', code: 'DATE_VAGUE', suggestion: null } : null;
}

// ── from numbers to days ─────────────────────────────────────────────────────

const PLACEHOLDERS = new Set([
  '1900-01-01',
  '1900-01-00',
  '1970-01-01',
  '1899-12-30',
  '1899-12-31',
  '1904-01-01',
  '1753-01-01',
]);

function dayParts(y: number, m: number, d: number, warning: DateWarning | null): Outcome {
  const text = iso(y, m, d);
  if (y <= 1 || PLACEHOLDERS.has(text) || (m === 0 && d === 0))
    return { is: 'reject', code: 'DATE_PLACEHOLDER' };
  if (m < 1 || m > 12 || d < 1 || d > daysIn(y, m)) return { is: 'reject', code: 'DATE_IMPOSSIBLE' };
  if (text === '2099-12-31') return { is: 'open', warning: null };
  if (y >= FIRST_YEAR_WITHOUT_END) return { is: 'open', warning: 'DATE_STANDS_FOR_OPEN_END' };
  return { is: 'date', kind: 'day', start: text, end: text, warning };
}

function monthParts(y: number, m: number, warning: DateWarning | null = null): Outcome {
  if (y <= 1) return { is: 'reject', code: 'DATE_PLACEHOLDER' };
  if (m < 1 || m > 12) return { is: 'reject', code: 'DATE_IMPOSSIBLE' };
  if (y >= FIRST_YEAR_WITHOUT_END) return { is: 'open', warning: 'DATE_STANDS_FOR_OPEN_END' };
  return { is: 'date', kind: 'month', start: iso(y, m, 1), end: iso(y, m, daysIn(y, m)), warning };
}

function yearParts(y: number, warning: DateWarning | null = null): Outcome {
  if (y <= 1) return { is: 'reject', code: 'DATE_PLACEHOLDER' };
  if (y < 1000) return null;
  if (y >= FIRST_YEAR_WITHOUT_END) return { is: 'open', warning: 'DATE_STANDS_FOR_OPEN_END' };
  return { is: 'date', kind: 'year', start: iso(y, 1, 1), end: iso(y, 12, 31), warning };
}

function daysIn(y: number, m: number): number {
  return new Date(Date.UTC(y, m, 0)).getUTCDate();
}

function iso(y: number, m: number, d: number): string {
  return `${String(y).padStart(4, '0')}-${String(m).padStart(2, '0')}-${String(d).padStart(2, '0')}`;
}

function isoMonth(y: number, m: number): string | null {
  return m >= 1 && m <= 12 ? iso(y, m, 1).slice(0, 7) : null;
}

function startOf(outcome: Outcome): string | null {
  return outcome?.is === 'date' ? outcome.start : null;
}
