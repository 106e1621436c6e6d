import { parseUscc } from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { notFound } from '../problem.ts';
import { Id, Page } from '../schemas/common.ts';
import * as Publicity from '../schemas/publicity.ts';
import { said } from '../schemas/said.ts';

const ById = z.object({ id: Id });
const recordReply = { 200: { description: 'How it stands now.', schema: Publicity.RecordPublicity } };

export const publicityEndpoints = [
  endpoint({
    id: 'getPublicRecords',
    method: 'get',
    path: '/v1/public/records',
    tag: 'Public',
    summary: 'What this agency publishes of a subject, or under a document number',
    access: 'public',
    query: Publicity.PublicQuery.refine(
      (query) => (query.uscc === undefined) !== (query.documentNumber === undefined),
      said({ en: 'give uscc or documentNumber, one of them', zh: '请提供 uscc 或 documentNumber 之一' }),
    ),
    replies: { 200: { description: 'A page of what is published now.', schema: Publicity.PublicRecords } },
    problems: ['USCC_CHECK'],
    async handle({ query, services }) {
      const { documentNumber, ...page } = query;
      const filter =
        documentNumber === undefined ? { uscc: parseUscc(query.uscc ?? '') } : { documentNumber };
      return { status: 200, json: await services.publicity.publicRecords(filter, page) };
    },
  }),
  endpoint({
    id: 'getTimeliness',
    method: 'get',
    path: '/v1/public/timeliness',
    tag: 'Public',
    summary: 'How timely this agency publishes',
    access: 'public',
    replies: { 200: { description: 'By month of decision.', schema: Publicity.Timeliness } },
    async handle({ services }) {
      return { status: 200, json: await services.publicity.timeliness() };
    },
  }),
  endpoint({
    id: 'getPublicLetters',
    method: 'get',
    path: '/v1/public/letters',
    tag: 'Public',
    summary: 'Commitment letters that are published now',
    access: 'public',
    query: Page,
    replies: { 200: { description: 'A page of letters.', schema: Publicity.PublicLetters } },
    async handle({ query, services }) {
      return { status: 200, json: await services.publicity.letters(query) };
    },
  }),
  endpoint({
    id: 'getPublicPledges',
    method: 'get',
    path: '/v1/public/pledges',
    tag: 'Public',
    summary: 'Voluntary pledges that are published now',
    access: 'public',
    query: Page,
    replies: { 200: { description: 'A page of pledges.', schema: Publicity.PublicPledges } },
    async handle({ query, services }) {
      return { status: 200, json: await services.publicity.pledges(query) };
    },
  }),
  endpoint({
    id: 'listDuePublications',
    method: 'get',
    path: '/v1/publicity/due',
    tag: 'Publicity',
    summary: 'Records that are not anchored and soon have to be, or had to',
    access: ['officer', 'auditor'],
    query: Publicity.DueQuery,
    replies: { 200: { description: 'The most urgent first.', schema: Publicity.DuePublications } },
    async handle({ query, services, noteAccess }) {
      const found = await services.publicity.due(query.days, query.limit);
      await noteAccess('publicity.due', { recordIds: found.items.map(({ recordId }) => recordId) });
      return { status: 200, json: found };
    },
  }),
  endpoint({
    id: 'getRecordPublicity',
    method: 'get',
    path: '/v1/records/{id}/publicity',
    tag: 'Publicity',
    summary: 'Whether the public sees a record, until when, and why not',
    access: ['officer', 'auditor'],
    params: ById,
    replies: recordReply,
    async handle({ params, services, noteAccess }) {
      const found = await services.publicity.stateOf(BigInt(params.id));
      if (found === undefined) throw notFound('record', params.id);
      await noteAccess('publicity.read', { recordIds: [params.id] });
      return { status: 200, json: found };
    },
  }),
  endpoint({
    id: 'withholdRecord',
    method: 'post',
    path: '/v1/records/{id}/withhold',
    tag: 'Publicity',
    summary: 'Keep a record out of publicity, for a reason that the law knows',
    access: ['officer'],
    params: ById,
    body: Publicity.Withhold,
    replies: recordReply,
    problems: ['PUBLICITY_ALREADY_WITHHELD'],
    async handle({ params, body, principal, services, noteAccess }) {
      const done = await services.publicity.withhold(BigInt(params.id), body, principal.name);
      if (done === undefined) throw notFound('record', params.id);
      await noteAccess('publicity.withhold', { recordIds: [params.id], ground: body.reason });
      return { status: 200, json: done };
    },
  }),
  endpoint({
    id: 'releaseRecord',
    method: 'post',
    path: '/v1/records/{id}/release',
    tag: 'Publicity',
    summary: 'Let a withheld record back into publicity',
    access: ['officer'],
    params: ById,
    body: Publicity.Release,
    replies: recordReply,
    problems: ['PUBLICITY_NOT_WITHHELD'],
    async handle({ params, body, principal, services, noteAccess }) {
      const done = await services.publicity.release(BigInt(params.id), body.note, principal.name);
      if (done === undefined) throw notFound('record', params.id);
      await noteAccess('publicity.release', { recordIds: [params.id] });
      return { status: 200, json: done };
    },
  }),
];
