import type { Database } from './database.ts';

/** A sharing grant as the followed events tell it. */
export interface GrantRow {
  /** 0x and 64 lower-case digits. */
  readonly grantId: string;
  readonly grantor: bigint;
  /** 1 = a member, 2 = all members of a region. */
  readonly granteeKind: number;
  readonly grantee: bigint;
  readonly applicationId: string;
  /** A bit `1 << class` for each ledger class. */
  readonly classes: number;
  /** Unix seconds, both inclusive. */
  readonly validFrom: bigint;
  readonly validUntil: bigint;
  /** 0 = no limit. */
  readonly maxUses: number;
  readonly consentRequired: boolean;
  readonly uses: number;
  readonly revoked: boolean;
  readonly blockNumber: bigint;
}

export interface GrantFilter {
  readonly grantId?: string;
  readonly grantor?: bigint;
  /** Grants that this member may use: given to it, or to its region. */
  readonly usableBy?: { readonly memberId: bigint; readonly region: number };
  readonly applicationId?: string;
}

interface Row {
  args: {
    grantId: string;
    grantor: string;
    grantee: string;
    granteeKind: string | number;
    applicationId: string;
    classes: string | number;
    validFrom: string;
    validUntil: string;
    maxUses: string | number;
    consentRequired: boolean;
  };
  block_number: string;
  revoked: boolean;
  uses: string | null;
}

/** Grants, derived from the followed events alone: there is nothing to keep in step. */
export class GrantStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Newest first. */
  async list(filter: GrantFilter = {}): Promise<GrantRow[]> {
    const rows = await this.#db.query<Row>(
      `SELECT g.args, g.block_number,
         EXISTS (SELECT 1 FROM chain_events r
                 WHERE r.contract = 'SharingGrants' AND r.name = 'GrantRevoked'
                   AND r.args->>'grantId' = g.args->>'grantId') AS revoked,
         (SELECT max((u.args->>'uses')::bigint) FROM chain_events u
          WHERE u.contract = 'SharingGrants' AND u.name = 'GrantUsed'
            AND u.args->>'grantId' = g.args->>'grantId') AS uses
       FROM chain_events g
       WHERE g.contract = 'SharingGrants' AND g.name = 'GrantGiven'
         AND ($1::text IS NULL OR g.args->>'grantId' = $1)
         AND ($2::text IS NULL OR g.args->>'grantor' = $2)
         AND ($3::text IS NULL OR g.args->>'applicationId' = $3)
         AND ($4::text IS NULL OR (g.args->>'granteeKind' = '1' AND g.args->>'grantee' = $4)
                               OR (g.args->>'granteeKind' = '2' AND g.args->>'grantee' = $5))
       ORDER BY g.block_number DESC, g.log_index DESC`,
      [
        filter.grantId ?? null,
        filter.grantor?.toString() ?? null,
        filter.applicationId ?? null,
        filter.usableBy?.memberId.toString() ?? null,
        filter.usableBy?.region.toString() ?? null,
      ],
    );
    return rows.map(({ args, block_number, revoked, uses }) => ({
      grantId: args.grantId,
      grantor: BigInt(args.grantor),
      granteeKind: Number(args.granteeKind),
      grantee: BigInt(args.grantee),
      applicationId: args.applicationId,
      classes: Number(args.classes),
      validFrom: BigInt(args.validFrom),
      validUntil: BigInt(args.validUntil),
      maxUses: Number(args.maxUses),
      consentRequired: args.consentRequired,
      uses: Number(uses ?? 0),
      revoked,
      blockNumber: BigInt(block_number),
    }));
  }
}
