import { ledgerDomain, LedgerError } from '@credit-ledger/sdk/protocol';
import { ShiftedClock } from '../../../node/src/clock.ts';
import type { Database } from '../../../node/src/store/index.ts';
import type { SubjectParts } from '../../../node/src/subjects/index.ts';
import { emptyTables } from '../../support/database.ts';
import { FakeLedger, FakeTransactions } from '../../exchange/support/fake-ledger.ts';
import { SUBJECT } from '../../exchange/support/questions.ts';
import { TestSubject } from './subject.ts';

export const OWN = 1n;
export const BINDING_ID = 4n;

/** What stands around the subjects room in a test: a ledger in memory, and the events as a follower stored them. */
export class Desk {
  readonly db: Database;
  readonly ledger = new FakeLedger();
  readonly transactions = new FakeTransactions(this.ledger);
  readonly clock = new ShiftedClock();
  readonly domain = ledgerDomain(this.ledger.domain.chainId, this.ledger.contracts.consents);
  readonly subject = new TestSubject(SUBJECT, this.domain);
  /** With which the contract would refuse the next call. */
  refusal: string | undefined;
  #logIndex = 0;

  private constructor(db: Database) {
    this.db = db;
    this.ledger.time = BigInt(Math.floor(this.clock.now().getTime() / 1000));
    this.ledger.consents = true;
  }

  static async make(db: Database): Promise<Desk> {
    await emptyTables(db);
    return new Desk(db);
  }

  get parts(): SubjectParts {
    const { db, ledger: facts, transactions, clock } = this;
    return {
      ...{ db, facts, transactions, clock, memberId: OWN },
      simulate: () =>
        Promise.resolve(
          this.refusal === undefined
            ? undefined
            : new LedgerError('CHAIN_REVERTED', { en: 'x', zh: 'x' }, { error: this.refusal, data: null }),
        ),
    };
  }

  async event(name: string, args: Record<string, unknown>, contract = 'SubjectConsents'): Promise<void> {
    this.#logIndex += 1;
    await this.db.query(
      `INSERT INTO chain_events (block_number, log_index, tx_hash, block_time, contract, name, args)
       VALUES (1, $1, '\\x00', $2, $3, $4, $5::jsonb)`,
      [this.#logIndex, this.ledger.time, contract, name, JSON.stringify(args)],
    );
  }

  /** The subject's key is bound, on chain and in the followed events. */
  async bound(subject = this.subject, bindingId = BINDING_ID, voucher = OWN): Promise<void> {
    this.ledger.bindings.set(bindingId, {
      subject: subject.address,
      voucher,
      bindingCommit: subject.bindingCommit,
      boundAt: this.ledger.time,
      endedAt: 0n,
    });
    await this.event('SubjectBound', {
      bindingId: bindingId.toString(),
      subject: subject.address,
      voucher: voucher.toString(),
      bindingCommit: subject.bindingCommit,
    });
  }
}
