import { z } from 'zod';
import { said } from './said.ts';
import { Id, Moment, pageOf } from './common.ts';

export const Health = z.object({ status: z.literal('ok'), version: z.string() }).meta({ id: 'Health' });
const State = z.object({ ok: z.boolean(), detail: z.string() });
export const Readiness = z
  .object({ ready: z.boolean(), chain: State, store: State, journal: State, prover: State })
  .meta({
    id: 'Readiness',
    description: 'Whether the node can do all its work; imports work without the chain.',
  });
export type Readiness = z.output<typeof Readiness>;

const Said = z.object({ en: z.string(), zh: z.string() });
export const StoreReport = z
  .object({
    holds: z.boolean(),
    checks: z.array(
      z.object({
        check: z.enum(['secret', 'records', 'chains', 'openings', 'journal', 'standing', 'roots', 'head']),
        holds: z.boolean(),
        examined: z.int(),
        about: Said,
        difference: z
          .record(z.string(), z.unknown())
          .nullable()
          .meta({ description: 'Numbers that name the first difference.' }),
        mend: Said.nullable().meta({ description: 'What to do about it.' }),
      }),
    ),
  })
  .meta({ id: 'StoreReport', description: 'Whether store, journal, tree and chain agree.' });
export type StoreReport = z.output<typeof StoreReport>;

export const Role = z.enum(['officer', 'auditor', 'operator']);
export const TokenName = z.string().regex(
  /^[\p{L}\p{N}][\p{L}\p{N} ._@-]{0,63}$/u,
  said({
    en: 'expected 1 to 64 letters, digits, spaces or . _ @ -',
    zh: '应为 1 至 64 个文字、数字、空格或 . _ @ -',
  }),
);
export const Token = z
  .object({
    name: z.string(),
    role: Role,
    createdAt: Moment,
    revokedAt: Moment.nullable(),
    lastUsedAt: Moment.nullable(),
  })
  .meta({ id: 'Token' });
export type Token = z.output<typeof Token>;
export const Tokens = z.object({ items: z.array(Token) }).meta({ id: 'Tokens' });
export const CreateToken = z.strictObject({ name: TokenName, role: Role }).meta({ id: 'CreateToken' });
export const CreatedToken = Token.extend({
  token: z.string().meta({ description: 'Shown this once.' }),
}).meta({ id: 'CreatedToken' });

export const AccessEntry = z
  .object({
    id: Id,
    at: Moment,
    tokenName: z.string(),
    action: z.string(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AccessEntry' });
export const AccessEntries = pageOf(AccessEntry, 'AccessEntries');
