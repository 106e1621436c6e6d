import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { fileError } from './errors.ts';
import { headerKey } from './headers.ts';
import { isPersonalHeader } from './privacy.ts';
import penalty from './profiles/shuanggongshi-penalty.json' with { type: 'json' };
import penalty2015 from './profiles/shuanggongshi-penalty-2015.json' with { type: 'json' };
import permit from './profiles/shuanggongshi-permit.json' with { type: 'json' };
import permit2015 from './profiles/shuanggongshi-permit-2015.json' with { type: 'json' };
import positive from './profiles/positive.json' with { type: 'json' };
import exampleExport from './profiles/example-ecology-export.json' with { type: 'json' };

const PROFILE_ID = /^[a-z0-9][a-z0-9-]{1,63}$/u;
const fieldName = z.string().regex(/^[a-z][A-Za-z0-9]{0,47}$/u);

const dateProfile = z.strictObject({
  epoch: z.enum(['s', 'ms']).optional(),
  serial: z.enum(['1900', '1904']).optional(),
  oracle: z.boolean().optional(),
  twoDigitYearsFrom: z.int().min(1900).max(2000).optional(),
  order: z.enum(['ymd', 'dmy', 'mdy']).optional(),
  chinaStandardTime: z.boolean().optional(),
});

const column = z.strictObject({
  /** Names that the column may have; spelling variants need not be listed. */
  names: z.array(z.string().min(1)).min(1),
  field: fieldName,
  type: z.enum(['text', 'name', 'code', 'agencyCode', 'document', 'list', 'day', 'end', 'date', 'amount']),
  /** `column`: the column must be there; `value`: so must its value, in every row; `advised`: a missing value is a warning. */
  required: z.enum(['value', 'advised', 'column', 'no']).default('no'),
  unit: z.enum(['元', '万元', '亿元']).optional(),
  /** What the file writes → what is meant, compared without width and blanks. */
  values: z.record(z.string(), z.string()).optional(),
  dates: dateProfile.optional(),
  /** Not part of what a record says (a time stamp of the export): a change of it is no other content. */
  volatile: z.boolean().default(false),
});

const condition = z.strictObject({
  field: fieldName,
  contains: z.array(z.string().min(1)).optional(),
  lacks: z.array(z.string().min(1)).optional(),
});

const profileSchema = z.strictObject({
  id: z.string().regex(PROFILE_ID),
  version: z.int().positive(),
  title: z.strictObject({ en: z.string(), zh: z.string() }),
  /** Ledger class: 1 adverse, 2 permit, 3 positive (protocol §2). */
  class: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  columns: z.array(column).min(1),
  /** Values for fields that the file does not have. */
  fixed: z.record(fieldName, z.string()).default({}),
  dates: dateProfile.default({}),
  record: z.strictObject({
    subjectName: fieldName,
    subjectCode: fieldName,
    subjectCategory: fieldName.optional(),
    documentNumber: fieldName,
    day: fieldName,
    /** The first of these that has a value says how long the record is in effect. */
    until: z.array(fieldName),
    /** Summed. */
    amount: z.array(fieldName),
    /** Who decided. */
    authorityName: fieldName,
    authorityCode: fieldName,
    /** Who supplied the data; the authority where these are empty. */
    sourceName: fieldName.optional(),
    sourceCode: fieldName.optional(),
  }),
  /** Data files in `mappings/` that set kind, domain and severity, or the fields that hold them. */
  kinds: z.string(),
  domains: z.string(),
  severities: z.string().nullable(),
  severityField: fieldName.optional(),
  /** The fine of a template without a column for it: taken from the text that names one amount, and only one. */
  amountFromText: z.strictObject({ field: fieldName, text: fieldName }).optional(),
  /** A value of one field that makes another one necessary. */
  requires: z
    .array(z.strictObject({ when: condition, field: fieldName, level: z.enum(['issue', 'warning']) }))
    .default([]),
  /** One document may name several subjects, each with a record of its own. */
  severalSubjectsPerDocument: z.boolean().default(false),
});

/** How a file becomes records: data, not code. */
export type Profile = z.infer<typeof profileSchema>;
export type ProfileColumn = z.infer<typeof column>;
export type Condition = z.infer<typeof condition>;

/** A profile from parsed JSON, checked. @throws LedgerError PROFILE_INVALID */
export function parseProfile(data: unknown): Profile {
  const parsed = profileSchema.safeParse(data);
  if (!parsed.success) {
    throw fileError('PROFILE_INVALID', {
      reason: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '),
    });
  }
  const profile = parsed.data;
  const fields = new Set([...profile.columns.map(({ field }) => field), ...Object.keys(profile.fixed)]);
  const used = [
    ...Object.values(profile.record)
      .flat()
      .filter((field) => field !== undefined),
    ...profile.requires.flatMap(({ when, field }) => [when.field, field]),
  ];
  const unknown = used.filter((field) => !fields.has(field));
  if (unknown.length > 0)
    throw fileError('PROFILE_INVALID', { reason: `no column or fixed value gives ${unknown.join(', ')}` });
  const keys = new Map<string, string>();
  for (const { names, field } of profile.columns) {
    for (const name of names) {
      // Personal columns are dropped whatever a profile says, so it may not name one.
      if (isPersonalHeader(name))
        throw fileError('PROFILE_INVALID', { reason: `column ${name} is about a person` });
      const key = headerKey(name);
      const other = keys.get(key);
      if (other !== undefined && other !== field)
        throw fileError('PROFILE_INVALID', { reason: `column ${name} stands for ${other} and ${field}` });
      keys.set(key, field);
    }
  }
  return profile;
}

/** The profiles that come with the node. */
export const PROFILES: readonly Profile[] = [
  penalty,
  permit,
  penalty2015,
  permit2015,
  positive,
  exampleExport,
].map(parseProfile);

/**
 * A profile by its id, or from a JSON file by its path.
 * @throws LedgerError PROFILE_UNKNOWN, PROFILE_INVALID
 */
export async function loadProfile(nameOrPath: string): Promise<Profile> {
  const known = findProfile(nameOrPath);
  if (known !== undefined) return known;
  if (!/[./\\]/u.test(nameOrPath)) throw unknownProfile(nameOrPath);
  let text: string;
  try {
    text = await readFile(nameOrPath, 'utf8');
  } catch (cause) {
    throw unknownProfile(nameOrPath, cause);
  }
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (cause) {
    throw fileError('PROFILE_INVALID', { reason: 'it is not JSON' }, { cause });
  }
  return parseProfile(data);
}

/** A profile that comes with the node, by its id. */
export function findProfile(id: string): Profile | undefined {
  return PROFILES.find((profile) => profile.id === id);
}

function unknownProfile(profile: string, cause?: unknown): Error {
  return fileError('PROFILE_UNKNOWN', { profile, known: PROFILES.map(({ id }) => id) }, { cause });
}
