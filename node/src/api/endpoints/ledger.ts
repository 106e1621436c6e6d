import { CATALOGUE, catalogueHash, predicateHashOf, toBytes32 } from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import { ALL_ROLES, endpoint, type Endpoint } from '../endpoint.ts';
import { Hash, Id } from '../schemas/common.ts';
import * as Ledger from '../schemas/ledger.ts';

const RegisterId = z.object({ id: Id });
const MINED_OR_ON_ITS_WAY = {
  200: { description: 'It is in a block.', schema: Ledger.Sent },
  202: { description: 'It is on its way; the node sends it when the chain is there.', schema: Ledger.Sent },
} as const;
const sentStatus = (sent: Ledger.Sent): number =>
  sent.state === 'mined' || sent.state === 'nothing-to-do' ? 200 : 202;

export const ledgerEndpoints: readonly Endpoint[] = [
  endpoint({
    id: 'listRegisters',
    method: 'get',
    path: '/v1/registers',
    tag: 'Registers',
    summary: 'Registers of all members',
    access: ALL_ROLES,
    replies: { 200: { description: 'The registers.', schema: Ledger.Registers } },
    handle: async ({ services }) => ({ status: 200, json: { items: await services.registers.list() } }),
  }),
  endpoint({
    id: 'openRegister',
    method: 'post',
    path: '/v1/registers',
    tag: 'Registers',
    summary: "Open the agency's register",
    access: ['operator'],
    body: Ledger.OpenRegister,
    replies: MINED_OR_ON_ITS_WAY,
    async handle({ body, services }) {
      const sent = await services.registers.open(body.promiseSeconds);
      return { status: sentStatus(sent), json: sent };
    },
  }),
  endpoint({
    id: 'anchor',
    method: 'post',
    path: '/v1/registers/{id}/anchor',
    tag: 'Registers',
    summary: 'Put what waits in batches and send them, ahead of the schedule',
    access: ['operator', 'officer'],
    params: RegisterId,
    replies: { 202: { description: 'Decided and on its way.', schema: Ledger.Anchored } },
    async handle({ params, services }) {
      return { status: 202, json: await services.registers.anchor(BigInt(params.id)) };
    },
  }),
  endpoint({
    id: 'heartbeat',
    method: 'post',
    path: '/v1/registers/{id}/heartbeat',
    tag: 'Registers',
    summary: 'Stand by the current root',
    access: ['operator'],
    params: RegisterId,
    replies: MINED_OR_ON_ITS_WAY,
    async handle({ params, services }) {
      const sent = await services.registers.heartbeat(BigInt(params.id));
      return { status: sentStatus(sent), json: sent };
    },
  }),
  endpoint({
    id: 'listGrants',
    method: 'get',
    path: '/v1/grants',
    tag: 'Grants',
    summary: 'Grants on the chain, given by us or to us',
    access: ALL_ROLES,
    replies: { 200: { description: 'The grants.', schema: Ledger.Grants } },
    handle: async ({ services }) => ({ status: 200, json: { items: await services.grants.list() } }),
  }),
  endpoint({
    id: 'giveGrant',
    method: 'post',
    path: '/v1/grants',
    tag: 'Grants',
    summary: 'Give a grant',
    access: ['officer'],
    body: Ledger.GiveGrant,
    replies: {
      201: { description: 'Given.', schema: Ledger.Grant },
      202: { description: 'On its way; the node sends it when the chain is there.', schema: Ledger.Sent },
    },
    problems: ['APPLICATION_UNKNOWN', 'CHAIN_REVERTED'],
    async handle({ body, services }) {
      const given = await services.grants.give(body);
      return { status: 'id' in given ? 201 : 202, json: given };
    },
  }),
  endpoint({
    id: 'revokeGrant',
    method: 'post',
    path: '/v1/grants/{id}/revoke',
    tag: 'Grants',
    summary: 'Revoke a grant of ours',
    access: ['officer'],
    params: z.object({ id: Hash }),
    replies: MINED_OR_ON_ITS_WAY,
    async handle({ params, services }) {
      const sent = await services.grants.revoke(params.id);
      return { status: sentStatus(sent), json: sent };
    },
  }),
  endpoint({
    id: 'getChain',
    method: 'get',
    path: '/v1/chain',
    tag: 'Ledger',
    summary: 'How far the chain was followed, and what is on its way to it',
    access: ALL_ROLES,
    replies: { 200: { description: 'The state.', schema: Ledger.ChainStatus } },
    handle: async ({ services }) => ({ status: 200, json: await services.ledger.status() }),
  }),
  endpoint({
    id: 'listOutbox',
    method: 'get',
    path: '/v1/chain/outbox',
    tag: 'Ledger',
    summary: 'Transactions of the node, newest first',
    access: ['operator', 'auditor'],
    query: z.object({ state: z.enum(['queued', 'sent', 'mined', 'failed']).optional() }),
    replies: { 200: { description: 'The latest hundred.', schema: Ledger.OutboxItems } },
    handle: async ({ query, services }) => ({
      status: 200,
      json: { items: await services.ledger.outbox(query.state) },
    }),
  }),
  endpoint({
    id: 'getNetwork',
    method: 'get',
    path: '/v1/network',
    tag: 'Ledger',
    summary: 'The network file',
    access: ALL_ROLES,
    replies: { 200: { description: 'To be pinned by verifiers.', schema: Ledger.NetworkFile } },
    handle: async ({ services }) => ({ status: 200, json: await services.ledger.network() }),
  }),
  endpoint({
    id: 'listMembers',
    method: 'get',
    path: '/v1/members',
    tag: 'Ledger',
    summary: 'Members of the consortium',
    access: ALL_ROLES,
    replies: { 200: { description: 'The members.', schema: Ledger.Members } },
    handle: async ({ services }) => ({ status: 200, json: { items: await services.ledger.members() } }),
  }),
  endpoint({
    id: 'listApplications',
    method: 'get',
    path: '/v1/applications',
    tag: 'Ledger',
    summary: 'Applications and their predicates: what may be asked',
    access: ALL_ROLES,
    replies: { 200: { description: 'The catalogue.', schema: Ledger.Applications } },
    handle: async () => ({ status: 200, json: catalogue() }),
  }),
  endpoint({
    id: 'makeCheckpoint',
    method: 'post',
    path: '/v1/checkpoints',
    tag: 'Ledger',
    summary: 'Make a checkpoint and gather the witnesses’ signatures',
    access: ['officer', 'auditor'],
    body: Ledger.MakeCheckpoint,
    replies: { 201: { description: 'Signed by enough witnesses.', schema: Ledger.Checkpoint } },
    async handle({ body, services }) {
      return {
        status: 201,
        json: await services.checkpoints.make(BigInt(body.registerId), body.logIds.map(BigInt)),
      };
    },
  }),
];

function catalogue(): Ledger.Applications {
  return {
    catalogueVersion: CATALOGUE.version,
    catalogueHash: catalogueHash(),
    items: CATALOGUE.applications.map(
      ({ slug, id, name, legalBasis, gateway, historicalDays, predicates }) => ({
        slug,
        id,
        name,
        legalBasis,
        gateway,
        historicalDays,
        predicates: predicates.map((listed) => ({
          slug: listed.slug,
          name: listed.name,
          predicateHash: toBytes32(predicateHashOf(listed.predicate)),
          class: listed.predicate.class,
          circuitSizes: [...listed.circuitSizes],
        })),
      }),
    ),
  };
}
