import { insertRows, json, type Database, type Parameter } from './database.ts';

/** A block of the followed chain, as far back as a fork may reach and sparsely before. */
export interface BlockRow {
  readonly number: bigint;
  readonly hash: Uint8Array;
  readonly parentHash: Uint8Array;
  /** Unix seconds. */
  readonly time: bigint;
}

/** A decoded event. `args`: integers as decimal strings, bytes and addresses as lower-case hexadecimal. */
export interface EventRow {
  readonly blockNumber: bigint;
  readonly logIndex: number;
  readonly txHash: Uint8Array;
  readonly blockTime: bigint;
  readonly contract: string;
  readonly name: string;
  readonly registerId: bigint | null;
  readonly seq: bigint | null;
  readonly memberId: bigint | null;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface EventFilter {
  readonly contract?: string;
  readonly names?: readonly string[];
  readonly registerId?: bigint;
  readonly seq?: bigint;
  readonly memberId?: bigint;
  /** Only events whose argument of this name (`notice.applicant`: within a struct) is one of these, as stored. */
  readonly arg?: { readonly name: string; readonly values: readonly string[] };
  /** Only events of these transactions. */
  readonly txHashes?: readonly Uint8Array[];
  readonly fromBlock?: bigint;
  readonly toBlock?: bigint;
  /** Go on after this event (the order is block, then log index). */
  readonly after?: { readonly blockNumber: bigint; readonly logIndex: number };
  readonly limit?: number;
}

/** What was read from the chain: blocks and events, undoable to any block. */
export class EventStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The highest block that was followed. */
  async lastBlock(): Promise<BlockRow | undefined> {
    return this.storedBlock(0);
  }

  /** The stored block that is `offset` rows below the highest one. */
  async storedBlock(offset: number): Promise<BlockRow | undefined> {
    const rows = await this.#db.query<{
      number: string;
      hash: Uint8Array;
      parent_hash: Uint8Array;
      time: string;
    }>('SELECT number, hash, parent_hash, time FROM chain_blocks ORDER BY number DESC OFFSET $1 LIMIT 1', [
      offset,
    ]);
    return rows.map(blockFromRow)[0];
  }

  async block(number: bigint): Promise<BlockRow | undefined> {
    const rows = await this.#db.query<{
      number: string;
      hash: Uint8Array;
      parent_hash: Uint8Array;
      time: string;
    }>('SELECT number, hash, parent_hash, time FROM chain_blocks WHERE number = $1', [number]);
    return rows.map(blockFromRow)[0];
  }

  async countBlocks(): Promise<number> {
    const [row] = await this.#db.query<{ n: string }>('SELECT count(*) AS n FROM chain_blocks');
    return Number(row?.n ?? 0);
  }

  async insertBlocks(blocks: readonly BlockRow[]): Promise<void> {
    await insertRows(
      this.#db,
      'chain_blocks',
      ['number', 'hash', 'parent_hash', 'time'],
      blocks.map(({ number, hash, parentHash, time }) => [number, hash, parentHash, time]),
    );
  }

  async insertEvents(events: readonly EventRow[]): Promise<void> {
    const columns = [
      'block_number',
      'log_index',
      'tx_hash',
      'block_time',
      'contract',
      'name',
      'register_id',
      'seq',
      'member_id',
      'args',
    ];
    const rows = events.map((event): Parameter[] => [
      event.blockNumber,
      event.logIndex,
      event.txHash,
      event.blockTime,
      event.contract,
      event.name,
      event.registerId,
      event.seq,
      event.memberId,
      json(event.args),
    ]);
    await insertRows(this.#db, 'chain_events', columns, rows);
  }

  /** Forgets every block and event after a block. */
  async deleteAfter(block: bigint): Promise<void> {
    await this.#db.query('DELETE FROM chain_events WHERE block_number > $1', [block]);
    await this.#db.query('DELETE FROM chain_blocks WHERE number > $1', [block]);
  }

  /** Thins blocks below `below` out to those with events and every `step`-th. */
  async pruneBlocks(below: bigint, step: number): Promise<void> {
    await this.#db.query(
      `DELETE FROM chain_blocks b WHERE number < $1 AND number % $2 <> 0
       AND NOT EXISTS (SELECT 1 FROM chain_events e WHERE e.block_number = b.number)`,
      [below, step],
    );
  }

  /** Events in the order of the chain. */
  async events(filter: EventFilter = {}): Promise<EventRow[]> {
    const conditions: string[] = [];
    const parameters: Parameter[] = [];
    const when = (condition: (place: string) => string, value: Parameter | undefined): void => {
      if (value === undefined) return;
      parameters.push(value);
      conditions.push(condition(`$${parameters.length}`));
    };
    when((p) => `contract = ${p}`, filter.contract);
    when((p) => `name = ANY(${p}::text[])`, filter.names);
    when((p) => `register_id = ${p}`, filter.registerId);
    when((p) => `seq = ${p}`, filter.seq);
    when((p) => `member_id = ${p}`, filter.memberId);
    if (filter.arg !== undefined) {
      // Written into the statement, as the indexes have it: names of the ABI and nothing else.
      const [name = '', inner] = filter.arg.name.split('.');
      if (!/^[A-Za-z]+(\.[A-Za-z]+)?$/.test(filter.arg.name))
        throw new TypeError('not the name of an argument');
      const value = inner === undefined ? `args->>'${name}'` : `args->'${name}'->>'${inner}'`;
      when((p) => `${value} = ANY(${p}::text[])`, filter.arg.values);
    }
    when((p) => `tx_hash = ANY(${p}::bytea[])`, filter.txHashes);
    when((p) => `block_number >= ${p}`, filter.fromBlock);
    when((p) => `block_number <= ${p}`, filter.toBlock);
    if (filter.after !== undefined) {
      parameters.push(filter.after.blockNumber, filter.after.logIndex);
      conditions.push(
        `(block_number, log_index) > ($${parameters.length - 1}::bigint, $${parameters.length}::integer)`,
      );
    }
    parameters.push(filter.limit ?? null);
    const rows = await this.#db.query<{
      block_number: string;
      log_index: number;
      tx_hash: Uint8Array;
      block_time: string;
      contract: string;
      name: string;
      register_id: string | null;
      seq: string | null;
      member_id: string | null;
      args: Record<string, unknown>;
    }>(
      `SELECT * FROM chain_events ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
       ORDER BY block_number, log_index LIMIT $${parameters.length}`,
      parameters,
    );
    return rows.map((row) => ({
      blockNumber: BigInt(row.block_number),
      logIndex: row.log_index,
      txHash: row.tx_hash,
      blockTime: BigInt(row.block_time),
      contract: row.contract,
      name: row.name,
      registerId: row.register_id === null ? null : BigInt(row.register_id),
      seq: row.seq === null ? null : BigInt(row.seq),
      memberId: row.member_id === null ? null : BigInt(row.member_id),
      args: row.args,
    }));
  }
}

function blockFromRow(row: {
  number: string;
  hash: Uint8Array;
  parent_hash: Uint8Array;
  time: string;
}): BlockRow {
  return { number: BigInt(row.number), hash: row.hash, parentHash: row.parent_hash, time: BigInt(row.time) };
}
