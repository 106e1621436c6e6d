import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { toEventRow } from '../../node/src/chain/events.ts';
import { type Database, EventStore } from '../../node/src/store/index.ts';
import { membershipOf } from '../../node/src/witness/index.ts';
import { emptyTables, memoryDatabase, type TestDatabase } from '../support/database.ts';

const key = (digit: string): `0x${string}` => `0x${digit.repeat(40)}`;
const NONE = key('0');

describe('Who a node is among the members', function () {
  this.timeout(60_000);
  let database: TestDatabase;
  let db: Database;
  let block = 0n;
  before(async () => {
    database = await memoryDatabase();
    db = database.db;
  });
  after(() => database.dispose());
  beforeEach(() => emptyTables(db));

  async function say(name: string, args: Record<string, unknown>): Promise<void> {
    block += 1n;
    await new EventStore(db).insertEvents([
      toEventRow({
        contract: 'Consortium',
        name,
        args,
        blockNumber: block,
        blockTime: block,
        transactionHash: `0x${randomBytes(32).toString('hex')}`,
        logIndex: 0,
      }),
    ]);
  }
  const admit = (memberId: bigint, role: number, operator: string, witness: string): Promise<void> =>
    say('MemberAdmitted', { memberId, role, operator, witness });
  const whoIs = async (witness: string, operator?: string): Promise<unknown> => {
    const found = await membershipOf(db, {
      witness: [key('f'), witness],
      operator: operator === undefined ? [] : [operator],
    });
    return found === undefined ? undefined : [found.memberId, found.mayWitness];
  };

  it('an authority by its witness key', async () => {
    await admit(1n, 1, key('a'), key('b'));
    expect(await whoIs(key('b'), key('a'))).to.deep.equal([1n, true]);
    expect(await whoIs(key('b'))).to.deep.equal([1n, true]);
  });

  it('an association or requester by its operator key, and as none that may witness', async () => {
    await admit(2n, 3, key('c'), NONE);
    await admit(3n, 2, key('d'), NONE);
    expect(await whoIs(key('e'), key('c'))).to.deep.equal([2n, false]);
    expect(await whoIs(key('e'), key('d'))).to.deep.equal([3n, false]);
  });

  it('nobody by an authority’s operator key alone: its witness key is another’s', async () => {
    await admit(1n, 1, key('a'), key('b'));
    expect(await whoIs(key('e'), key('a'))).to.equal(undefined);
  });

  it('nobody where no operator key is asked about, whatever members have no witness key', async () => {
    await admit(2n, 3, key('c'), NONE);
    expect(await whoIs(NONE.replace('0', '1'))).to.equal(undefined);
    expect(await whoIs(key('e'), key('f'))).to.equal(undefined);
  });

  it('the member of its witness key, where its operator key is an association’s as well', async () => {
    await admit(1n, 1, key('a'), key('b'));
    await admit(2n, 3, key('c'), NONE);
    expect(await whoIs(key('b'), key('c'))).to.deep.equal([1n, true]);
  });

  it('the same after a change of keys', async () => {
    await admit(2n, 3, key('c'), NONE);
    await say('KeysChanged', { memberId: 2n, operator: key('d'), witness: NONE, fromBlock: 9n });
    expect(await whoIs(key('e'), key('d'))).to.deep.equal([2n, false]);
  });
});
