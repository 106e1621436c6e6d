import {
  canonicalBytes,
  checkUscc,
  type Hex,
  keccakHex,
  ledgerDomain,
  LedgerError,
  type Message,
  structDigest,
  type Uscc,
} from '../protocol/index.ts';
import { memberOf, type NetworkFile, registerOf } from './network.ts';
import {
  address,
  boolean,
  bytes32,
  decimal,
  integer,
  list,
  literal,
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
import { signerOf, type SigningDomain } from './signing.ts';

export const REPORT_FORMAT = 'credit-report/1';
/** A report says what the books said when it was made; older ones are to be asked for anew. */
export const REPORT_LIFE_SECONDS = 30 * 86_400;

/** A report, signed by the agency's operator key. */
export const REPORT_TYPES = { Report: [{ name: 'documentHash', type: 'bytes32' }] } as const;

const LAST_DAY = 1_048_575;
const day = integer(LAST_DAY);
const uscc: Reader<Uscc> = (value, path) => {
  const check = typeof value === 'string' ? checkUscc(value) : undefined;
  return check?.ok === true && check.uscc === value
    ? check.uscc
    : (pattern(/^(?!)/, 'unified social credit code')(value, path) as Uscc);
};
const agencyReader = object({ name: words(500), uscc: nullable(words(18)) });

/** What stands beside a record: `day` is the first on which it holds. */
const annotationReader = object({
  state: literal('in-force', 'expired', 'disputed', 'repaired'),
  day,
  /** Of a repair: the rules that governed it. */
  ruleSet: nullable(words(32)),
  /** Whether the entry that says so is in a batch on the chain. */
  anchored: boolean,
});

const recordReader = object({
  class: literal(1, 2, 3),
  subjectName: words(500),
  documentNumber: words(500),
  kind: integer(63),
  domain: integer(15),
  decisionDay: day,
  /** Last day of effect; null for none. */
  untilDay: nullable(day),
  amountFen: decimal(64),
  /** As its source set it, by which rule of its own. */
  severity: object({ code: integer(3), source: words(500), basis: words(2_000) }),
  sourceAgency: agencyReader,
  fields: list(object({ name: words(200), value: words(40_000) }), 0, 500),
  annotations: list(annotationReader, 1, 16),
  anchored: boolean,
});

const reportReader = object({
  format: literal(REPORT_FORMAT),
  chainId: decimal(53),
  answerLog: address,
  agency: object({ member: decimal(256), name: words(500) }),
  /** The register, and the batch and root up to which its entries are on the chain; null before the first. */
  register: nullable(object({ id: decimal(256), seq: decimal(256), root: bytes32 })),
  subject: uscc,
  asOfDay: day,
  madeAt: unixSeconds,
  expiry: unixSeconds,
  records: list(recordReader, 0, 10_000),
  signature,
});

/** An agency's own records about a subject, with what has happened to them; it judges nobody. */
export type CreditReport = ReadBy<typeof reportReader>;
export type UnsignedReport = Omit<CreditReport, 'signature'>;
export type ReportRecord = CreditReport['records'][number];
export type ReportAnnotation = ReportRecord['annotations'][number];

/**
 * Reads a report from JSON text or a parsed value, strictly.
 * @throws LedgerError with a FORMAT_… code
 */
export function parseReport(document: unknown): CreditReport {
  return reportReader(typeof document === 'string' ? parseJsonStrictly(document) : document, '');
}

/** keccak256(JCS(report without signature)): what is signed. */
export function reportHash(report: UnsignedReport | CreditReport): Hex {
  const { signature: _signature, ...unsigned } = { signature: undefined, ...report };
  return keccakHex(canonicalBytes(unsigned));
}

/** EIP-712 digest of a report, from its hash. */
export function reportDigest(domain: SigningDomain, documentHash: Hex): Hex {
  return structDigest(ledgerDomain(domain.chainId, domain.answerLog), 'Report', REPORT_TYPES.Report, {
    documentHash,
  });
}

/** Why a report is not believed. */
export type ReportReason =
  | 'REPORT_VALID'
  | 'REPORT_FORMAT'
  | 'REPORT_OF_ANOTHER_NETWORK'
  | 'REPORT_AGENCY_UNKNOWN'
  | 'REPORT_REGISTER_NOT_THE_AGENCYS'
  | 'REPORT_OF_ANOTHER_SUBJECT'
  | 'REPORT_NOT_YET_MADE'
  | 'REPORT_EXPIRED'
  | 'REPORT_LIVES_TOO_LONG'
  | 'REPORT_SIGNATURE_WRONG'
  | 'REPORT_KEY_CLOSED';

export const REPORT_REASONS: Readonly<Record<ReportReason, Message>> = {
  REPORT_VALID: {
    en: 'The agency has signed this report, and it is still good.',
    zh: '该报告由机构签署且仍在有效期内。',
  },
  REPORT_FORMAT: { en: 'This is no report of a version that is known.', zh: '不是本版本所认识的报告。' },
  REPORT_OF_ANOTHER_NETWORK: { en: 'The report belongs to another network.', zh: '该报告属于其他网络。' },
  REPORT_AGENCY_UNKNOWN: { en: 'The network file has no such agency.', zh: '网络文件中没有该机构。' },
  REPORT_REGISTER_NOT_THE_AGENCYS: {
    en: 'The register is not one of the agency.',
    zh: '所载登记册不属于该机构。',
  },
  REPORT_OF_ANOTHER_SUBJECT: { en: 'The report is about another subject.', zh: '该报告属于其他主体。' },
  REPORT_NOT_YET_MADE: {
    en: 'The report says that it was made in the future.',
    zh: '报告的出具时间在未来。',
  },
  REPORT_EXPIRED: { en: 'The report has expired; ask for a new one.', zh: '报告已过期，请重新获取。' },
  REPORT_LIVES_TOO_LONG: {
    en: 'The report gives itself more than 30 days.',
    zh: '报告自定有效期超过 30 天。',
  },
  REPORT_SIGNATURE_WRONG: {
    en: 'The report is not signed by the agency’s operator key: it was altered, or made by somebody else.',
    zh: '报告未由该机构的操作密钥签署：内容被改动或出自他人。',
  },
  REPORT_KEY_CLOSED: {
    en: 'The report is signed by a key that the agency has replaced; the network file does not show since when. Ask for a new one.',
    zh: '报告由该机构已更换的密钥签署，网络文件无法说明更换时间，请重新获取。',
  },
};

/** The verdict on a report. `ERROR`: it cannot be told. */
export interface ReportVerification {
  readonly verdict: 'VALID' | 'INVALID' | 'ERROR';
  readonly reason: ReportReason;
  readonly message: Message;
  /** What was read; undefined when the format is wrong. */
  readonly report?: CreditReport;
}

/** A clock may be so far behind the agency's. */
const TOLERANCE_SECONDS = 300;

/**
 * Verifies who signed a report, about whom it is and whether it is still good, by a pinned network file.
 * Whether the records are all there, or are true, is the agency's word. Never throws for a document.
 * @throws LedgerError only for an expected subject that is no credit code
 */
export function verifyReport(
  document: unknown,
  network: NetworkFile,
  /** `now` in unix seconds. */
  expected: { readonly now: number; readonly subject?: string },
): ReportVerification {
  let report: CreditReport;
  try {
    report = parseReport(document);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return verdict('INVALID', 'REPORT_FORMAT');
  }
  const told = (kind: ReportVerification['verdict'], reason: ReportReason): ReportVerification => ({
    ...verdict(kind, reason),
    report,
  });
  if (report.chainId !== network.chainId || report.answerLog !== network.contracts.answerLog) {
    return told('INVALID', 'REPORT_OF_ANOTHER_NETWORK');
  }
  const agency = memberOf(network, report.agency.member);
  if (agency === undefined) return told('INVALID', 'REPORT_AGENCY_UNKNOWN');
  if (report.register !== null && registerOf(network, report.register.id)?.owner.id !== agency.id) {
    return told('INVALID', 'REPORT_REGISTER_NOT_THE_AGENCYS');
  }
  if (expected.subject !== undefined && report.subject !== expected.subject) {
    return told('INVALID', 'REPORT_OF_ANOTHER_SUBJECT');
  }
  const domain = { chainId: BigInt(report.chainId), answerLog: report.answerLog };
  const signer = signerOf(reportDigest(domain, reportHash(report)), report.signature);
  const key = agency.operatorKeys.find((each) => each.address === signer);
  if (key === undefined) return told('INVALID', 'REPORT_SIGNATURE_WRONG');
  if (key.toBlock !== null) return told('ERROR', 'REPORT_KEY_CLOSED');
  if (report.madeAt > expected.now + TOLERANCE_SECONDS) return told('INVALID', 'REPORT_NOT_YET_MADE');
  if (report.expiry - report.madeAt > REPORT_LIFE_SECONDS) return told('INVALID', 'REPORT_LIVES_TOO_LONG');
  if (report.expiry < expected.now) return told('INVALID', 'REPORT_EXPIRED');
  return told('VALID', 'REPORT_VALID');
}

function verdict(kind: ReportVerification['verdict'], reason: ReportReason): ReportVerification {
  return { verdict: kind, reason, message: REPORT_REASONS[reason] };
}
