import { LedgerError, type Uscc } from '@credit-ledger/sdk/protocol';
import { buffer } from 'node:stream/consumers';
import type { NodeServices } from '../../../node/src/api/services.ts';
import { letterDoubles } from './letter-doubles.ts';
import type { QuestionDetail } from '../../../node/src/api/schemas/answers.ts';
import type { Case, FiledCase } from '../../../node/src/api/schemas/cases.ts';
import type { CreditRecord, Import } from '../../../node/src/api/schemas/intake.ts';
import type { PublicRecords, RecordPublicity } from '../../../node/src/api/schemas/publicity.ts';
import type { Grant } from '../../../node/src/api/schemas/ledger.ts';
import type { Binding, Consent, QuestionAbout, Statement } from '../../../node/src/api/schemas/subjects.ts';

export const HASH = `0x${'ab'.repeat(32)}`;
export const NOW = '2026-11-23T08:00:00.000Z';
/** Valid by both check characters; made up. */
export const USCC = '91110105MA00EXMP8L';
export const SUBJECT_NAME = '北京金丝雀商贸有限公司';

export const record: CreditRecord = {
  id: '7',
  class: 1,
  origin: 'agency',
  subject: { uscc: USCC, name: SUBJECT_NAME },
  documentNumber: '京市监罚〔2026〕7号',
  kind: 1,
  domain: 2,
  severity: 3,
  severityBasis: 'source',
  date: '2026-03-02',
  until: null,
  amountFen: '123456789012345678',
  fields: [{ name: '处罚事由', value: '虚假宣传' }],
  sourceProfile: 'penalties-2019',
  sourceAgency: { name: '示例局', uscc: null },
  importId: '3',
  importRow: 2,
  createdAt: NOW,
};

export const importDone: Import = {
  id: '3',
  fileName: 'a.csv',
  profile: 'penalties-2019',
  state: 'done',
  rows: 3,
  records: 1,
  duplicates: 1,
  rowsWithIssues: 1,
  error: null,
  startedBy: 'officer-1',
  startedAt: NOW,
  endedAt: NOW,
};

export const question: QuestionDetail = {
  id: '5',
  requestId: HASH,
  responder: '1',
  registerId: '1',
  application: 'a',
  predicate: 'p',
  asOf: '2026-11-23',
  state: 'sent',
  answer: null,
  disputed: null,
  refusal: null,
  error: null,
  askedBy: 'officer-1',
  askedAt: NOW,
  subject: USCC,
  document: null,
  verification: null,
};

const grant: Grant = {
  id: HASH,
  grantor: '1',
  grantee: { member: '2' },
  application: null,
  applicationId: HASH,
  classes: [1],
  validFrom: NOW,
  validUntil: NOW,
  maxUses: 0,
  uses: 0,
  consentRequired: false,
  revoked: false,
  blockNumber: '9',
};
const binding: Binding = {
  bindingId: '4',
  subject: `0x${'3'.repeat(40)}`,
  bindingCommit: HASH,
  voucher: '1',
  state: 'holds',
  boundAt: NOW,
  endedAt: null,
};
const consent: Consent = {
  id: HASH,
  bindingId: '4',
  applicationId: HASH,
  application: null,
  registerId: '1',
  requester: '2',
  validFrom: NOW,
  validUntil: NOW,
  maxUses: 1,
  uses: 0,
  state: 'valid',
  givenAt: NOW,
  revokedAt: null,
};
const statement: Statement = {
  recordId: '7',
  origin: 'self-declared',
  documentHash: HASH,
  document: {
    format: 'credit-statement/1',
    kind: 46,
    uscc: USCC,
    subjectName: SUBJECT_NAME,
    title: 't',
    contents: 'c',
    day: '2026-03-02',
    until: null,
    publicityAsked: true,
    promise: 'p',
    salt: 'ab'.repeat(32),
  },
  bindingId: '4',
  signature: `0x${'1'.repeat(130)}`,
  revoked: false,
  createdAt: NOW,
};
const about: QuestionAbout = {
  direction: 'received',
  requester: '2',
  registerId: '1',
  applicationId: HASH,
  application: null,
  predicateHash: HASH,
  predicate: null,
  asOf: '2026-11-23',
  grantId: HASH,
  consentId: null,
  requestId: HASH,
  requestDigest: HASH,
  subjectTag: HASH,
  nonce: HASH,
  state: 'answered',
  refusal: null,
  logId: '4',
  at: NOW,
};
const sent = { state: 'mined', transactionHash: HASH, blockNumber: '9', registerId: '1' } as const;
const one = <T>(item: T): { items: T[]; next: null } => ({ items: [item], next: null });

const nothingPublic: PublicRecords = {
  agency: null,
  asOf: '2026-11-23',
  items: [],
  selfDeclared: [],
  next: null,
};
const publicity: RecordPublicity = {
  recordId: '7',
  visible: false,
  because: 'not-anchored',
  publicUntil: '2029-03-02',
  dueDate: '2026-03-11',
  anchoredDate: null,
  log: [],
};

const filed: FiledCase = { filing: '7', documentHash: HASH, delivered: 'accepted', case: '9', sent };
export const caseView: Case = {
  id: '9',
  type: 'dispute',
  state: 'received',
  register: '1',
  source: '1',
  filedBy: '2',
  documentHash: HASH,
  filedDate: '2026-06-10',
  dueDate: '2026-06-19',
  daysLeft: 9,
  overdue: false,
  counted: false,
  decidedBy: null,
  decisionHash: null,
  entryCommitment: null,
  dismissal: null,
  changedAt: NOW,
};

/** Rooms that know one thing each: what stands behind the API where a test is about the API. */
export function roomDoubles(): Omit<NodeServices, 'tokens' | 'users'> {
  return {
    checks: {
      run: async () => ({ holds: true, checks: [] }),
    },
    backups: {
      make: async () => ({
        bytes: Buffer.from('sealed'),
        mediaType: 'application/octet-stream',
        name: 'node.backup',
      }),
    },
    imports: {
      start: async ({ stream, fileName, by }) => {
        await buffer(stream);
        return { ...importDone, state: 'running', fileName, startedBy: by };
      },
      list: async () => one(importDone),
      get: async (id) => (id === 3n ? importDone : undefined),
      issues: async (id) =>
        id !== 3n
          ? undefined
          : one({
              row: 3,
              column: '行政相对人代码_1',
              code: 'USCC_CHECK',
              read: '91110105MA00EXMP8M',
              message: { en: 'wrong', zh: '错误' },
              suggestion: null,
            }),
      records: async (id) => (id === 3n ? one(record) : undefined),
      report: async (id) =>
        id !== 3n
          ? undefined
          : { bytes: new Uint8Array([80, 75]), mediaType: 'application/octet-stream', name: 'r.xlsx' },
      addRows: async () => ({ import: importDone, issues: [] }),
    },
    records: {
      find: async () => one(record),
      get: async (id) => (id === 7n ? record : undefined),
      operate: async (id) =>
        id !== 7n ? undefined : { recordId: '7', newRecordId: null, entryIds: ['1'], alreadyDone: false },
      operateFile: async ({ stream }) => {
        await buffer(stream);
        return { rows: 0, done: 0, alreadyDone: 0, issues: [] };
      },
      receipt: async (id) => (id === 7n ? { recordId: '7', registerId: null, entries: [] } : undefined),
    },
    registers: {
      list: async () => [],
      open: async () => sent,
      anchor: async () => ({ batches: 1, entries: 2 }),
      heartbeat: async () => sent,
    },
    grants: { list: async () => [grant], give: async () => grant, revoke: async () => sent },
    questions: {
      ask: async (ask) => [{ ...question, subject: ask.subject }],
      list: async () => one(withoutSubject()),
      get: async (id) => (id === 5n ? question : undefined),
    },
    answers: {
      list: async () => ({ items: [], next: null }),
      get: async () => undefined,
      verify: async () => ({ overall: 'INVALID', checks: [], notCompared: [] }),
    },
    checkpoints: { make: async () => ({ format: 'credit-checkpoint/1' }) },
    ledger: {
      status: async () => ({
        reachable: true,
        chainId: '31337',
        headBlock: '9',
        followedBlock: '9',
        followedDate: '2026-11-23',
        lag: '0',
        memberId: '1',
        operator: `0x${'1'.repeat(40)}`,
        witness: `0x${'2'.repeat(40)}`,
        evidence: { graceSeconds: 0, ageSeconds: null },
        keys: { held: { operator: true, witness: true }, next: null },
        outbox: { operator: 0, witness: 0 },
        batches: { unbatchedEntries: 0, unanchored: 0, unwitnessed: 0 },
        endpoints: [],
      }),
      outbox: async () => [],
      network: async () => ({ format: 'credit-network/1' }),
      members: async () => [],
    },
    members: {
      receiveQuestion: async () => ({ status: 202, json: { state: 'received' } }),
      fetchAnswer: async () => {
        throw new LedgerError('REQUEST_SIGNATURE_INVALID', { en: 'wrong signature', zh: '签名无效' });
      },
      signCheckpoint: async () => ({ status: 200, json: { signature: '0x' } }),
    },
    publicity: {
      publicRecords: async () => ({ ...nothingPublic }),
      timeliness: async () => ({
        agency: null,
        asOf: '2026-11-23',
        workingDays: 7,
        months: [{ month: '2026-10', inTime: 1, late: 0, due: 0, overdue: 0, calendarMissing: 0 }],
        total: { inTime: 1, late: 0, due: 0, overdue: 0, calendarMissing: 0 },
      }),
      letters: async () => ({ agency: null, items: [], next: null }),
      pledges: async () => ({ agency: null, items: [], next: null }),
      due: async () => ({ asOf: '2026-11-23', items: [], more: 0 }),
      stateOf: async (id) => (id === 7n ? publicity : undefined),
      withhold: async (id) => (id === 7n ? publicity : undefined),
      release: async (id) => (id === 7n ? publicity : undefined),
    },
    subjects: {
      bind: async () => binding,
      bindings: async () => [binding],
      endBinding: async () => sent,
      giveConsent: async () => consent,
      consents: async () => one(consent),
      consent: async (id) => (id === HASH ? consent : undefined),
      revokeConsent: async () => sent,
      addStatement: async () => statement,
      statements: async () => [statement],
      revokeStatement: async () => ({
        recordId: '7',
        newRecordId: null,
        entryIds: ['1'],
        alreadyDone: false,
      }),
      questionsAbout: async () => one(about),
      authenticate: async () => USCC as Uscc,
    },
    cases: {
      draft: async () => ({
        document: { format: 'credit-case/1' },
        documentHash: HASH,
        typedData: { primaryType: 'CaseFiling' },
      }),
      file: async () => filed,
      fileSigned: async () => filed,
      filing: async (id) => (id === 7n ? filed : undefined),
      list: async () => one(caseView),
      get: async () => ({ ...caseView, ourParts: ['filer'], private: null }),
      decide: async () => sent,
      dismiss: async () => sent,
      withdraw: async () => sent,
      markOverdue: async () => sent,
      receive: async () => ({ state: 'accepted', documentHash: HASH }),
      report: async () => ({ format: 'credit-report/1', records: [] }),
    },
    ...letterDoubles(),
    health: {
      readiness: async () => ({
        ready: true,
        chain: { ok: true, detail: '' },
        store: { ok: true, detail: '' },
        journal: { ok: true, detail: '' },
        prover: { ok: true, detail: '' },
      }),
      gauges: async () => ({ chain_height: 9, outbox_open: 0 }),
    },
  };
}

function withoutSubject(): Omit<QuestionDetail, 'subject' | 'document' | 'verification'> {
  const { subject: _subject, document: _document, verification: _verification, ...rest } = question;
  return rest;
}
