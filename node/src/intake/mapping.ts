import { CATALOGUE } from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import { parseDecimal } from './decimals.ts';
import { fileError } from './errors.ts';
import type { Condition } from './profile.ts';
import domains from './mappings/domains.json' with { type: 'json' };
import penaltyKinds from './mappings/penalty-kinds.json' with { type: 'json' };
import penaltySeverities from './mappings/penalty-severities.json' with { type: 'json' };
import permitKinds from './mappings/permit-kinds.json' with { type: 'json' };
import positiveKinds from './mappings/positive-kinds.json' with { type: 'json' };

/** Values of a row by field, as far as they could be read. */
export type Values = ReadonlyMap<string, string>;

const text = z.strictObject({ en: z.string(), zh: z.string() });
const conditions = z.array(
  z.strictObject({
    field: z.string(),
    contains: z.array(z.string()).optional(),
    lacks: z.array(z.string()).optional(),
  }),
);

const kindMapping = z.strictObject({
  id: z.string(),
  version: z.int(),
  note: text,
  rules: z.array(z.strictObject({ id: z.string(), kind: z.string(), all: conditions })),
  otherwise: z.string().nullable(),
});
const domainMapping = z.strictObject({
  id: z.string(),
  version: z.int(),
  note: text,
  rules: z.array(z.strictObject({ id: z.string(), domain: z.int().min(0).max(15), all: conditions })),
  otherwise: z.int().min(0).max(15),
});
const severityMapping = z.strictObject({
  id: z.string(),
  version: z.int(),
  note: text,
  ruleSets: z.array(
    z.strictObject({
      id: z.string(),
      source: text,
      /** Parts of the authority's name; empty for every authority. */
      authorities: z.array(z.string()),
      rules: z.array(
        z.strictObject({
          id: z.string(),
          kinds: z.array(z.string()).optional(),
          minAmountYuan: z
            .string()
            .regex(/^\d+(?:\.\d{1,2})?$/u)
            .optional(),
          severity: z.int().min(0).max(3),
        }),
      ),
    }),
  ),
});

const kindMappings = new Map(
  [penaltyKinds, permitKinds, positiveKinds].map((data) => [data.id, kindMapping.parse(data)]),
);
const domainMappings = new Map([domains].map((data) => [data.id, domainMapping.parse(data)]));
const severityMappings = new Map([penaltySeverities].map((data) => [data.id, severityMapping.parse(data)]));
const kindCodes = new Map(CATALOGUE.kinds.map(({ slug, code }) => [slug, code]));

/** The catalogue kind that a mapping gives a row. */
export interface MappedKind {
  readonly code: number;
  readonly slug: string;
  /** False where no rule fitted and the mapping's general kind was taken. */
  readonly byRule: boolean;
}

/** Kind by the first rule that fits; null when none does and the mapping has no general kind. */
export function mapKind(mappingId: string, values: Values): MappedKind | null {
  const mapping = kindMappings.get(mappingId) ?? unknownMapping(mappingId);
  const rule = mapping.rules.find(({ all }) => holds(all, values));
  const slug = rule?.kind ?? mapping.otherwise;
  if (slug === null) return null;
  const code = kindCodes.get(slug);
  if (code === undefined)
    throw fileError('PROFILE_INVALID', { reason: `mapping ${mappingId} names the unknown kind ${slug}` });
  return { code, slug, byRule: rule !== undefined };
}

/** Area of regulation by the first rule that fits. */
export function mapDomain(mappingId: string, values: Values): number {
  const mapping = domainMappings.get(mappingId) ?? unknownMapping(mappingId);
  return mapping.rules.find(({ all }) => holds(all, values))?.domain ?? mapping.otherwise;
}

/** A severity with the rule that set it and whose rule that is. */
export interface MappedSeverity {
  readonly severity: 0 | 1 | 2 | 3;
  readonly basis: string;
}

/** Severity by the rules of the authority that decided; null when no rule fits. */
export function mapSeverity(
  mappingId: string,
  facts: { readonly kindSlug: string; readonly amountFen: bigint; readonly authorityName: string },
): MappedSeverity | null {
  const mapping = severityMappings.get(mappingId) ?? unknownMapping(mappingId);
  const set = mapping.ruleSets.find(
    ({ authorities }) =>
      authorities.length === 0 || authorities.some((part) => facts.authorityName.includes(part)),
  );
  const rule = set?.rules.find(
    ({ kinds, minAmountYuan }) =>
      (kinds === undefined || kinds.includes(facts.kindSlug)) &&
      (minAmountYuan === undefined || facts.amountFen >= fenOfYuan(minAmountYuan)),
  );
  if (set === undefined || rule === undefined) return null;
  return {
    severity: rule.severity as 0 | 1 | 2 | 3,
    basis: `${mapping.id}@${mapping.version}/${set.id}#${rule.id} (${set.source.zh})`,
  };
}

/** True when every mapping that a profile names is there. @throws LedgerError PROFILE_INVALID */
export function requireMappings(profile: {
  readonly kinds: string;
  readonly domains: string;
  readonly severities: string | null;
}): void {
  if (!kindMappings.has(profile.kinds)) unknownMapping(profile.kinds);
  if (!domainMappings.has(profile.domains)) unknownMapping(profile.domains);
  if (profile.severities !== null && !severityMappings.has(profile.severities))
    unknownMapping(profile.severities);
}

/** One condition of a profile or a mapping on the values of a row. */
export function conditionHolds({ field, contains, lacks }: Condition, values: Values): boolean {
  const value = values.get(field) ?? '';
  return (
    (contains?.some((part) => value.includes(part)) ?? true) &&
    !(lacks?.some((part) => value.includes(part)) ?? false)
  );
}

function holds(all: readonly Condition[], values: Values): boolean {
  return all.every((one) => conditionHolds(one, values));
}

function fenOfYuan(yuan: string): bigint {
  const decimal = parseDecimal(yuan);
  return decimal === null ? 0n : decimal.digits * 10n ** BigInt(2 - decimal.scale);
}

function unknownMapping(mapping: string): never {
  throw fileError('PROFILE_INVALID', { reason: `there is no mapping ${mapping}` });
}
