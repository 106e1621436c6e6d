import { LedgerError } from '@credit-ledger/sdk/protocol';
import { keccak256, stringToBytes } from 'viem';
import type { Database } from '../store/database.ts';
import { EventStore } from '../store/events.ts';
import { type Deployment, ledgerContracts } from './contracts.ts';
import type { FollowedEvent } from './events.ts';
import type { EventHandler } from './follower.ts';

/**
 * The version of every contract that this program was written for (`Consortium.putInForce`). A version is new when
 * its calls, events or errors mean something else than before.
 */
const UNDERSTOOD = 1;

/** A contract that the council has put in force and that this program does not know how to deal with. */
export interface NotUnderstood {
  readonly name: string;
  readonly version: number;
  /** Lower case. */
  readonly address: string;
}

/**
 * Watches which contracts the council puts in force. A node goes on only with those that it was set up for, in the
 * version that it understands: otherwise it would send to a contract that nobody asks any more, or read as facts what
 * a newer one means differently. Until it is updated it writes nothing and answers nothing; it follows and keeps on.
 * The other direction, contracts that refuse what does not know them, is theirs: each asks whether it is in force itself.
 */
export class ContractsInForce implements EventHandler<FollowedEvent> {
  readonly #expected: ReadonlyMap<string, { readonly name: string; readonly address: string }>;
  #misfits: readonly NotUnderstood[] = [];

  constructor(deployment: Deployment) {
    this.#expected = new Map(
      ledgerContracts(deployment).map(({ name, address }) => [
        keccak256(stringToBytes(name)),
        { name, address: address.toLowerCase() },
      ]),
    );
  }

  /** Before anything is sent: as far as the chain was followed when the node stopped. */
  async start(db: Database): Promise<void> {
    await this.#look(db);
  }

  notUnderstood(): readonly NotUnderstood[] {
    return this.#misfits;
  }

  /** @throws LedgerError CONTRACTS_NOT_UNDERSTOOD */
  requireUnderstood(): void {
    const [first] = this.#misfits;
    if (first === undefined) return;
    throw new LedgerError(
      'CONTRACTS_NOT_UNDERSTOOD',
      {
        en: `The council has put ${first.name} version ${first.version} at ${first.address} in force, which this node was not set up for: it writes and answers nothing until it is updated. Update the program, or its deployment file.`,
        zh: `理事会已启用 ${first.name} 第 ${first.version} 版（${first.address}），本节点不支持：升级之前不写入、不应答。请升级程序或更新部署文件。`,
      },
      { name: first.name, version: first.version, address: first.address, understood: UNDERSTOOD },
    );
  }

  async onEvents(db: Database, events: readonly FollowedEvent[]): Promise<void> {
    if (events.some(({ name }) => name === 'ContractPutInForce')) await this.#look(db);
  }

  async onRollback(db: Database, toBlock: bigint): Promise<void> {
    // What is lost may still be in the store while this is asked.
    await this.#look(db, toBlock);
  }

  async #look(db: Database, toBlock?: bigint): Promise<void> {
    const all = await new EventStore(db).events({ contract: 'Consortium', names: ['ContractPutInForce'] });
    const events = all.filter(({ blockNumber }) => toBlock === undefined || blockNumber <= toBlock);
    const latest = new Map(events.map((event) => [String(event.args['name']), event.args]));
    const misfits: NotUnderstood[] = [];
    for (const [hash, { name, address }] of this.#expected) {
      const args = latest.get(hash);
      if (args === undefined) continue;
      const inForce = {
        name,
        version: Number(args['version']),
        address: String(args['contract_']).toLowerCase(),
      };
      if (inForce.address !== address || inForce.version !== UNDERSTOOD) misfits.push(inForce);
    }
    db.afterCommit(() => {
      this.#misfits = misfits;
    });
  }
}
