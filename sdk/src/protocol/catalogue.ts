import { CATALOGUE_DATA } from './catalogue.data.ts';
import { keccakHex } from './entry.ts';
import { LedgerError, type Message } from './errors.ts';
import type { Hex } from './field.ts';
import type { LedgerClass } from './identity.ts';
import { canonicalBytes } from './jcs.ts';
import {
  type Aggregate,
  type Clause,
  type Comparison,
  type Predicate,
  predicateHashOf,
  type Status,
} from './predicate.ts';

/** Through which door a question may come (protocol §6). */
export const GATEWAYS = ['government-sharing', 'subject-consent', 'public'] as const;
export type Gateway = (typeof GATEWAYS)[number];

export interface CatalogueKind {
  readonly code: number;
  readonly class: LedgerClass;
  readonly slug: string;
  readonly name: Message;
}

export interface CataloguePredicate {
  readonly slug: string;
  readonly name: Message;
  readonly predicate: Predicate;
  /** Sizes of the claim circuit that may answer it. */
  readonly circuitSizes: readonly number[];
}

export interface CatalogueApplication {
  readonly slug: string;
  readonly id: Hex;
  readonly name: Message;
  readonly legalBasis: string;
  readonly legalBasisHash: Hex;
  readonly gateway: Gateway;
  readonly historicalDays: boolean;
  readonly predicates: readonly CataloguePredicate[];
}

/** Kinds, domains, severities and applications with their names: one meaning for all members. */
export interface Catalogue {
  readonly version: number;
  readonly kinds: readonly CatalogueKind[];
  readonly domains: readonly { readonly code: number; readonly name: Message }[];
  readonly severities: readonly { readonly code: number; readonly name: Message }[];
  readonly applications: readonly CatalogueApplication[];
}

interface ClauseData {
  readonly kinds: string;
  readonly domains: string;
  readonly minSeverity: number;
  readonly maxAgeDays: number;
  readonly status: string;
  readonly aggregate: string;
  readonly comparison: string;
  readonly threshold: string;
}

function clauseOf(data: ClauseData): Clause {
  return {
    kinds: BigInt(data.kinds),
    domains: Number(data.domains),
    minSeverity: data.minSeverity,
    maxAgeDays: data.maxAgeDays,
    status: data.status as Status,
    aggregate: data.aggregate as Aggregate,
    comparison: data.comparison as Comparison,
    threshold: BigInt(data.threshold),
  };
}

const encoder = new TextEncoder();

/** Id of an application on chain, from its name in the catalogue. */
export function applicationIdOf(slug: string): Hex {
  return keccakHex(encoder.encode(`application:${slug}`));
}

export const CATALOGUE: Catalogue = {
  version: CATALOGUE_DATA.version,
  kinds: CATALOGUE_DATA.kinds,
  domains: CATALOGUE_DATA.domains,
  severities: CATALOGUE_DATA.severities,
  applications: CATALOGUE_DATA.applications.map((application) => ({
    slug: application.slug,
    id: applicationIdOf(application.slug),
    name: application.name,
    legalBasis: application.legalBasis,
    legalBasisHash: keccakHex(encoder.encode(application.legalBasis)),
    gateway: application.gateway,
    historicalDays: application.historicalDays,
    predicates: application.predicates.map((predicate) => {
      const [first, second] = (predicate.clauses as readonly ClauseData[]).map(clauseOf);
      if (!first) throw new Error(`predicate without clause: ${predicate.slug}`);
      return {
        slug: predicate.slug,
        name: predicate.name,
        circuitSizes: predicate.circuitSizes,
        predicate: { class: predicate.class, clauses: second ? [first, second] : [first] } as Predicate,
      };
    }),
  })),
};

/** keccak256 of the catalogue's canonical JSON: what the council puts on chain. */
export function catalogueHash(): Hex {
  return keccakHex(canonicalBytes(CATALOGUE_DATA));
}

/** An application by its name. @throws LedgerError APPLICATION_UNKNOWN */
export function findApplication(slug: string): CatalogueApplication {
  const found = CATALOGUE.applications.find((application) => application.slug === slug);
  if (found) return found;
  throw new LedgerError(
    'APPLICATION_UNKNOWN',
    {
      en: `The catalogue has no application “${slug}”.`,
      zh: `目录中没有应用“${slug}”。`,
    },
    { slug, known: CATALOGUE.applications.map((application) => application.slug) },
  );
}

/** A predicate of an application by its name. @throws LedgerError APPLICATION_UNKNOWN, PREDICATE_UNKNOWN */
export function findPredicate(applicationSlug: string, predicateSlug: string): CataloguePredicate {
  const application = findApplication(applicationSlug);
  const found = application.predicates.find((predicate) => predicate.slug === predicateSlug);
  if (found) return found;
  throw new LedgerError(
    'PREDICATE_UNKNOWN',
    {
      en: `The application “${applicationSlug}” may not ask “${predicateSlug}”.`,
      zh: `应用“${applicationSlug}”不允许询问“${predicateSlug}”。`,
    },
    {
      application: applicationSlug,
      predicate: predicateSlug,
      known: application.predicates.map((p) => p.slug),
    },
  );
}

/** The catalogue's name for a predicate hash, if it has one. */
export function predicateByHash(hash: Hex | bigint): CataloguePredicate | undefined {
  return CATALOGUE.applications
    .flatMap((application) => application.predicates)
    .find((predicate) => predicateHashOf(predicate.predicate) === BigInt(hash));
}

/** A kind by its code. */
export function kindOf(code: number): CatalogueKind | undefined {
  return CATALOGUE.kinds.find((kind) => kind.code === code);
}
