import { parseUscc } from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { Id, Page } from '../schemas/common.ts';
import * as Filings from '../schemas/filings.ts';
import { ById, Relayed, Signed } from '../schemas/letters.ts';

const READERS = ['officer', 'auditor'] as const;
const doneStatus = (done: { readonly onItsWay: boolean }): number => (done.onItsWay ? 202 : 200);
const twice = <S extends z.ZodType>(schema: S) =>
  ({
    200: { description: 'It is in a block.', schema },
    202: { description: 'It is on its way; the node sees to it.', schema },
  }) as const;

const filingStep = <B extends z.ZodType>(spec: {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  readonly body: B;
  readonly problems: readonly string[];
  readonly take: (
    services: Parameters<Endpoint['handle']>[0]['services'],
    id: bigint,
    body: z.output<B>,
    by: string,
  ) => Promise<Filings.FilingDetail>;
}): Endpoint =>
  endpoint({
    id: spec.id,
    method: 'post',
    path: spec.path,
    tag: 'Incomplete filings',
    summary: spec.summary,
    access: ['officer'],
    params: ById,
    body: spec.body,
    replies: twice(Filings.FilingDetail),
    problems: ['FILING_UNKNOWN', 'FILING_STATE_WRONG', 'STEP_ON_ITS_WAY', ...spec.problems],
    async handle({ params, body, principal, services, noteAccess }) {
      const filing = await spec.take(services, BigInt(params.id), body as z.output<B>, principal.name);
      await noteAccess(`filing.${spec.id}`, { filingId: params.id });
      return { status: filing.pending === null ? 200 : 202, json: filing };
    },
  });

export const filingEndpoints: readonly Endpoint[] = [
  endpoint({
    id: 'takeInFiling',
    method: 'post',
    path: '/v1/filings',
    tag: 'Incomplete filings',
    summary: 'Take a filing in that lacks documents; gives the promise that the applicant signs',
    access: ['officer'],
    body: Filings.TakeInFiling,
    replies: { 201: { description: 'To be signed; nothing was sent.', schema: Filings.TakenIn } },
    problems: ['USCC_CHECK', 'FILING_CALENDAR_NOT_COVERED', 'FILING_APPLICANT_KEY_USED'],
    async handle({ body, principal, services, noteAccess }) {
      const taken = await services.filings.takeIn(body, principal.name);
      const subject = await services.tokens.subjectMark(parseUscc(body.subject));
      await noteAccess('filing.take-in', { filingId: taken.filing.id, subject });
      return { status: 201, json: taken };
    },
  }),
  endpoint({
    id: 'listFilings',
    method: 'get',
    path: '/v1/filings',
    tag: 'Incomplete filings',
    summary: 'Filings of ours, newest first, with due days and days left',
    access: READERS,
    query: Page,
    replies: { 200: { description: 'A page of filings.', schema: Filings.Filings } },
    handle: async ({ query, services }) => ({ status: 200, json: await services.filings.list(query) }),
  }),
  endpoint({
    id: 'listMemberFilings',
    method: 'get',
    path: '/v1/member-filings',
    tag: 'Incomplete filings',
    summary: 'Filings of all authorities as the chain has them, and which are overdue',
    access: READERS,
    replies: {
      200: { description: 'The filings, without anything of applicants.', schema: Filings.MemberFilings },
    },
    handle: async ({ services }) => ({ status: 200, json: { items: await services.filings.ofMembers() } }),
  }),
  endpoint({
    id: 'markFilingOverdue',
    method: 'post',
    path: '/v1/member-filings/{id}/overdue',
    tag: 'Incomplete filings',
    summary: 'Mark any authority’s filing, by its number on chain, whose due day has passed',
    access: ['officer'],
    params: ById,
    replies: twice(Relayed),
    problems: ['FILING_UNKNOWN', 'FILING_NOT_YET_OVERDUE', 'FILING_STATE_WRONG'],
    async handle({ params, principal, services }) {
      const done = await services.filings.markOverdue(BigInt(params.id), principal.name);
      return { status: doneStatus(done), json: done };
    },
  }),
  endpoint({
    id: 'getFiling',
    method: 'get',
    path: '/v1/filings/{id}',
    tag: 'Incomplete filings',
    summary: 'A filing of ours',
    access: READERS,
    params: ById,
    replies: { 200: { description: 'The filing.', schema: Filings.FilingDetail } },
    problems: ['FILING_UNKNOWN'],
    async handle({ params, services, noteAccess }) {
      const filing = await services.filings.get(BigInt(params.id));
      await noteAccess('filing.read', { filingId: params.id });
      return { status: 200, json: filing };
    },
  }),
  endpoint({
    id: 'getFilingToSign',
    method: 'get',
    path: '/v1/filings/{id}/to-sign',
    tag: 'Incomplete filings',
    summary: 'What the applicant was given to sign, once more',
    access: READERS,
    params: ById,
    replies: { 200: { description: 'To be signed.', schema: Filings.FilingToSign } },
    problems: ['FILING_UNKNOWN'],
    async handle({ params, services, noteAccess }) {
      const toSign = await services.filings.toSign(BigInt(params.id));
      await noteAccess('filing.to-sign', { filingId: params.id });
      return { status: 200, json: toSign };
    },
  }),
  filingStep({
    id: 'acceptFiling',
    path: '/v1/filings/{id}/accept',
    summary: 'Accept a filing against the applicant’s signature; the due day comes from the chain',
    body: Signed,
    problems: ['FILING_WRONG_APPLICANT_SIGNATURE', 'FILING_CALENDAR_NOT_COVERED'],
    take: (services, id, body, by) => services.filings.accept(id, body.signature, by),
  }),
  filingStep({
    id: 'supplyFiling',
    path: '/v1/filings/{id}/supply',
    summary: 'The missing documents came',
    body: Filings.SupplyFiling,
    problems: ['FILING_NOT_YOURS'],
    take: (services, id, body, by) => services.filings.supply(id, body, by),
  }),
  filingStep({
    id: 'recordFiling',
    path: '/v1/filings/{id}/record',
    summary: 'Record that the documents came late or not at all: an adverse record in the same step',
    body: Filings.RecordFiling,
    problems: ['FILING_ENTRY_KNOWN', 'LETTER_LEGAL_BASIS_MISSING', 'REGISTER_NOT_OPEN'],
    take: (services, id, body, by) => services.filings.record(id, body, by),
  }),
];

export const pledgeEndpoints: readonly Endpoint[] = [
  endpoint({
    id: 'listPledges',
    method: 'get',
    path: '/v1/pledges',
    tag: 'Voluntary pledges',
    summary: 'Pledges published through any association, with their observations',
    access: READERS,
    replies: { 200: { description: 'The pledges.', schema: Filings.Pledges } },
    handle: async ({ services }) => ({ status: 200, json: { items: await services.pledges.list() } }),
  }),
  endpoint({
    id: 'drawUpPledge',
    method: 'post',
    path: '/v1/pledge-drafts',
    tag: 'Voluntary pledges',
    summary: 'Draw a pledge up for the company to sign; nothing is sent',
    access: ['officer'],
    body: Filings.DrawUpPledge,
    replies: { 201: { description: 'To be signed.', schema: Filings.PledgeDraft } },
    problems: ['USCC_CHECK', 'PLEDGE_NOT_ASSOCIATION', 'PLEDGE_UNTIL_INVALID'],
    async handle({ body, principal, services, noteAccess }) {
      const draft = await services.pledges.drawUp(body, principal.name);
      const subject = await services.tokens.subjectMark(parseUscc(body.subject));
      await noteAccess('pledge.draw-up', { draftId: draft.id, subject });
      return { status: 201, json: draft };
    },
  }),
  endpoint({
    id: 'publishPledge',
    method: 'post',
    path: '/v1/pledge-drafts/{id}/publish',
    tag: 'Voluntary pledges',
    summary: 'Publish a pledge that was drawn up, against the company’s signature',
    access: ['officer'],
    params: ById,
    body: Signed,
    replies: twice(Filings.PledgeDone),
    problems: ['PLEDGE_UNKNOWN', 'PLEDGE_WRONG_SIGNATURE', 'PLEDGE_KNOWN'],
    async handle({ params, body, principal, services }) {
      const done = await services.pledges.publish(BigInt(params.id), body.signature, principal.name);
      return { status: doneStatus(done), json: done };
    },
  }),
  endpoint({
    id: 'drawUpPledgeWithdrawal',
    method: 'get',
    path: '/v1/pledges/{id}/withdrawal',
    tag: 'Voluntary pledges',
    summary: 'What a company signs to take its pledge back',
    access: READERS,
    params: z.object({ id: Id }),
    replies: { 200: { description: 'To be signed.', schema: Filings.PledgeToSign } },
    problems: ['PLEDGE_UNKNOWN', 'PLEDGE_WITHDRAWN'],
    handle: async ({ params, services }) => ({
      status: 200,
      json: await services.pledges.drawUpWithdrawal(BigInt(params.id)),
    }),
  }),
  endpoint({
    id: 'withdrawPledge',
    method: 'post',
    path: '/v1/pledges/{id}/withdraw',
    tag: 'Voluntary pledges',
    summary: 'Relay that a company takes its pledge back',
    access: ['officer'],
    params: ById,
    body: Signed,
    replies: twice(Relayed),
    problems: ['PLEDGE_UNKNOWN', 'PLEDGE_WITHDRAWN', 'PLEDGE_WRONG_SIGNATURE'],
    async handle({ params, body, principal, services }) {
      const done = await services.pledges.withdraw(BigInt(params.id), body.signature, principal.name);
      return { status: doneStatus(done), json: done };
    },
  }),
  endpoint({
    id: 'observePledge',
    method: 'post',
    path: '/v1/pledges/{id}/observe',
    tag: 'Voluntary pledges',
    summary: 'Attach an observation to another association’s pledge: ours, and no finding',
    access: ['officer'],
    params: ById,
    body: Filings.ObservePledge,
    replies: twice(Filings.Observed),
    problems: ['PLEDGE_UNKNOWN', 'PLEDGE_OWN', 'PLEDGE_WITHDRAWN'],
    async handle({ params, body, principal, services }) {
      const done = await services.pledges.observe(BigInt(params.id), body.text, principal.name);
      return { status: doneStatus(done), json: done };
    },
  }),
];
