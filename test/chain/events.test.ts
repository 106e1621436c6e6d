import { expect } from 'chai';
import { creditRegistersAbi } from '@credit-ledger/sdk/chain';
import { encodeAbiParameters, encodeEventTopics, type Hex } from 'viem';
import type { ChainLog } from '../../node/src/chain/client.ts';
import { ledgerContracts, parseDeployment } from '../../node/src/chain/contracts.ts';
import { decodeLog, fromEventRow, toEventRow, type LedgerEvent } from '../../node/src/chain/events.ts';
import { EventStore } from '../../node/src/store/events.ts';
import { onBothEngines, type TestDatabase } from '../support/database.ts';

const address = (digit: string): Hex => `0x${digit.repeat(40)}`;
const word = (byte: string): Hex => `0x${byte.repeat(32)}`;

const DEPLOYMENT = {
  chainId: 31337,
  consortium: address('1'),
  registers: address('A'),
  applications: address('3'),
  grants: address('4'),
  answerLog: address('5'),
  processes: {
    calendar: address('6'),
    items: address('7'),
    letters: address('8'),
    filings: address('9'),
    consents: address('b'),
    cases: address('c'),
    pledges: address('d'),
  },
  deployedAtBlock: 7,
  verifiers: {},
  circuits: [],
};
const contracts = ledgerContracts(parseDeployment(DEPLOYMENT));

/** A batch as CreditRegisters emits it, with a register id beyond every integer column. */
function batchLog(registerId: bigint): ChainLog {
  const entries = [
    { opAndKey: word('01'), body: word('0f') },
    { opAndKey: word('02'), body: word('ab') },
  ];
  return {
    address: address('a'),
    topics: encodeEventTopics({
      abi: creditRegistersAbi,
      eventName: 'BatchAppended',
      args: { registerId, seq: 2n ** 40n, batchHash: word('aa') },
    }) as Hex[],
    data: encodeAbiParameters(
      [
        { type: 'bytes32' },
        { type: 'bytes32' },
        { type: 'bytes32' },
        {
          type: 'tuple[]',
          components: [
            { name: 'opAndKey', type: 'bytes32' },
            { name: 'body', type: 'bytes32' },
          ],
        },
      ],
      [word('00'), word('bb'), word('cc'), entries],
    ),
    blockNumber: 9n,
    blockHash: word('99'),
    transactionHash: word('77'),
    logIndex: 3,
  };
}

onBothEngines("the ledger's events", (open) => {
  let test: TestDatabase;
  before(async () => {
    test = await open();
  });
  after(() => test?.dispose());

  it('come back from the database exactly as they were decoded', async () => {
    const store = new EventStore(test.db);
    const event = decodeLog(contracts, batchLog(12n), 1_800_000_000n) as LedgerEvent;
    if (event.contract !== 'CreditRegisters' || event.name !== 'BatchAppended') {
      throw new Error(`decoded as ${event.contract}.${event.name}`);
    }
    expect(event.args.entries[1]?.body).to.equal(word('ab'));
    expect(event.args.seq).to.equal(2n ** 40n);
    await store.insertEvents([toEventRow(event)]);
    const [row] = await store.events({ registerId: 12n });
    if (row === undefined) throw new Error('the event is not there');
    expect(fromEventRow(contracts, row)).to.deep.equal(event);
  });

  it('keep an id that fits no column in their arguments', async () => {
    const huge = 2n ** 200n;
    const row = toEventRow(decodeLog(contracts, batchLog(huge), 0n));
    expect([row.registerId, row.args['registerId']]).to.deep.equal([null, huge.toString()]);
    expect(fromEventRow(contracts, row).args['registerId']).to.equal(huge);
  });

  it('are refused from an address that is no contract of ours, and with a topic that is none of its events', () => {
    for (const log of [
      { ...batchLog(1n), address: address('e') },
      { ...batchLog(1n), address: address('4') },
      { ...batchLog(1n), topics: [word('12')] },
      { ...batchLog(1n), data: '0x' as Hex },
    ]) {
      expect(() => decodeLog(contracts, log, 0n))
        .to.throw()
        .with.property('code', 'CHAIN_EVENT_UNDECODABLE');
    }
  });
});

describe('a deployment file', () => {
  it('is read with its addresses in lower case', () => {
    expect(parseDeployment(JSON.parse(JSON.stringify(DEPLOYMENT)))).to.deep.include({
      chainId: 31337,
      registers: address('a'),
      deployedAtBlock: 7n,
    });
  });

  it('is refused with all its mistakes at once', () => {
    expect(() => parseDeployment({ ...DEPLOYMENT, chainId: -1, grants: '0x12', answerLog: undefined }))
      .to.throw()
      .with.property('code', 'CHAIN_DEPLOYMENT_INVALID');
    try {
      parseDeployment({ ...DEPLOYMENT, chainId: -1, grants: '0x12', answerLog: undefined });
    } catch (error) {
      for (const field of ['chainId', 'grants', 'answerLog'])
        expect((error as Error).message).to.contain(field);
    }
  });
});
