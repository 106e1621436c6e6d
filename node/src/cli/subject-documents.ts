import {
  BINDING_END_TYPES,
  BINDING_TYPES,
  bindingCommitOf,
  CASE_FILING_TYPES,
  CATALOGUE,
  CONSENT_REVOCATION_TYPES,
  CONSENT_TYPES,
  type ConsentTerms,
  consentIdOf,
  FILING_PROMISE_TYPES,
  type Hex,
  LETTER_TYPES,
  LedgerError,
  ledgerDomain,
  type Message,
  parseUscc,
  PLEDGE_TYPES,
  PLEDGE_WITHDRAWAL_TYPES,
  type SaltedDocument,
  saltedHash,
  STATEMENT_REVOCATION_TYPES,
  STATEMENT_TYPES,
  type StatementDocument,
  SUBJECT_QUESTIONS_TYPES,
  WITHDRAWAL_TYPES,
} from '@credit-ledger/sdk/protocol';
import type { TypedDataDefinition } from 'viem';
import { z } from 'zod';

type Domain = ReturnType<typeof ledgerDomain>;

const scalar = z.union([z.string(), z.int(), z.boolean()]);
const documentSchema = z.object({
  domain: z.object({
    name: z.string(),
    version: z.string(),
    chainId: z.int(),
    verifyingContract: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
  }),
  types: z.record(z.string(), z.array(z.object({ name: z.string(), type: z.string() }))),
  primaryType: z.string(),
  message: z.record(z.string(), scalar),
  /** What the hashes in the message stand for; never signed itself, and held against them. */
  about: z.record(z.string(), z.unknown()).optional(),
  signer: z.string().optional(),
  signature: z.string().optional(),
});

/** What a subject signs, as a file: EIP-712 data and what its hashes stand for. */
export type SubjectDocument = z.output<typeof documentSchema>;
export type SignedDocument = SubjectDocument & { readonly signer: string; readonly signature: Hex };

/** @throws LedgerError SUBJECT_DOCUMENT_MALFORMED */
export function readDocument(text: string): SubjectDocument {
  try {
    return documentSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw malformed(cause);
  }
}

/** The same, signed, and of the type that is needed. @throws LedgerError SUBJECT_DOCUMENT_MALFORMED */
export function readSigned(text: string, primaryType: string): SignedDocument {
  const document = readDocument(text);
  const { signer, signature } = document;
  if (signer === undefined || !/^0x[0-9a-f]{130}$/.test(signature ?? '')) throw malformed();
  if (document.primaryType !== primaryType) throw malformed();
  return { ...document, signer, signature: signature as Hex };
}

/** What viem signs: numbers of the message as bigint. */
export function typedDataOf({ domain, types, primaryType, message }: SubjectDocument): TypedDataDefinition {
  const fields = types[primaryType] ?? [];
  const typed = Object.fromEntries(
    fields.map(({ name, type }) => {
      const value = message[name];
      return [name, type.startsWith('uint') && value !== undefined ? BigInt(value) : value];
    }),
  );
  return {
    domain: { ...domain, verifyingContract: domain.verifyingContract as Hex },
    types: types as unknown as NonNullable<TypedDataDefinition['types']>,
    primaryType,
    message: typed,
  };
}

function make(
  domain: Domain,
  types: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>,
  message: SubjectDocument['message'],
  about?: SubjectDocument['about'],
): SubjectDocument {
  const [primaryType = ''] = Object.keys(types);
  const copied = Object.fromEntries(
    Object.entries(types).map(([name, fields]) => [name, fields.map((field) => ({ ...field }))]),
  );
  return { domain, types: copied, primaryType, message, ...(about === undefined ? {} : { about }) };
}

export function bindingDocument(domain: Domain, voucher: string, code: string, salt: Hex): SubjectDocument {
  const uscc = parseUscc(code);
  return make(domain, BINDING_TYPES, { voucher, bindingCommit: bindingCommitOf(uscc, salt) }, { uscc, salt });
}

/** `binding` opens the binding for whoever must check whose consent it is. */
export function consentDocument(
  domain: Domain,
  terms: ConsentTerms,
  binding: { readonly uscc: string; readonly salt: Hex },
): SubjectDocument {
  const message = {
    bindingId: terms.bindingId.toString(),
    applicationId: terms.applicationId,
    registerId: terms.registerId.toString(),
    requester: terms.requester.toString(),
    validFrom: Number(terms.validFrom),
    validUntil: Number(terms.validUntil),
    maxUses: terms.maxUses,
    salt: terms.salt,
  };
  return make(domain, CONSENT_TYPES, message, { consentId: consentIdOf(domain, terms), ...binding });
}

export function consentRevocationDocument(domain: Domain, consentId: string): SubjectDocument {
  return make(domain, CONSENT_REVOCATION_TYPES, { consentId });
}

export function statementDocument(
  domain: Domain,
  bindingId: string,
  document: StatementDocument,
  salt: Hex,
): SubjectDocument {
  return make(domain, STATEMENT_TYPES, { bindingId, documentHash: saltedHash(document) }, { document, salt });
}

export function statementRevocationDocument(
  domain: Domain,
  bindingId: string,
  documentHash: string,
  salt: Hex,
): SubjectDocument {
  return make(domain, STATEMENT_REVOCATION_TYPES, { bindingId, documentHash }, { salt });
}

const MEANINGS: Readonly<Record<string, Message>> = {
  Binding: {
    en: 'Binds this key to a credit code; the named member vouches for it.',
    zh: '将此密钥绑定到统一社会信用代码，由所列成员背书。',
  },
  BindingEnd: { en: 'Ends the binding of this key, for good.', zh: '永久终止此密钥的绑定。' },
  Consent: {
    en: 'Lets the named member ask the named register about you, for this application, in this time, so often.',
    zh: '授权所列成员在所列期限和次数内，就所列应用向所列登记册查询本单位信息。',
  },
  ConsentRevocation: { en: 'Takes a consent back, at once.', zh: '立即撤销一份授权。' },
  SubjectQuestions: {
    en: 'Shows the named member’s node that it is you who reads what was asked about you.',
    zh: '向所列成员节点证明本人查询本单位被查询记录的身份。',
  },
  Statement: {
    en: 'Registers a statement about yourself, with the public promise that it is true.',
    zh: '登记一项自愿注册信息，并公开承诺其真实。',
  },
  StatementRevocation: { en: 'Withdraws a statement about yourself.', zh: '撤回一项自愿注册信息。' },
  Letter: {
    en: 'Makes the promise of this commitment letter: a false one has the consequences that it names.',
    zh: '就本告知承诺书作出承诺；承诺不实的，承担其中载明的责任。',
  },
  Withdrawal: { en: 'Withdraws your commitment letter, before the decision.', zh: '在办结前撤回告知承诺。' },
  FilingPromise: {
    en: 'Promises to bring the missing documents in time; what comes late is recorded.',
    zh: '承诺在期限内补齐所缺材料；逾期将被记录。',
  },
  Pledge: {
    en: 'Publishes a pledge of yours through the association.',
    zh: '经行业协会公开一项自律性承诺。',
  },
  PledgeWithdrawal: { en: 'Takes a pledge of yours back.', zh: '撤回一项自律性承诺。' },
  CaseFiling: {
    en: 'Files a dispute, or applies for a repair, in your name.',
    zh: '以本单位名义提出异议或者申请信用修复。',
  },
};

const KNOWN: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>> = {
  ...BINDING_TYPES,
  ...BINDING_END_TYPES,
  ...CONSENT_TYPES,
  ...CONSENT_REVOCATION_TYPES,
  ...SUBJECT_QUESTIONS_TYPES,
  ...STATEMENT_TYPES,
  ...STATEMENT_REVOCATION_TYPES,
  ...LETTER_TYPES,
  ...WITHDRAWAL_TYPES,
  ...FILING_PROMISE_TYPES,
  ...PLEDGE_TYPES,
  ...PLEDGE_WITHDRAWAL_TYPES,
  ...CASE_FILING_TYPES,
};

/** Of these the hash alone says nothing: who signs must have read the document. */
const WITH_DOCUMENT: readonly string[] = ['Letter', 'Withdrawal', 'FilingPromise', 'Pledge', 'CaseFiling'];

const UNREAD: Message = {
  en: 'The document is not in this file: ask for it and read it before you sign.',
  zh: '本文件未附文书原文：请先索取并阅读，再行签署。',
};

const UNKNOWN: Message = {
  en: 'This program does not know what this type means: sign only if you know who reads it and why.',
  zh: '本程序不了解该类型的含义：请确认由谁使用及用途后再签署。',
};

const FIELDS: Readonly<Record<string, Message>> = {
  voucher: { en: 'member that vouches', zh: '背书成员' },
  bindingId: { en: 'binding', zh: '绑定编号' },
  bindingCommit: { en: 'commitment', zh: '绑定承诺值' },
  applicationId: { en: 'application', zh: '应用' },
  registerId: { en: 'register', zh: '登记册' },
  requester: { en: 'member who may ask', zh: '被授权成员' },
  validFrom: { en: 'from', zh: '起始时间' },
  validUntil: { en: 'until', zh: '截止时间' },
  maxUses: { en: 'answers at most', zh: '最多应答次数' },
  consentId: { en: 'consent', zh: '授权编号' },
  documentHash: { en: 'hash of the document', zh: '文书哈希' },
  member: { en: 'member whose node is asked', zh: '受理成员' },
  time: { en: 'time', zh: '时间' },
  uscc: { en: 'credit code', zh: '统一社会信用代码' },
  title: { en: 'title', zh: '名称' },
  contents: { en: 'contents', zh: '内容' },
  promise: { en: 'promise', zh: '承诺' },
};
const MOMENTS = ['validFrom', 'validUntil', 'time'];

/**
 * What a document says, for whoever is to sign it. What its hashes stand for is shown only after it was
 * held against them.
 * @throws LedgerError SUBJECT_DOCUMENT_DIFFERS when it says something else than its hashes
 */
export function describeDocument(document: SubjectDocument, lang: keyof Message): string {
  requireConsistent(document);
  const { primaryType, message, domain, about } = document;
  const label = (name: string): string => FIELDS[name]?.[lang] ?? name;
  const shown = Object.entries(message).map(([name, value]) => `  ${label(name)}: ${valueText(name, value)}`);
  const statement = about?.['document'] as Partial<StatementDocument> | undefined;
  const inside = [
    ...(typeof about?.['uscc'] === 'string' ? [`  ${label('uscc')}: ${about['uscc']}`] : []),
    ...(['uscc', 'title', 'contents', 'day', 'until', 'promise'] as const).flatMap((name) =>
      statement?.[name] === undefined || statement[name] === null
        ? []
        : [`  ${label(name)}: ${statement[name]}`],
    ),
  ];
  return [
    `${primaryType}: ${(isOurs(document) ? (MEANINGS[primaryType] ?? UNKNOWN) : UNKNOWN)[lang]}`,
    ...shown,
    ...inside,
    ...documentsOf(document).flatMap((each) => linesOf(each)),
    ...(WITH_DOCUMENT.includes(primaryType) && about?.['documents'] === undefined && statement === undefined
      ? [`  ${UNREAD[lang]}`]
      : []),
    `  EIP-712: ${domain.name} ${domain.version}, chain ${domain.chainId}, ${domain.verifyingContract}`,
  ].join('\n');
}

function documentsOf({ about }: SubjectDocument): readonly SaltedDocument[] {
  const documents: unknown = about?.['documents'];
  return Array.isArray(documents) ? (documents as SaltedDocument[]) : [];
}

/** A document line by line, whatever it is; its salt says nothing. Nothing in it can move the cursor or make a line. */
function linesOf(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) {
    return [`  ${path}: ${String(value)}`.replaceAll(/\p{C}/gu, '\u{FFFD}')];
  }
  return Object.entries(value).flatMap(([name, inner]) =>
    path === '' && name === 'salt' ? [] : linesOf(inner, path === '' ? name : `${path}.${name}`),
  );
}

/** Whether the type is what this ledger means by its name, field by field. */
function isOurs({ types, primaryType }: SubjectDocument): boolean {
  const spelled = (fields: readonly { readonly name: string; readonly type: string }[] | undefined): string =>
    (fields ?? []).map(({ name, type }) => `${type} ${name}`).join();
  return Object.hasOwn(KNOWN, primaryType) && spelled(KNOWN[primaryType]) === spelled(types[primaryType]);
}

function valueText(name: string, value: string | number | boolean): string {
  if (MOMENTS.includes(name)) return new Date(Number(value) * 1000).toISOString();
  if (name !== 'applicationId') return String(value);
  const application = CATALOGUE.applications.find(({ id }) => id === value);
  return application === undefined ? String(value) : `${application.slug} ${application.name.zh}`;
}

function requireConsistent(document: SubjectDocument): void {
  const { primaryType, message, about, domain, types } = document;
  const fields = types[primaryType] ?? [];
  // What is not among the fields would be shown and not signed.
  const extra = Object.keys(message).filter((name) => !fields.some((field) => field.name === name));
  if (extra.length > 0 || fields.some(({ name }) => message[name] === undefined)) throw differs('message');
  if (about === undefined) return;
  const hashes = Object.values(message);
  for (const each of documentsOf(document))
    if (!hashes.includes(saltedHash(each))) throw differs('documents');
  const text = (name: string): string => String(about[name] ?? '');
  if (primaryType === 'Binding') {
    const commit = bindingCommitOf(parseUscc(text('uscc')), text('salt') as Hex);
    if (commit !== message['bindingCommit']) throw differs('bindingCommit');
  }
  if (primaryType === 'Statement') {
    if (saltedHash(about['document'] as StatementDocument) !== message['documentHash'])
      throw differs('documentHash');
  }
  if (primaryType === 'Consent' && about['consentId'] !== undefined) {
    const verifyingContract = domain.verifyingContract as Hex;
    const own = ledgerDomain(BigInt(domain.chainId), verifyingContract);
    const terms = {
      bindingId: BigInt(message['bindingId'] ?? 0),
      applicationId: message['applicationId'] as Hex,
      registerId: BigInt(message['registerId'] ?? 0),
      requester: BigInt(message['requester'] ?? 0),
      validFrom: BigInt(message['validFrom'] ?? 0),
      validUntil: BigInt(message['validUntil'] ?? 0),
      maxUses: Number(message['maxUses']),
      salt: message['salt'] as Hex,
    };
    if (consentIdOf(own, terms) !== about['consentId']) throw differs('consentId');
  }
}

function malformed(cause?: unknown): LedgerError {
  return new LedgerError(
    'SUBJECT_DOCUMENT_MALFORMED',
    {
      en: 'This is not the document that is needed here: {domain, types, primaryType, message}, signed where a signature is needed.',
      zh: '文件不是所需的签署文书（domain、types、primaryType、message；需签名处须已签名）。',
    },
    {},
    cause === undefined ? undefined : { cause },
  );
}

function differs(field: string): LedgerError {
  return new LedgerError(
    'SUBJECT_DOCUMENT_DIFFERS',
    {
      en: `The document says something else than what would be signed (${field}); it is not signed.`,
      zh: `文书所述与待签内容不符（${field}），不予签署。`,
    },
    { field },
  );
}

/** What a subject signs to end its binding. */
export function bindingEndDocument(domain: Domain, bindingId: string): SubjectDocument {
  return make(domain, BINDING_END_TYPES, { bindingId });
}

/** What a subject signs to read, at one member's node, what was asked about it. */
export function questionsDocument(
  domain: Domain,
  message: { readonly bindingId: string; readonly member: string; readonly time: number },
): SubjectDocument {
  return make(domain, SUBJECT_QUESTIONS_TYPES, { ...message });
}
