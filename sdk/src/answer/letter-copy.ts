import {
  type ConfirmedHashes,
  type Hex,
  isLedgerError,
  keccakHex,
  ledgerDomain,
  LETTER_TYPES,
  type LetterState,
  type Message,
  type Nonce,
  parseUscc,
  saltedHash,
  structDigest,
  subjectTagOf,
  templateIdOf,
  toBytes32,
  type ToldHashes,
} from '../protocol/index.ts';
import {
  address,
  bytes32,
  decimal,
  fieldElement,
  integer,
  list,
  literal,
  nonce,
  nullable,
  object,
  parseJsonStrictly,
  pattern,
  type ReadBy,
  type Reader,
  signature,
  unixSeconds,
  words,
} from './read.ts';
import { signerOf } from './signing.ts';

export const LETTER_COPY_FORMAT = 'letter-copy/1';
export const LETTER_FORMAT = 'commitment-letter/1';
export const PUBLIC_SCOPE_FORMAT = 'publication-scope/1';

const salt = pattern(/^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits');
const text = words(10_000);

/** What the applicant fills in: names and values of its own. */
const details: Reader<Readonly<Record<string, string>>> = (value, path) => {
  const names = Object.keys((value ?? {}) as object);
  return object(Object.fromEntries(names.map((name) => [name, text])))(value, path);
};

const documentReader = object({
  format: literal(LETTER_FORMAT),
  salt,
  letterId: decimal(256),
  authority: object({ member: decimal(256), name: text, creditCode: text }),
  item: object({ id: bytes32, version: integer(0xffff_ffff), title: text, legalBasis: text }),
  /** The seven texts that the applicant was told and the four that it confirms, in the protocol's order. */
  template: object({ id: bytes32, told: list(text, 7, 7), confirmed: list(text, 4, 4) }),
  applicant: object({ name: text, creditCode: text }),
  application: details,
});

const scopeReader = object({ format: literal(PUBLIC_SCOPE_FORMAT), salt, scope: text });

const copyReader = object({
  format: literal(LETTER_COPY_FORMAT),
  /** Whose copy this is; both are the same but for this. */
  holder: literal('agency', 'applicant'),
  chainId: decimal(64),
  contract: address,
  document: documentReader,
  /** Null when the letter is not published. */
  publicScope: nullable(scopeReader),
  /** Opens the subject tag. */
  nonce,
  terms: object({
    subjectTag: fieldElement,
    applicant: address,
    documentHash: bytes32,
    publicScopeHash: bytes32,
    publicUntil: integer(1_048_575),
    drawId: decimal(256),
  }),
  digest: bytes32,
  signatures: object({
    applicant: signature,
    agency: signature,
    /** By the key that is bound to the applicant's credit code, where it co-signed. */
    bound: nullable(object({ address, signature })),
  }),
  /** Where the promise stands. */
  anchored: object({ transactionHash: bytes32, blockNumber: decimal(64), time: unixSeconds }),
});

/** The text of a commitment letter, salted; its hash is on chain. */
export type LetterDocument = ReadBy<typeof documentReader>;
/** Where a letter is published, salted; its hash is on chain. */
export type PublicScope = ReadBy<typeof scopeReader>;
/** One of the two signed copies of a letter (一式两份). */
export type LetterCopy = ReadBy<typeof copyReader>;

/** What the chain says of a letter now. */
export interface LetterFact {
  readonly authority: bigint;
  readonly state: LetterState;
  /** Zero before the applicant was informed. */
  readonly digest: Hex;
}

/** What the chain said when a letter was promised. */
export interface LetterPromiseFact {
  readonly digest: Hex;
  /** keccak256 of each signature. */
  readonly applicantCopy: Hex;
  readonly agencyCopy: Hex;
  readonly transactionHash: Hex;
  readonly blockNumber: bigint;
  /** Of its block, unix seconds. */
  readonly time: bigint;
}

/**
 * What the check of a copy asks of the chain. `undefined`: the chain says that there is none; a rejected
 * promise: the chain could not be asked.
 */
export interface LetterFacts {
  letter(letterId: bigint): Promise<LetterFact | undefined>;
  promise(letterId: bigint): Promise<LetterPromiseFact | undefined>;
  /** The key that acted for a member in a block. */
  operatorAt(memberId: bigint, blockNumber: bigint): Promise<Hex | undefined>;
}

export const LETTER_CHECKS = [
  'format',
  'document',
  'template',
  'publication',
  'subject',
  'digest',
  'applicant-signature',
  'agency-signature',
  'bound-signature',
  'anchored',
] as const;
export type LetterCheck = (typeof LETTER_CHECKS)[number];

/** What each check asks, for people. */
export const LETTER_CHECK_NAMES: Readonly<Record<LetterCheck, Message>> = {
  format: { en: 'The copy reads as one.', zh: '副本格式正确。' },
  document: { en: 'The document has the hash that was signed.', zh: '文书与所签哈希一致。' },
  template: { en: 'The texts are those of the published template.', zh: '文本与已发布的格式文本一致。' },
  publication: {
    en: 'The scope of publication has the hash that was signed.',
    zh: '公开范围与所签哈希一致。',
  },
  subject: { en: 'The subject tag is the applicant’s.', zh: '主体标签属于该申请人。' },
  digest: { en: 'The digest follows from what is shown.', zh: '签名摘要与所示内容一致。' },
  'applicant-signature': { en: 'The applicant signed it.', zh: '申请人已签名。' },
  'agency-signature': { en: 'The authority signed it.', zh: '机关已签名。' },
  'bound-signature': { en: 'The named key co-signed it.', zh: '所列密钥已附加签名。' },
  anchored: { en: 'It stands on the chain as promised.', zh: '链上已登记该承诺。' },
};

export interface LetterCheckResult {
  readonly check: LetterCheck;
  /** ERROR: could not be checked, which says nothing of the copy. SKIPPED: there is nothing to check. */
  readonly verdict: 'VALID' | 'INVALID' | 'ERROR' | 'SKIPPED';
  readonly message: Message;
}

export interface LetterVerification {
  /** INVALID when any check is; else ERROR when any could not be made; else VALID. */
  readonly overall: 'VALID' | 'INVALID' | 'ERROR';
  /** In the order of LETTER_CHECKS; `format` alone when the copy does not read. */
  readonly checks: readonly LetterCheckResult[];
  /** How the letter stands now; only when it is VALID. */
  readonly state?: LetterState;
}

const NO_HASH: Hex = `0x${'0'.repeat(64)}`;
const encoder = new TextEncoder();
const PROMISED: readonly LetterState[] = [
  'promised',
  'decided',
  'checked-true',
  'checked-false',
  'withdrawn',
  'terminated',
];

/** Reads a copy strictly. @throws LedgerError with a FORMAT_… code, naming the path */
export function parseLetterCopy(copy: unknown): LetterCopy {
  return copyReader(typeof copy === 'string' ? parseJsonStrictly(copy) : copy, '');
}

/** The digest that both copies sign. */
export function letterDigestOf(copy: Pick<LetterCopy, 'chainId' | 'contract' | 'document' | 'terms'>): Hex {
  const { document, terms } = copy;
  return structDigest(ledgerDomain(BigInt(copy.chainId), copy.contract), 'Letter', LETTER_TYPES.Letter, {
    letterId: document.letterId,
    authority: document.authority.member,
    itemId: document.item.id,
    itemVersion: document.item.version,
    templateId: document.template.id,
    ...terms,
  });
}

/**
 * Checks a copy of a commitment letter: document, template, publication, subject, digest and both signatures,
 * and that it stands on the chain. Never throws for a bad copy; a chain that is down gives ERROR, never
 * INVALID and never VALID.
 *
 * @param copy the copy, as JSON text (checked to the letter) or as a parsed value
 * @param facts the chain
 * @param pinned the ledger that the verifier means: a copy of another one is INVALID
 */
export async function verifyLetterCopy(
  copy: unknown,
  facts: LetterFacts,
  pinned: { readonly chainId: bigint; readonly contract: Hex },
): Promise<LetterVerification> {
  let read: LetterCopy;
  try {
    read = parseLetterCopy(copy);
  } catch (error) {
    if (!isLedgerError(error)) throw error;
    return summary([result('format', 'INVALID')]);
  }
  const { document, terms, signatures, publicScope } = read;
  const isOurs = BigInt(read.chainId) === pinned.chainId && read.contract === pinned.contract.toLowerCase();
  const checks = [
    result('format', 'VALID'),
    checked('document', () => saltedHash(document) === terms.documentHash),
    checked('template', () => templateOf(document) === document.template.id),
    checked('publication', () =>
      publicScope === null
        ? terms.publicScopeHash === NO_HASH && terms.publicUntil === 0
        : saltedHash(publicScope) === terms.publicScopeHash,
    ),
    checked('subject', () => tagOf(read) === terms.subjectTag),
    checked('digest', () => isOurs && letterDigestOf(read) === read.digest),
    checked('applicant-signature', () => signerOf(read.digest, signatures.applicant) === terms.applicant),
    signatures.bound === null
      ? result('bound-signature', 'SKIPPED')
      : checked(
          'bound-signature',
          () => signerOf(read.digest, signatures.bound?.signature ?? '0x') === signatures.bound?.address,
        ),
  ];
  const { onChain, state } = await chainChecks(read, facts);
  const all = [...checks, ...onChain].sort(
    (a, b) => LETTER_CHECKS.indexOf(a.check) - LETTER_CHECKS.indexOf(b.check),
  );
  return summary(all, state);
}

async function chainChecks(
  copy: LetterCopy,
  facts: LetterFacts,
): Promise<{ readonly onChain: readonly LetterCheckResult[]; readonly state: LetterState | undefined }> {
  const { digest, signatures, document } = copy;
  try {
    const letterId = BigInt(document.letterId);
    const [letter, promise] = await Promise.all([facts.letter(letterId), facts.promise(letterId)]);
    const stands =
      letter !== undefined &&
      promise !== undefined &&
      PROMISED.includes(letter.state) &&
      letter.authority === BigInt(document.authority.member) &&
      letter.digest === digest &&
      promise.digest === digest &&
      promise.applicantCopy === hashOfBytes(signatures.applicant) &&
      promise.agencyCopy === hashOfBytes(signatures.agency) &&
      promise.transactionHash === copy.anchored.transactionHash &&
      promise.blockNumber === BigInt(copy.anchored.blockNumber) &&
      promise.time === BigInt(copy.anchored.time);
    const operator =
      promise === undefined
        ? undefined
        : await facts.operatorAt(BigInt(document.authority.member), promise.blockNumber);
    const isAgencys =
      operator !== undefined && signerOf(digest, signatures.agency) === operator.toLowerCase();
    return {
      onChain: [
        result('agency-signature', isAgencys ? 'VALID' : 'INVALID'),
        result('anchored', stands ? 'VALID' : 'INVALID'),
      ],
      state: letter?.state,
    };
  } catch (error) {
    // The chain could not be asked: that says nothing of the copy.
    if (!isLedgerError(error)) throw error;
    return { onChain: [result('agency-signature', 'ERROR'), result('anchored', 'ERROR')], state: undefined };
  }
}

function templateOf({ item, template }: LetterDocument): Hex {
  const hashes = (texts: readonly string[]): Hex[] => texts.map((each) => keccakHex(encoder.encode(each)));
  return templateIdOf(
    item.id,
    hashes(template.told) as unknown as ToldHashes,
    hashes(template.confirmed) as unknown as ConfirmedHashes,
  );
}

function tagOf({ document, nonce: opened }: LetterCopy): Hex {
  return toBytes32(subjectTagOf(parseUscc(document.applicant.creditCode), BigInt(opened) as Nonce));
}

function hashOfBytes(bytes: Hex): Hex {
  const pairs = bytes.slice(2).match(/../g) ?? [];
  return keccakHex(Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)));
}

function checked(check: LetterCheck, holds: () => boolean): LetterCheckResult {
  try {
    return result(check, holds() ? 'VALID' : 'INVALID');
  } catch (error) {
    // A salt that is none, a code that is none: what is shown cannot be what was signed.
    if (!isLedgerError(error)) throw error;
    return result(check, 'INVALID');
  }
}

function result(check: LetterCheck, verdict: LetterCheckResult['verdict']): LetterCheckResult {
  return { check, verdict, message: LETTER_CHECK_NAMES[check] };
}

function summary(checks: readonly LetterCheckResult[], state?: LetterState): LetterVerification {
  const has = (verdict: LetterCheckResult['verdict']): boolean =>
    checks.some((each) => each.verdict === verdict);
  const overall = has('INVALID') ? 'INVALID' : has('ERROR') ? 'ERROR' : 'VALID';
  return { overall, checks, ...(overall === 'VALID' && state !== undefined ? { state } : {}) };
}
