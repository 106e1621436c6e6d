import { parseUscc } from '@credit-ledger/sdk/protocol';
import { type z } from 'zod';
import { endpoint, type Endpoint } from '../endpoint.ts';
import { CreditCode, Page } from '../schemas/common.ts';
import * as Letters from '../schemas/letters.ts';

const { ById, ByItem } = Letters;
const READERS = ['officer', 'auditor'] as const;
const stepStatus = (letter: { readonly pending: unknown }): number => (letter.pending === null ? 200 : 202);
const doneStatus = (done: { readonly onItsWay: boolean }): number => (done.onItsWay ? 202 : 200);
const twice = <S extends z.ZodType>(schema: S) =>
  ({
    200: { description: 'It is in a block.', schema },
    202: { description: 'It is on its way; the node sees to it.', schema },
  }) as const;

/** A step of a letter: what is noted, and how the letter stands then. */
const step = <B extends z.ZodType>(spec: {
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
  ) => Promise<Letters.LetterDetail>;
}): Endpoint =>
  endpoint({
    id: spec.id,
    method: 'post',
    path: spec.path,
    tag: 'Commitment letters',
    summary: spec.summary,
    access: ['officer'],
    params: ById,
    body: spec.body,
    replies: twice(Letters.LetterDetail),
    problems: ['LETTER_UNKNOWN', 'LETTER_STATE_WRONG', 'STEP_ON_ITS_WAY', ...spec.problems],
    async handle({ params, body, principal, services, noteAccess }) {
      const letter = await spec.take(services, BigInt(params.id), body as z.output<B>, principal.name);
      await noteAccess(`letter.${spec.id}`, { letterId: params.id });
      return { status: stepStatus(letter), json: letter };
    },
  });

const itemEndpoints: readonly Endpoint[] = [
  endpoint({
    id: 'listLetterItems',
    method: 'get',
    path: '/v1/letter-items',
    tag: 'Commitment letters',
    summary: 'Items to which commitment letters apply, of all authorities, with their templates',
    access: READERS,
    replies: { 200: { description: 'The list.', schema: Letters.LetterItems } },
    handle: async ({ services }) => ({ status: 200, json: { items: await services.letters.items() } }),
  }),
  endpoint({
    id: 'publishLetterItem',
    method: 'post',
    path: '/v1/letter-items',
    tag: 'Commitment letters',
    summary: 'Publish an item, or a new version of it',
    access: ['officer'],
    body: Letters.PublishItem,
    replies: twice(Letters.ItemDone),
    problems: ['LETTER_ITEM_EXCLUDED', 'LETTER_ITEM_REGISTERS_INVALID', 'LETTER_NOT_AUTHORITY'],
    async handle({ body, principal, services }) {
      const done = await services.letters.publishItem(body, principal.name);
      return { status: doneStatus(done), json: done };
    },
  }),
  endpoint({
    id: 'withdrawLetterItem',
    method: 'post',
    path: '/v1/letter-items/{id}/withdraw',
    tag: 'Commitment letters',
    summary: 'Take an item out of force; letters that were offered go on',
    access: ['officer'],
    params: ByItem,
    replies: twice(Letters.ItemDone),
    problems: ['LETTER_ITEM_UNKNOWN', 'LETTER_ITEM_NOT_YOURS', 'LETTER_ITEM_NOT_IN_FORCE'],
    async handle({ params, principal, services }) {
      const done = await services.letters.withdrawItem(params.id, principal.name);
      return { status: doneStatus(done), json: done };
    },
  }),
  endpoint({
    id: 'publishLetterTemplate',
    method: 'post',
    path: '/v1/letter-items/{id}/templates',
    tag: 'Commitment letters',
    summary: 'Publish a template: the seven things to tell and the four to confirm',
    access: ['officer'],
    params: ByItem,
    body: Letters.PublishTemplate,
    replies: twice(Letters.ItemDone),
    problems: ['LETTER_TEMPLATE_INCOMPLETE', 'LETTER_TEMPLATE_KNOWN', 'LETTER_ITEM_NOT_YOURS'],
    async handle({ params, body, principal, services }) {
      const done = await services.letters.publishTemplate(params.id, body, principal.name);
      return { status: doneStatus(done), json: done };
    },
  }),
];

const drawEndpoints: readonly Endpoint[] = [
  endpoint({
    id: 'listDraws',
    method: 'get',
    path: '/v1/letter-draws',
    tag: 'Commitment letters',
    summary: 'Draws of letters to be checked, of all authorities',
    access: READERS,
    replies: { 200: { description: 'The draws.', schema: Letters.Draws } },
    handle: async ({ services }) => ({ status: 200, json: { items: await services.letters.draws() } }),
  }),
  endpoint({
    id: 'openDraw',
    method: 'post',
    path: '/v1/letter-draws',
    tag: 'Commitment letters',
    summary: 'Open a draw: its seed is made now and stays here until it is revealed',
    access: ['officer'],
    body: Letters.OpenDraw,
    replies: twice(Letters.DrawDone),
    problems: ['LETTER_DRAW_RATE_INVALID', 'LETTER_DRAW_PERIOD_INVALID', 'LETTER_NOT_AUTHORITY'],
    async handle({ body, principal, services }) {
      const done = await services.letters.openDraw(body, principal.name);
      return { status: doneStatus(done), json: done };
    },
  }),
  endpoint({
    id: 'revealDraw',
    method: 'post',
    path: '/v1/letter-draws/{id}/reveal',
    tag: 'Commitment letters',
    summary: 'Reveal a draw’s seed, within seven days from its closing',
    access: ['officer'],
    params: ById,
    replies: twice(Letters.DrawDone),
    problems: ['LETTER_DRAW_OPEN', 'LETTER_DRAW_REVEALED', 'LETTER_DRAW_TOO_LATE', 'LETTER_DRAW_NOT_YOURS'],
    async handle({ params, principal, services }) {
      const done = await services.letters.revealDraw(BigInt(params.id), principal.name);
      return { status: doneStatus(done), json: done };
    },
  }),
];

export const letterEndpoints: readonly Endpoint[] = [
  ...itemEndpoints,
  endpoint({
    id: 'offerLetter',
    method: 'post',
    path: '/v1/letters',
    tag: 'Commitment letters',
    summary: 'Offer an applicant the letter of an item; nothing of the applicant goes on chain',
    access: ['officer'],
    body: Letters.OfferLetter,
    replies: {
      201: { description: 'Offered.', schema: Letters.LetterDetail },
      202: { description: 'It is on its way; the node sees to it.', schema: Letters.LetterDetail },
    },
    problems: ['USCC_CHECK', 'LETTER_ITEM_NOT_IN_FORCE', 'LETTER_TEMPLATE_UNKNOWN'],
    async handle({ body, principal, services, noteAccess }) {
      const letter = await services.letters.offer(body, principal.name);
      const subject = await services.tokens.subjectMark(parseUscc(body.subject));
      await noteAccess('letter.offer', { letterId: letter.id, subject });
      return { status: letter.pending === null ? 201 : 202, json: letter };
    },
  }),
  endpoint({
    id: 'listLetters',
    method: 'get',
    path: '/v1/letters',
    tag: 'Commitment letters',
    summary: 'Letters of ours, newest first, without their subjects; with a subject, its own',
    access: READERS,
    query: Page.extend({ subject: CreditCode.optional() }),
    replies: { 200: { description: 'A page of letters.', schema: Letters.Letters } },
    problems: ['USCC_CHECK'],
    async handle({ query, services, noteAccess }) {
      const uscc = query.subject === undefined ? undefined : parseUscc(query.subject);
      if (uscc !== undefined) {
        await noteAccess('letters.find', { subject: await services.tokens.subjectMark(uscc) });
      }
      return { status: 200, json: await services.letters.list(uscc, query) };
    },
  }),
  endpoint({
    id: 'getLetter',
    method: 'get',
    path: '/v1/letters/{id}',
    tag: 'Commitment letters',
    summary: 'A letter: where it stands, what is possible, what is late',
    access: READERS,
    params: ById,
    replies: { 200: { description: 'The letter.', schema: Letters.LetterDetail } },
    problems: ['LETTER_UNKNOWN'],
    async handle({ params, services, noteAccess }) {
      const letter = await services.letters.get(BigInt(params.id));
      await noteAccess('letter.read', { letterId: params.id });
      return { status: 200, json: letter };
    },
  }),
  endpoint({
    id: 'informApplicant',
    method: 'post',
    path: '/v1/letters/{id}/inform',
    tag: 'Commitment letters',
    summary: 'Inform the applicant of everything at once; gives what it signs',
    access: ['officer'],
    params: ById,
    body: Letters.InformApplicant,
    replies: twice(Letters.InformedLetter),
    problems: [
      'LETTER_STATE_WRONG',
      'LETTER_APPLICANT_KEY_USED',
      'LETTER_PUBLICATION_INVALID',
      'LETTER_PROMISE_BY_INVALID',
    ],
    async handle({ params, body, principal, services, noteAccess }) {
      const informed = await services.letters.inform(BigInt(params.id), body, principal.name);
      await noteAccess('letter.inform', { letterId: params.id });
      return { status: stepStatus(informed.letter), json: informed };
    },
  }),
  endpoint({
    id: 'getLetterToSign',
    method: 'get',
    path: '/v1/letters/{id}/to-sign',
    tag: 'Commitment letters',
    summary: 'What the applicant was given to sign, once more',
    access: READERS,
    params: ById,
    replies: { 200: { description: 'To be signed.', schema: Letters.LetterToSign } },
    problems: ['LETTER_UNKNOWN', 'LETTER_STATE_WRONG'],
    async handle({ params, services, noteAccess }) {
      const toSign = await services.letters.toSign(BigInt(params.id));
      await noteAccess('letter.to-sign', { letterId: params.id });
      return { status: 200, json: toSign };
    },
  }),
  endpoint({
    id: 'promiseLetter',
    method: 'post',
    path: '/v1/letters/{id}/promise',
    tag: 'Commitment letters',
    summary:
      'Take the applicant’s signature; the registers are asked, and the promise is sent when all say YES',
    access: ['officer'],
    params: ById,
    body: Letters.PromiseLetter,
    replies: { 202: { description: 'The registers are being asked.', schema: Letters.LetterDetail } },
    problems: [
      'LETTER_WRONG_APPLICANT_SIGNATURE',
      'LETTER_TOO_LATE',
      'LETTER_NOT_ELIGIBLE',
      'LETTER_STATE_WRONG',
    ],
    async handle({ params, body, principal, services, noteAccess }) {
      const letter = await services.letters.promise(BigInt(params.id), body, principal.name);
      await noteAccess('letter.promise', { letterId: params.id });
      return { status: 202, json: letter };
    },
  }),
  step({
    id: 'decideLetter',
    path: '/v1/letters/{id}/decide',
    summary: 'The application was decided, and how the promise is checked',
    body: Letters.DecideLetter,
    problems: ['LETTER_CHECK_INVALID'],
    take: (services, id, body, by) => services.letters.decide(id, body, by),
  }),
  step({
    id: 'checkLetter',
    path: '/v1/letters/{id}/check',
    summary: 'What the check found; a false commitment becomes an adverse record in the same step',
    body: Letters.CheckLetter,
    problems: [
      'LETTER_OUTCOME_INVALID',
      'LETTER_LEGAL_BASIS_MISSING',
      'LETTER_RECORD_KNOWN',
      'REGISTER_NOT_OPEN',
    ],
    take: (services, id, body, by) => services.letters.check(id, body, by),
  }),
  endpoint({
    id: 'drawUpWithdrawal',
    method: 'post',
    path: '/v1/letters/{id}/withdrawal',
    tag: 'Commitment letters',
    summary: 'Draw up a withdrawal for the applicant to sign; nothing is sent',
    access: ['officer'],
    params: ById,
    body: Letters.WithReason,
    replies: { 200: { description: 'To be signed.', schema: Letters.Withdrawal } },
    problems: ['LETTER_STATE_WRONG', 'LETTER_REASON_MISSING'],
    async handle({ params, body, services, noteAccess }) {
      const drawnUp = await services.letters.drawUpWithdrawal(BigInt(params.id), body.reason);
      await noteAccess('letter.withdrawal', { letterId: params.id });
      return { status: 200, json: drawnUp };
    },
  }),
  step({
    id: 'withdrawLetter',
    path: '/v1/letters/{id}/withdraw',
    summary: 'Relay the applicant’s withdrawal, before the decision; it leaves no adverse trace',
    body: Letters.WithdrawLetter,
    problems: ['LETTER_WRONG_APPLICANT_SIGNATURE', 'DOCUMENT_NOT_SALTED'],
    take: (services, id, body, by) => services.letters.withdraw(id, body, by),
  }),
  endpoint({
    id: 'relayWithdrawal',
    method: 'post',
    path: '/v1/letter-withdrawals',
    tag: 'Commitment letters',
    summary: 'Relay the withdrawal of a letter of any authority',
    access: ['officer'],
    body: Letters.RelayWithdrawal,
    replies: twice(Letters.Relayed),
    problems: ['LETTER_UNKNOWN', 'LETTER_STATE_WRONG', 'LETTER_WRONG_APPLICANT_SIGNATURE'],
    async handle({ body, principal, services }) {
      const done = await services.letters.relayWithdrawal(body, principal.name);
      return { status: doneStatus(done), json: done };
    },
  }),
  step({
    id: 'refuseLetter',
    path: '/v1/letters/{id}/refuse',
    summary: 'The ordinary procedure is taken',
    body: Letters.RefuseLetter,
    problems: [],
    take: (services, id, body, by) => services.letters.refuse(id, body, by),
  }),
  step({
    id: 'terminateLetter',
    path: '/v1/letters/{id}/terminate',
    summary: 'End a letter before the decision',
    body: Letters.WithReason,
    problems: ['LETTER_REASON_MISSING'],
    take: (services, id, body, by) => services.letters.terminate(id, body.reason, by),
  }),
  endpoint({
    id: 'getLetterCopies',
    method: 'get',
    path: '/v1/letters/{id}/copies',
    tag: 'Commitment letters',
    summary: 'The two signed copies of a promised letter, each a receipt',
    access: READERS,
    params: ById,
    replies: { 200: { description: 'The agency’s copy and the applicant’s.', schema: Letters.LetterCopies } },
    problems: ['LETTER_UNKNOWN', 'LETTER_STATE_WRONG'],
    async handle({ params, services, noteAccess }) {
      const copies = await services.letters.copies(BigInt(params.id));
      await noteAccess('letter.copies', { letterId: params.id });
      return { status: 200, json: copies };
    },
  }),
  ...drawEndpoints,
];
