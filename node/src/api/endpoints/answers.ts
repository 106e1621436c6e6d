import { parseUscc } from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import { ALL_ROLES, endpoint, type Endpoint } from '../endpoint.ts';
import { notFound } from '../problem.ts';
import * as Answers from '../schemas/answers.ts';
import { Id, Page } from '../schemas/common.ts';

export const answerEndpoints: readonly Endpoint[] = [
  endpoint({
    id: 'ask',
    method: 'post',
    path: '/v1/questions',
    tag: 'Questions',
    summary: 'Ask another member about a subject',
    access: ['officer'],
    body: Answers.Ask,
    replies: {
      202: { description: 'Signed and on their way: one question a register.', schema: Answers.Asked },
    },
    problems: ['USCC_CHECK', 'APPLICATION_UNKNOWN', 'PREDICATE_UNKNOWN', 'CONSENT_MISSING'],
    async handle({ body, principal, services, noteAccess }) {
      const uscc = parseUscc(body.subject);
      // Noted first: a question that cannot be accounted for is not asked.
      await noteAccess('question.ask', {
        subject: await services.tokens.subjectMark(uscc),
        application: body.application,
        predicate: body.predicate,
        reason: body.reason,
      });
      const asked = await services.questions.ask({ ...body, subject: uscc }, principal.name);
      return { status: 202, json: { items: asked } };
    },
  }),
  endpoint({
    id: 'listQuestions',
    method: 'get',
    path: '/v1/questions',
    tag: 'Questions',
    summary: 'Our questions to others, newest first; without their subjects',
    access: ['officer', 'auditor'],
    query: Page,
    replies: { 200: { description: 'A page of questions.', schema: Answers.Questions } },
    handle: async ({ query, services }) => ({ status: 200, json: await services.questions.list(query) }),
  }),
  endpoint({
    id: 'getQuestion',
    method: 'get',
    path: '/v1/questions/{id}',
    tag: 'Questions',
    summary: 'A question of ours with its answer and the verdicts on it',
    access: ['officer', 'auditor'],
    params: z.object({ id: Id }),
    replies: { 200: { description: 'The question.', schema: Answers.QuestionDetail } },
    async handle({ params, services, noteAccess }) {
      const found = await services.questions.get(BigInt(params.id));
      if (found === undefined) throw notFound('question', params.id);
      await noteAccess('question.read', {
        questionId: params.id,
        subject: await services.tokens.subjectMark(found.subject),
      });
      return { status: 200, json: found };
    },
  }),
  endpoint({
    id: 'listAnswers',
    method: 'get',
    path: '/v1/answers',
    tag: 'Answers',
    summary: 'Questions of others to us, newest first; without their subjects',
    access: ['officer', 'auditor'],
    query: Page,
    replies: { 200: { description: 'A page of answers.', schema: Answers.GivenAnswers } },
    handle: async ({ query, services }) => ({ status: 200, json: await services.answers.list(query) }),
  }),
  endpoint({
    id: 'getAnswer',
    method: 'get',
    path: '/v1/answers/{id}',
    tag: 'Answers',
    summary: 'An answer that we gave',
    access: ['officer', 'auditor'],
    params: z.object({ id: Id }),
    replies: { 200: { description: 'The answer.', schema: Answers.GivenAnswerDetail } },
    async handle({ params, services, noteAccess }) {
      const found = await services.answers.get(BigInt(params.id));
      if (found === undefined) throw notFound('answer', params.id);
      await noteAccess('answer.read', {
        answerId: params.id,
        subject: await services.tokens.subjectMark(found.subject),
      });
      return { status: 200, json: found };
    },
  }),
  endpoint({
    id: 'verify',
    method: 'post',
    path: '/v1/verifications',
    tag: 'Answers',
    summary: 'Verify a CreditAnswer against the chain that this node follows',
    access: ALL_ROLES,
    body: Answers.Verify,
    replies: { 200: { description: 'One verdict a check.', schema: Answers.Verification } },
    problems: ['USCC_CHECK', 'PREDICATE_UNKNOWN'],
    async handle({ body, services }) {
      return { status: 200, json: await services.answers.verify(body) };
    },
  }),
];
