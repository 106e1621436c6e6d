import type { Address } from 'viem';
import type { KeyRole, Keyring } from '../keys/keyring.ts';
import type { Database } from '../store/database.ts';
import { type EventRow, EventStore } from '../store/events.ts';
import type { FollowedEvent } from './events.ts';
import type { BlockRange, EventHandler } from './follower.ts';

/** As much of a logger as is used here. */
export interface KeyLog {
  info(operands: object, message: string): void;
  warn(operands: object, message: string): void;
}

/** The keys that a member has on chain from a block on. */
export interface KeysFrom {
  readonly fromBlock: bigint;
  /** As the event has them; the zero address for none. */
  readonly operator: Address;
  readonly witness: Address;
}

/** How this node's keys stand on chain. */
export interface OwnKeysStatus {
  /** Whether the key that the council has in force for the next block is one that this node holds. */
  readonly held: Readonly<Record<KeyRole, boolean>>;
  /** A change that is decided and does not hold yet. */
  readonly next: KeysFrom | null;
}

const ROLES: readonly KeyRole[] = ['operator', 'witness'];
const NO_KEY = '0x0000000000000000000000000000000000000000';
const NONE_YET: OwnKeysStatus = { held: { operator: true, witness: true }, next: null };

/**
 * Lets the keyring sign with the keys that the council has put in force: those of the next block, since whatever is
 * signed now comes into it at the earliest. Before its member is admitted, the first keys sign. Keys that the chain
 * names and the keyring does not hold are looked for on disk again with every block: they may be made beside a running
 * node, before or after the council has decided.
 */
export class OwnKeys implements EventHandler<FollowedEvent> {
  readonly #db: Database;
  readonly #keyring: Keyring;
  readonly #log: KeyLog;
  #status: OwnKeysStatus = NONE_YET;
  #turning: Promise<void> = Promise.resolve();

  constructor(options: { readonly db: Database; readonly keyring: Keyring; readonly log: KeyLog }) {
    this.#db = options.db;
    this.#keyring = options.keyring;
    this.#log = options.log;
  }

  /** Before anything is signed: as far as the chain was followed when the node stopped. */
  async start(): Promise<void> {
    const last = await new EventStore(this.#db).lastBlock();
    if (last !== undefined) await this.#turn(this.#db, last.number + 1n);
  }

  status(): OwnKeysStatus {
    return this.#status;
  }

  async onEvents(): Promise<void> {
    // Changes hold from a block on: that block decides, not the one that tells of it.
  }

  async onRollback(db: Database, toBlock: bigint): Promise<void> {
    this.#afterCommit(db, toBlock + 1n);
  }

  async onAdvance(db: Database, range: BlockRange): Promise<void> {
    this.#afterCommit(db, range.toBlock + 1n);
  }

  #afterCommit(db: Database, block: bigint): void {
    db.afterCommit(() => {
      this.#turning = this.#turning
        .then(() => this.#turn(this.#db, block))
        .catch((error: unknown) =>
          this.#log.warn(
            { err: error },
            'it is not known which keys sign; it is asked again with the next block',
          ),
        );
    });
  }

  async #turn(db: Database, block: bigint): Promise<void> {
    const events = await new EventStore(db).events({
      contract: 'Consortium',
      names: ['MemberAdmitted', 'KeysChanged'],
    });
    let changes = changesOf(events, this.#keyring);
    if (
      changes.some(
        ({ operator, witness }) => !this.#holds('operator', operator) || !this.#holds('witness', witness),
      )
    ) {
      await this.#keyring.reload();
      changes = changesOf(events, this.#keyring);
    }
    const now = changes.findLast(({ fromBlock }) => fromBlock <= block);
    if (now === undefined) {
      this.#status = NONE_YET;
      return;
    }
    const held = { operator: true, witness: true };
    for (const role of ROLES) held[role] = this.#turnTo(role, now[role], block);
    this.#status = { held, next: changes.find(({ fromBlock }) => fromBlock > block) ?? null };
  }

  #turnTo(role: KeyRole, address: Address, block: bigint): boolean {
    if (!this.#holds(role, address)) {
      if (this.#status.held[role]) {
        this.#log.warn({ role, address }, 'the council has put a key in force that this node does not hold');
      }
      return false;
    }
    const current = role === 'operator' ? this.#keyring.operatorAddress : this.#keyring.witnessAddress;
    if (address !== NO_KEY && address.toLowerCase() !== current.toLowerCase()) {
      this.#keyring.use(role, address);
      this.#log.info(
        { role, address, former: current, fromBlock: block.toString() },
        'another key signs now',
      );
    }
    return true;
  }

  #holds(role: KeyRole, address: Address): boolean {
    return address === NO_KEY || holds(this.#keyring, role, address);
  }
}

/** Whether the keyring has this key for a role. */
export function holds(keyring: Pick<Keyring, 'addresses'>, role: KeyRole, address: string): boolean {
  const lower = address.toLowerCase();
  return keyring.addresses(role).some((each) => each.toLowerCase() === lower);
}

/**
 * The keys of the member that has, or had, keys of this keyring, by the block from which they hold; a change drops
 * those that had not come into effect (`Consortium.changeKeys`). Empty before the member is admitted.
 */
function changesOf(events: readonly EventRow[], keyring: Keyring): KeysFrom[] {
  const ours = events.find(({ args }) =>
    ROLES.some((role) => holds(keyring, role, String(args[role])) && String(args[role]) !== NO_KEY),
  );
  if (ours === undefined) return [];
  const memberId = String(ours.args['memberId']);
  let changes: KeysFrom[] = [];
  for (const { name, args, blockNumber } of events) {
    if (String(args['memberId']) !== memberId) continue;
    const keys = {
      operator: String(args['operator']) as Address,
      witness: String(args['witness']) as Address,
    };
    const fromBlock = name === 'MemberAdmitted' ? blockNumber : BigInt(String(args['fromBlock']));
    changes = [...changes.filter((change) => change.fromBlock <= blockNumber), { fromBlock, ...keys }];
  }
  return changes;
}
