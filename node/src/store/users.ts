import { json, type Database } from './database.ts';

export type UserRole = 'officer' | 'auditor' | 'operator';

/** An API token, without anything that would let somebody use it. */
export interface TokenRow {
  readonly id: bigint;
  readonly name: string;
  readonly role: UserRole;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

export interface AccessRow {
  readonly id: bigint;
  readonly at: Date;
  readonly tokenName: string;
  readonly action: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

interface Row {
  id: string;
  name: string;
  role: UserRole;
  created_at: Date;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

const COLUMNS = 'id, name, role, created_at, revoked_at, last_used_at';

/** Local users by API token, and the log of what they did. Holds hashes, never tokens. */
export class UserStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Undefined when the name is taken, by a revoked token too: names stay one person's in the log. */
  async createToken(
    token: { readonly name: string; readonly role: UserRole; readonly tokenHash: Uint8Array },
    now: Date,
  ): Promise<TokenRow | undefined> {
    const [row] = await this.#db.query<Row>(
      `INSERT INTO api_tokens (name, role, token_hash, created_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (name) DO NOTHING RETURNING ${COLUMNS}`,
      [token.name, token.role, token.tokenHash, now],
    );
    return row === undefined ? undefined : fromRow(row);
  }

  /** The token with this hash, unless it was revoked. */
  async activeToken(tokenHash: Uint8Array): Promise<TokenRow | undefined> {
    const [row] = await this.#db.query<Row>(
      `SELECT ${COLUMNS} FROM api_tokens WHERE token_hash = $1 AND revoked_at IS NULL`,
      [tokenHash],
    );
    return row === undefined ? undefined : fromRow(row);
  }

  async listTokens(): Promise<TokenRow[]> {
    return (await this.#db.query<Row>(`SELECT ${COLUMNS} FROM api_tokens ORDER BY id`)).map(fromRow);
  }

  /** False when there is no such token or it was revoked before. */
  async revokeToken(name: string, now: Date): Promise<boolean> {
    const rows = await this.#db.query(
      'UPDATE api_tokens SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL RETURNING id',
      [name, now],
    );
    return rows.length === 1;
  }

  async markTokenUsed(id: bigint, now: Date): Promise<void> {
    await this.#db.query('UPDATE api_tokens SET last_used_at = $2 WHERE id = $1', [id, now]);
  }

  /** Notes who did what. `detail` must hold ids, never records. */
  async logAccess(entry: Omit<AccessRow, 'id'>): Promise<void> {
    await this.#db.query('INSERT INTO access_log (at, token_name, action, detail) VALUES ($1, $2, $3, $4)', [
      entry.at,
      entry.tokenName,
      entry.action,
      json(entry.detail),
    ]);
  }

  /** Newest first; `beforeId` continues a listing. */
  async listAccess(limit: number, beforeId?: bigint): Promise<AccessRow[]> {
    const rows = await this.#db.query<{
      id: string;
      at: Date;
      token_name: string;
      action: string;
      detail: Record<string, unknown>;
    }>(
      `SELECT id, at, token_name, action, detail FROM access_log
       WHERE $2::bigint IS NULL OR id < $2 ORDER BY id DESC LIMIT $1`,
      [limit, beforeId ?? null],
    );
    return rows.map((row) => ({
      id: BigInt(row.id),
      at: row.at,
      tokenName: row.token_name,
      action: row.action,
      detail: row.detail,
    }));
  }
}

function fromRow(row: Row): TokenRow {
  return {
    id: BigInt(row.id),
    name: row.name,
    role: row.role,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}
