import { parseUscc } from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import { caseAcceptedSchema, caseMessageSchema } from '../../cases/index.ts';
import { ALL_ROLES, endpoint, type Endpoint } from '../endpoint.ts';
import { notFound, reasonMissing } from '../problem.ts';
import * as Cases from '../schemas/cases.ts';
import { CreditCode, Id, Page } from '../schemas/common.ts';
import { Sent } from '../schemas/ledger.ts';

const ById = z.object({ id: Id });
const FILED = {
  201: { description: 'On the chain.', schema: Cases.FiledCase },
  202: { description: 'On its way; the node sends it when the chain is there.', schema: Cases.FiledCase },
} as const;
const SENT = {
  200: { description: 'It is in a block.', schema: Sent },
  202: { description: 'It is on its way; the node sends it when the chain is there.', schema: Sent },
} as const;
const sentStatus = (sent: Sent): number => (sent.state === 'mined' ? 200 : 202);
const TURNED_AWAY = [
  'CASE_ENTRY_UNKNOWN',
  'CASE_ENTRY_AMBIGUOUS',
  'CASE_ALREADY_OPEN',
  'CASE_NOT_REPAIRABLE',
  'CASE_REPAIR_TOO_EARLY',
  'CASE_CONDITIONS_MISSING',
  'CASE_TOO_MANY_UNKNOWN',
];

export const caseEndpoints: readonly Endpoint[] = [
  endpoint({
    id: 'fileCase',
    method: 'post',
    path: '/v1/cases',
    tag: 'Cases',
    summary: 'File a dispute or an application for repair, in the member’s own name',
    access: ['officer'],
    body: Cases.FileCase,
    replies: FILED,
    problems: TURNED_AWAY,
    async handle({ body, principal, services, noteAccess }) {
      const uscc = parseUscc(body.subject);
      await noteAccess('case.file', {
        subject: await services.tokens.subjectMark(uscc),
        type: body.type,
        register: body.register,
      });
      const filed = await services.cases.file({ ...body, subject: uscc }, principal.name);
      return { status: filed.case === null ? 202 : 201, json: filed };
    },
  }),
  endpoint({
    id: 'draftCase',
    method: 'post',
    path: '/v1/cases/drafts',
    tag: 'Cases',
    summary: 'Make the document that a subject signs to file a case; nothing is kept',
    access: ['officer'],
    body: Cases.DraftCase,
    replies: { 200: { description: 'To be signed by the subject’s bound key.', schema: Cases.CaseDraft } },
    problems: ['CASE_REGISTER_UNKNOWN'],
    async handle({ body, services, noteAccess }) {
      const uscc = parseUscc(body.subject);
      await noteAccess('case.draft', { subject: await services.tokens.subjectMark(uscc), type: body.type });
      return { status: 200, json: await services.cases.draft({ ...body, subject: uscc }) };
    },
  }),
  endpoint({
    id: 'fileSignedCase',
    method: 'post',
    path: '/v1/cases/signed',
    tag: 'Cases',
    summary: 'Relay a dispute or an application for repair that a subject has signed',
    access: ['officer'],
    body: Cases.FileSignedCase,
    replies: FILED,
    problems: [...TURNED_AWAY, 'CASE_SIGNATURE_WRONG', 'CASE_BINDING_WRONG', 'CASE_BINDING_ENDED'],
    async handle({ body, principal, services, noteAccess }) {
      const filed = await services.cases.fileSigned(body, principal.name);
      await noteAccess('case.file-signed', { filing: filed.filing, bindingId: body.binding.bindingId });
      return { status: filed.case === null ? 202 : 201, json: filed };
    },
  }),
  endpoint({
    id: 'getCaseFiling',
    method: 'get',
    path: '/v1/cases/filings/{id}',
    tag: 'Cases',
    summary: 'How far something that was filed here has come',
    access: ['officer', 'auditor'],
    params: ById,
    replies: { 200: { description: 'The filing.', schema: Cases.FiledCase } },
    async handle({ params, services }) {
      const found = await services.cases.filing(BigInt(params.id));
      if (found === undefined) throw notFound('filing', params.id);
      return { status: 200, json: found };
    },
  }),
  endpoint({
    id: 'listCases',
    method: 'get',
    path: '/v1/cases',
    tag: 'Cases',
    summary: 'Cases of all members with their due days, from the chain; without their subjects',
    access: ALL_ROLES,
    query: Page.extend(Cases.CaseQuery),
    replies: { 200: { description: 'A page of cases, by rising number.', schema: Cases.Cases } },
    handle: async ({ query, services }) => ({ status: 200, json: await services.cases.list(query) }),
  }),
  endpoint({
    id: 'getCase',
    method: 'get',
    path: '/v1/cases/{id}',
    tag: 'Cases',
    summary: 'A case, with what this node keeps of it',
    access: ['officer', 'auditor'],
    params: ById,
    replies: { 200: { description: 'The case.', schema: Cases.CaseDetail } },
    problems: ['CASE_UNKNOWN'],
    async handle({ params, services, noteAccess }) {
      const found = await services.cases.get(BigInt(params.id));
      if (found.private !== null) {
        const subject = await services.tokens.subjectMark(found.private.subject);
        await noteAccess('case.read', { caseId: params.id, subject });
      }
      return { status: 200, json: found };
    },
  }),
  endpoint({
    id: 'decideCase',
    method: 'post',
    path: '/v1/cases/{id}/decision',
    tag: 'Cases',
    summary: 'Decide a case about our register; a repair, also as the source’s superior',
    access: ['officer'],
    params: ById,
    body: Cases.DecideCase,
    replies: SENT,
    problems: [
      'CASE_UNKNOWN',
      'CASE_NOT_THE_DECIDER',
      'CASE_OUTCOME_WRONG',
      'CASE_STATE_WRONG',
      'CASE_ALREADY_DECIDED',
      'CASE_DOCUMENT_MISSING',
      'CASE_FACTS_MISSING',
      'OPERATION_REPAIR_TOO_EARLY',
      'OPERATION_CONDITIONS_MISSING',
    ],
    async handle({ params, body, services, noteAccess }) {
      const sent = await services.cases.decide(BigInt(params.id), body);
      await noteAccess('case.decide', { caseId: params.id, outcome: body.outcome });
      return { status: sentStatus(sent), json: sent };
    },
  }),
  endpoint({
    id: 'dismissCase',
    method: 'post',
    path: '/v1/cases/{id}/dismissal',
    tag: 'Cases',
    summary: 'Dismiss a case about our register that cannot be decided',
    access: ['officer'],
    params: ById,
    body: Cases.DismissCase,
    replies: SENT,
    problems: ['CASE_UNKNOWN', 'CASE_NOT_THE_SOURCE', 'CASE_STATE_WRONG', 'CASE_DISMISSAL_UNKNOWN'],
    async handle({ params, body, services, noteAccess }) {
      const sent = await services.cases.dismiss(BigInt(params.id), body);
      await noteAccess('case.dismiss', { caseId: params.id, code: body.code });
      return { status: sentStatus(sent), json: sent };
    },
  }),
  endpoint({
    id: 'withdrawCase',
    method: 'post',
    path: '/v1/cases/{id}/withdrawal',
    tag: 'Cases',
    summary: 'Take back a case that this member filed, before it is decided',
    access: ['officer'],
    params: ById,
    replies: SENT,
    problems: ['CASE_UNKNOWN', 'CASE_NOT_THE_FILER', 'CASE_STATE_WRONG'],
    async handle({ params, services, noteAccess }) {
      const sent = await services.cases.withdraw(BigInt(params.id));
      await noteAccess('case.withdraw', { caseId: params.id });
      return { status: sentStatus(sent), json: sent };
    },
  }),
  endpoint({
    id: 'markCaseOverdue',
    method: 'post',
    path: '/v1/cases/{id}/overdue',
    tag: 'Cases',
    summary: 'Have the chain count a due day that has passed, of any member’s case',
    access: ['officer', 'operator'],
    params: ById,
    replies: SENT,
    problems: ['CASE_UNKNOWN', 'CASE_NOT_OVERDUE'],
    async handle({ params, services }) {
      const sent = await services.cases.markOverdue(BigInt(params.id));
      return { status: sentStatus(sent), json: sent };
    },
  }),
  endpoint({
    id: 'receiveCaseMessage',
    method: 'post',
    path: '/v1/exchange/cases',
    tag: 'Between members',
    summary: 'Hand this member the document of a case, or why one was decided',
    access: 'member',
    body: caseMessageSchema.meta({
      id: 'CaseMessage',
      description: 'Signed (EIP-712) by the operator key of the sending member, for this member and once.',
    }),
    replies: {
      200: { description: 'Taken in.', schema: caseAcceptedSchema.meta({ id: 'CaseAccepted' }) },
    },
    problems: ['CASE_MESSAGE_REPLAYED', ...TURNED_AWAY],
    async handle({ body, services }) {
      return { status: 200, json: await services.cases.receive(body) };
    },
  }),
  endpoint({
    id: 'getReport',
    method: 'get',
    path: '/v1/subjects/{uscc}/report',
    tag: 'Cases',
    summary: 'The agency’s own records about a subject with what has happened to them, signed',
    access: ['officer'],
    params: z.object({ uscc: CreditCode }),
    replies: { 200: { description: 'The report; good for 30 days.', schema: Cases.Report } },
    problems: ['USCC_CHECK', 'ACCESS_REASON_MISSING'],
    async handle({ params, services, reason, noteAccess }) {
      const uscc = parseUscc(params.uscc);
      if (reason === undefined) throw reasonMissing();
      // Noted first: a report that cannot be accounted for is not made.
      await noteAccess('subject.report', { subject: await services.tokens.subjectMark(uscc) });
      return { status: 200, json: await services.cases.report(uscc) };
    },
  }),
];
