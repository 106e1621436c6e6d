import { createHmac, randomBytes } from 'node:crypto';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { Clock } from '../clock.ts';
import type { Keyring } from '../keys/index.ts';
import type { TokenRow, UserRole, UserStore } from '../store/users.ts';
import type { Principal } from './endpoint.ts';
import { notFound } from './problem.ts';

const TOKEN = /^clt_[A-Za-z0-9_-]{43}$/;
const LAST_USED_EVERY_MS = 60_000;

/**
 * Local users by API token: 256 random bits, shown once, stored only as
 * HMAC-SHA256 under the keyring's pepper. A token is looked up by that hash, so
 * that no comparison takes a time which depends on the token's own characters,
 * and neither a stolen database nor a guesser's stopwatch says anything about it.
 */
export class Tokens {
  readonly #users: UserStore;
  readonly #keyring: Pick<Keyring, 'tokenPepper'>;
  readonly #clock: Clock;

  constructor(users: UserStore, keyring: Pick<Keyring, 'tokenPepper'>, clock: Clock) {
    this.#users = users;
    this.#keyring = keyring;
    this.#clock = clock;
  }

  /** Makes a token. The secret is in the result and nowhere else. Errors: `TOKEN_NAME_TAKEN`. */
  async create(name: string, role: UserRole): Promise<TokenRow & { readonly secret: string }> {
    const secret = `clt_${randomBytes(32).toString('base64url')}`;
    const row = await this.#users.createToken(
      { name, role, tokenHash: await this.#hash(secret) },
      this.#clock.now(),
    );
    if (row === undefined) {
      throw new LedgerError(
        'TOKEN_NAME_TAKEN',
        {
          en: `The name “${name}” was given to a token before; names stay one person's in the log.`,
          zh: `名称“${name}”已被使用过；为保持日志可追溯，名称不可重复使用。`,
        },
        { name },
      );
    }
    return { ...row, secret };
  }

  list(): Promise<TokenRow[]> {
    return this.#users.listTokens();
  }

  /** Errors: `NOT_FOUND` when there is no such token in use. */
  async revoke(name: string): Promise<void> {
    if (!(await this.#users.revokeToken(name, this.#clock.now()))) throw notFound('token', name);
  }

  /**
   * The user of an Authorization header.
   * Errors: `TOKEN_MISSING`, `TOKEN_INVALID` (malformed, unknown and revoked alike).
   */
  async authenticate(header: string | undefined): Promise<Principal> {
    if (header === undefined || header === '') {
      throw new LedgerError('TOKEN_MISSING', {
        en: 'An API token is needed: Authorization: Bearer <token>.',
        zh: '需要 API 令牌：Authorization: Bearer <令牌>。',
      });
    }
    const secret = /^Bearer ([^\s]+)$/i.exec(header)?.[1];
    const row =
      secret !== undefined && TOKEN.test(secret)
        ? await this.#users.activeToken(await this.#hash(secret))
        : undefined;
    if (row === undefined) {
      throw new LedgerError('TOKEN_INVALID', {
        en: 'The API token is not valid, or was revoked.',
        zh: 'API 令牌无效或已撤销。',
      });
    }
    const now = this.#clock.now();
    if (row.lastUsedAt === null || now.getTime() - row.lastUsedAt.getTime() > LAST_USED_EVERY_MS) {
      await this.#users.markTokenUsed(row.id, now);
    }
    return { name: row.name, role: row.role };
  }

  /** A name for a subject in the access log: the same subject, the same name; not to be turned back without the pepper. */
  async subjectMark(uscc: string): Promise<string> {
    return createHmac('sha256', await this.#keyring.tokenPepper())
      .update(`subject:${uscc}`)
      .digest('hex')
      .slice(0, 32);
  }

  async #hash(secret: string): Promise<Uint8Array> {
    return createHmac('sha256', await this.#keyring.tokenPepper())
      .update(`token:${secret}`)
      .digest();
  }
}
