import { z } from 'zod';
import { ALL_ROLES, endpoint, type Endpoint } from '../endpoint.ts';
import { Page } from '../schemas/common.ts';
import * as System from '../schemas/system.ts';
import { VERSION } from '../version.ts';
import type { TokenRow } from '../../store/users.ts';

export const systemEndpoints: readonly Endpoint[] = [
  endpoint({
    id: 'getHealth',
    method: 'get',
    path: '/v1/health',
    tag: 'System',
    summary: 'Whether the process lives',
    access: 'public',
    replies: { 200: { description: 'It does.', schema: System.Health } },
    handle: async () => ({ status: 200, json: { status: 'ok', version: VERSION } }),
  }),
  endpoint({
    id: 'getReadiness',
    method: 'get',
    path: '/v1/ready',
    tag: 'System',
    summary: 'Whether the node can do all its work',
    access: 'public',
    replies: {
      200: { description: 'It can.', schema: System.Readiness },
      503: {
        description: 'It cannot; what still works goes on, and the rest resumes by itself.',
        schema: System.Readiness,
      },
    },
    async handle({ services }) {
      const readiness = await services.health.readiness();
      return { status: readiness.ready ? 200 : 503, json: readiness };
    },
  }),
  endpoint({
    id: 'checkStore',
    method: 'get',
    path: '/v1/check',
    tag: 'System',
    summary: 'Whether store, journal, tree and chain agree',
    access: ['operator', 'auditor'],
    query: z.object({
      newest: z.coerce.number().int().min(1).max(1_000_000).optional().meta({
        description: 'How many of the newest batches are opened; all when left out.',
      }),
    }),
    replies: {
      200: { description: 'What was looked at, and what does not hold.', schema: System.StoreReport },
    },
    handle: async ({ query, services }) => ({
      status: 200,
      json: await services.checks.run(query.newest),
    }),
  }),
  endpoint({
    id: 'makeBackup',
    method: 'post',
    path: '/v1/backups',
    tag: 'System',
    summary: 'A backup of the node as it is now, sealed under its own key',
    access: ['operator'],
    replies: { 200: { description: 'The file.', mediaType: 'application/octet-stream' } },
    problems: ['BUSY'],
    async handle({ services, noteAccess }) {
      await noteAccess('backup.make', {});
      const { bytes, mediaType, name } = await services.backups.make();
      return { status: 200, file: { bytes, mediaType, name } };
    },
  }),
  endpoint({
    id: 'listTokens',
    method: 'get',
    path: '/v1/tokens',
    tag: 'System',
    summary: 'API tokens, without what would let somebody use them',
    access: ['operator', 'auditor'],
    replies: { 200: { description: 'The tokens.', schema: System.Tokens } },
    handle: async ({ services }) => ({
      status: 200,
      json: { items: (await services.tokens.list()).map(tokenView) },
    }),
  }),
  endpoint({
    id: 'createToken',
    method: 'post',
    path: '/v1/tokens',
    tag: 'System',
    summary: 'Make an API token for a person or a program',
    access: ['operator'],
    body: System.CreateToken,
    replies: { 201: { description: 'The token, shown this once.', schema: System.CreatedToken } },
    problems: ['TOKEN_NAME_TAKEN'],
    async handle({ body, services, noteAccess }) {
      const { secret, ...row } = await services.tokens.create(body.name, body.role);
      await noteAccess('token.create', { name: body.name, role: body.role });
      return {
        status: 201,
        json: { ...tokenView(row), token: secret },
        headers: { 'cache-control': 'no-store' },
      };
    },
  }),
  endpoint({
    id: 'revokeToken',
    method: 'post',
    path: '/v1/tokens/{name}/revoke',
    tag: 'System',
    summary: 'Revoke an API token',
    access: ['operator'],
    params: z.object({ name: System.TokenName }),
    replies: { 204: { description: 'Revoked; it works no more.' } },
    async handle({ params, services, noteAccess }) {
      await services.tokens.revoke(params.name);
      await noteAccess('token.revoke', { name: params.name });
      return { status: 204 };
    },
  }),
  endpoint({
    id: 'listAccess',
    method: 'get',
    path: '/v1/access-log',
    tag: 'System',
    summary: 'Who looked at whose data, when and why; newest first',
    access: ['auditor'],
    query: Page,
    replies: { 200: { description: 'A page of the log.', schema: System.AccessEntries } },
    async handle({ query, services }) {
      const rows = await services.users.listAccess(
        query.limit,
        query.after === undefined ? undefined : BigInt(query.after),
      );
      const last = rows.at(-1);
      return {
        status: 200,
        json: {
          items: rows,
          next: rows.length === query.limit && last !== undefined ? last.id.toString() : null,
        },
      };
    },
  }),
  endpoint({
    id: 'whoAmI',
    method: 'get',
    path: '/v1/me',
    tag: 'System',
    summary: 'Name and role of the token in use',
    access: ALL_ROLES,
    replies: {
      200: {
        description: 'Name and role.',
        schema: z.object({ name: z.string(), role: System.Role }).meta({ id: 'Me' }),
      },
    },
    handle: async ({ principal }) => ({ status: 200, json: { name: principal.name, role: principal.role } }),
  }),
];

function tokenView({ name, role, createdAt, revokedAt, lastUsedAt }: TokenRow): Record<string, unknown> {
  return { name, role, createdAt, revokedAt, lastUsedAt };
}
