import type { Hex } from '@credit-ledger/sdk/protocol';
import { bytesToHex } from 'viem';
import { fromEventRow, type ChainContract, type ContractName, type LedgerEvent } from '../chain/index.ts';
import { type Database, EventStore, type EventFilter } from '../store/index.ts';

/** Where on the chain something was said, and when. */
export interface Place {
  readonly blockNumber: bigint;
  /** Unix seconds. */
  readonly time: bigint;
  readonly transactionHash: Hex;
}

export type EventOf<C extends ContractName> = Extract<LedgerEvent, { contract: C }>;

export function placeOf(event: Pick<LedgerEvent, 'blockNumber' | 'blockTime' | 'transactionHash'>): Place {
  return {
    blockNumber: event.blockNumber,
    time: event.blockTime,
    transactionHash: event.transactionHash,
  };
}

/** A member as the followed events say. */
export interface MemberSaid {
  readonly id: bigint;
  readonly name: string;
  readonly creditCode: string;
  readonly role: 'authority' | 'requester' | 'association';
  readonly active: boolean;
}

const ROLES = ['none', 'authority', 'requester', 'association'] as const;

/** Reads the followed events with their types. */
export class Followed {
  readonly #contracts: readonly ChainContract[];

  constructor(contracts: readonly ChainContract[]) {
    this.#contracts = contracts;
  }

  /** Events of a contract in the order of the chain. */
  async events<C extends ContractName>(
    db: Database,
    contract: C,
    filter: Omit<EventFilter, 'contract'> = {},
  ): Promise<EventOf<C>[]> {
    const rows = await new EventStore(db).events({ contract, ...filter });
    return rows.map((row) => fromEventRow(this.#contracts, row) as EventOf<C>);
  }

  /** A member by id; undefined when none of this id was admitted. */
  async member(db: Database, memberId: bigint): Promise<MemberSaid | undefined> {
    const events = await this.events(db, 'Consortium', {
      names: ['MemberAdmitted', 'MemberSuspended', 'MemberReinstated', 'MemberRemoved'],
      memberId,
    });
    const [admitted] = events;
    if (admitted?.name !== 'MemberAdmitted') return undefined;
    const role = ROLES[admitted.args.role] ?? 'none';
    const last = events.at(-1)?.name;
    return {
      id: memberId,
      name: admitted.args.name,
      creditCode: admitted.args.creditCode,
      role: role === 'none' ? 'requester' : role,
      active: last === 'MemberAdmitted' || last === 'MemberReinstated',
    };
  }

  /** Whether a key is, or ever was, a member's: such a key is nobody's applicant. */
  async isMembersKey(db: Database, address: Hex): Promise<boolean> {
    const events = await this.events(db, 'Consortium', { names: ['MemberAdmitted', 'KeysChanged'] });
    return events.some(({ name, args }) => {
      if (name !== 'MemberAdmitted' && name !== 'KeysChanged') return false;
      const { operator, witness } = args as { operator: Hex; witness: Hex };
      return [operator, witness].some((key) => key.toLowerCase() === address.toLowerCase());
    });
  }

  /** Every register of an authority, by rising id. */
  async registers(db: Database): Promise<bigint[]> {
    const opened = await this.events(db, 'CreditRegisters', { names: ['RegisterOpened'] });
    return opened
      .flatMap((event) => (event.name === 'RegisterOpened' ? [event.args.registerId] : []))
      .sort((a, b) => (a < b ? -1 : 1));
  }

  /** Events of a transaction: what a step of ours has made. */
  async ofTransaction<C extends ContractName>(
    db: Database,
    contract: C,
    txHash: Uint8Array,
    name: EventOf<C>['name'],
  ): Promise<EventOf<C> | undefined> {
    const [event] = await this.events(db, contract, { names: [name], txHashes: [txHash] });
    return event;
  }
}

/** Bytes of a row as the words of events. */
export function hex(bytes: Uint8Array): Hex {
  return bytesToHex(bytes);
}
