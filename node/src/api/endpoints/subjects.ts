import { parseUscc } from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { notFound } from '../problem.ts';
import { CreditCode, Hash, Id, Page } from '../schemas/common.ts';
import { OperationResult } from '../schemas/intake.ts';
import { Sent } from '../schemas/ledger.ts';
import * as Subjects from '../schemas/subjects.ts';

const ON_ITS_WAY = {
  description: 'It is on its way; the node sends it when the chain is there.',
  schema: Sent,
};
const DONE_OR_ON_ITS_WAY = {
  200: { description: 'It is in a block.', schema: Sent },
  202: ON_ITS_WAY,
} as const;
const sentStatus = (sent: Sent): number => (sent.state === 'mined' ? 200 : 202);

export const subjectEndpoints: readonly Endpoint[] = [
  endpoint({
    id: 'makeBinding',
    method: 'post',
    path: '/v1/bindings',
    tag: 'Subjects',
    summary: 'Vouch for a subject’s key: only its salted commitment goes on the chain',
    access: ['officer'],
    body: Subjects.MakeBinding,
    replies: { 201: { description: 'Bound.', schema: Subjects.Binding }, 202: ON_ITS_WAY },
    problems: ['USCC_CHECK', 'BINDING_WRONG_SIGNER', 'BINDING_KEY_BOUND', 'BINDING_NOT_AUTHORITY'],
    async handle({ body, principal, services, noteAccess }) {
      const uscc = parseUscc(body.uscc);
      await noteAccess('binding.make', { subject: await services.tokens.subjectMark(uscc) });
      const made = await services.subjects.bind({ ...body, uscc }, principal.name);
      return { status: 'subject' in made ? 201 : 202, json: made };
    },
  }),
  endpoint({
    id: 'listBindings',
    method: 'get',
    path: '/v1/bindings',
    tag: 'Subjects',
    summary: 'Keys that we vouched for or can open; with a subject, its own',
    access: ['officer', 'auditor'],
    query: z.object({ subject: CreditCode.optional() }),
    replies: { 200: { description: 'The bindings, without their subjects.', schema: Subjects.Bindings } },
    problems: ['USCC_CHECK'],
    async handle({ query, services, noteAccess }) {
      const uscc = query.subject === undefined ? undefined : parseUscc(query.subject);
      if (uscc !== undefined) {
        await noteAccess('binding.find', { subject: await services.tokens.subjectMark(uscc) });
      }
      return { status: 200, json: { items: await services.subjects.bindings(uscc) } };
    },
  }),
  endpoint({
    id: 'endBinding',
    method: 'post',
    path: '/v1/bindings/{id}/end',
    tag: 'Subjects',
    summary: 'End a binding that we vouched for, or relay that its subject ends it',
    access: ['officer'],
    params: z.object({ id: Id }),
    body: Subjects.EndBinding,
    replies: DONE_OR_ON_ITS_WAY,
    problems: ['BINDING_UNKNOWN', 'BINDING_ENDED', 'BINDING_NOT_OURS', 'BINDING_WRONG_SIGNER'],
    async handle({ params, body, services }) {
      const sent = await services.subjects.endBinding(BigInt(params.id), body.signature);
      return { status: sentStatus(sent), json: sent };
    },
  }),
  endpoint({
    id: 'giveConsent',
    method: 'post',
    path: '/v1/consents',
    tag: 'Subjects',
    summary: 'Relay a consent that a subject signed',
    access: ['officer'],
    body: Subjects.GiveConsent,
    replies: { 201: { description: 'Given.', schema: Subjects.Consent }, 202: ON_ITS_WAY },
    problems: ['CONSENT_WRONG_SIGNER', 'CONSENT_KNOWN', 'CONSENT_EXPIRED', 'CONSENT_INVALID'],
    async handle({ body, principal, services }) {
      const given = await services.subjects.giveConsent(body, principal.name);
      return { status: 'id' in given ? 201 : 202, json: given };
    },
  }),
  endpoint({
    id: 'listConsents',
    method: 'get',
    path: '/v1/consents',
    tag: 'Subjects',
    summary: 'Consents to us, about our registers, or of subjects that we know; newest first',
    access: ['officer', 'auditor'],
    query: Page,
    replies: { 200: { description: 'A page of consents.', schema: Subjects.Consents } },
    handle: async ({ query, services }) => ({ status: 200, json: await services.subjects.consents(query) }),
  }),
  endpoint({
    id: 'getConsent',
    method: 'get',
    path: '/v1/consents/{id}',
    tag: 'Subjects',
    summary: 'A consent, and whether it can be used',
    access: ['officer', 'auditor'],
    params: z.object({ id: Hash }),
    replies: { 200: { description: 'The consent.', schema: Subjects.Consent } },
    async handle({ params, services }) {
      const found = await services.subjects.consent(params.id);
      if (found === undefined) throw notFound('consent', params.id);
      return { status: 200, json: found };
    },
  }),
  endpoint({
    id: 'revokeConsent',
    method: 'post',
    path: '/v1/consents/{id}/revoke',
    tag: 'Subjects',
    summary: 'Relay that a subject revokes its consent',
    access: ['officer'],
    params: z.object({ id: Hash }),
    body: Subjects.RevokeConsent,
    replies: DONE_OR_ON_ITS_WAY,
    problems: ['CONSENT_WRONG_SIGNER', 'CONSENT_UNKNOWN', 'CONSENT_REVOKED'],
    async handle({ params, body, services }) {
      const sent = await services.subjects.revokeConsent(params.id, body.signature);
      return { status: sentStatus(sent), json: sent };
    },
  }),
  endpoint({
    id: 'addStatement',
    method: 'post',
    path: '/v1/statements',
    tag: 'Subjects',
    summary: 'Relay what a subject says of itself (自愿注册), signed by its key',
    access: ['officer'],
    body: Subjects.AddStatement,
    replies: { 201: { description: 'In the register’s book.', schema: Subjects.Statement } },
    problems: ['STATEMENT_WRONG_SIGNER', 'STATEMENT_OTHER_SUBJECT', 'STATEMENT_PROMISE_MISSING'],
    async handle({ body, services, noteAccess }) {
      const uscc = parseUscc(body.document.uscc);
      await noteAccess('statement.add', { subject: await services.tokens.subjectMark(uscc) });
      return { status: 201, json: await services.subjects.addStatement(body) };
    },
  }),
  endpoint({
    id: 'listStatements',
    method: 'get',
    path: '/v1/statements',
    tag: 'Subjects',
    summary: 'What a subject says of itself, with its public promise of truth',
    access: ['officer', 'auditor'],
    query: z.object({ subject: CreditCode }),
    replies: { 200: { description: 'The statements, withdrawn ones marked.', schema: Subjects.Statements } },
    problems: ['USCC_CHECK'],
    async handle({ query, services, noteAccess }) {
      const uscc = parseUscc(query.subject);
      await noteAccess('statement.find', { subject: await services.tokens.subjectMark(uscc) });
      return { status: 200, json: { items: await services.subjects.statements(uscc) } };
    },
  }),
  endpoint({
    id: 'revokeStatement',
    method: 'post',
    path: '/v1/statements/{id}/revoke',
    tag: 'Subjects',
    summary: 'Relay that a subject withdraws its statement',
    access: ['officer'],
    params: z.object({ id: Hash }),
    body: Subjects.RevokeStatement,
    replies: { 200: { description: 'Withdrawn.', schema: OperationResult } },
    problems: ['STATEMENT_UNKNOWN', 'STATEMENT_WRONG_SIGNER'],
    async handle({ params, body, services }) {
      return { status: 200, json: await services.subjects.revokeStatement(params.id, body) };
    },
  }),
  endpoint({
    id: 'questionsAbout',
    method: 'get',
    path: '/v1/subjects/{uscc}/questions',
    tag: 'Subjects',
    summary: 'Every question about a subject, by whom and for what, newest first: for the subject',
    access: ['officer', 'auditor'],
    params: z.object({ uscc: CreditCode }),
    query: Page,
    replies: { 200: { description: 'A page of questions.', schema: Subjects.QuestionsAbout } },
    problems: ['USCC_CHECK'],
    async handle({ params, query, services, noteAccess }) {
      const uscc = parseUscc(params.uscc);
      await noteAccess('subject.questions', { subject: await services.tokens.subjectMark(uscc) });
      return { status: 200, json: await services.subjects.questionsAbout(uscc, query) };
    },
  }),
  endpoint({
    id: 'readOwnQuestions',
    method: 'post',
    path: '/v1/subject/questions',
    tag: 'Subjects',
    summary: 'What a subject reads of itself, by its key: every question about it',
    access: 'public',
    body: Subjects.ReadOwnQuestions,
    replies: { 200: { description: 'A page of questions.', schema: Subjects.QuestionsAbout } },
    problems: ['SUBJECT_NOT_AUTHENTIC'],
    async handle({ body, services, noteAccess }) {
      const uscc = await services.subjects.authenticate(body);
      await noteAccess('subject.questions.own', {
        subject: await services.tokens.subjectMark(uscc),
        bindingId: body.bindingId,
      });
      const { limit, after } = body;
      return { status: 200, json: await services.subjects.questionsAbout(uscc, { limit, after }) };
    },
  }),
];
