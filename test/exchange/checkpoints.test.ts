import { CHECKPOINT_FORMAT, type UnsignedCheckpoint } from '@credit-ledger/sdk/answer';
import { toBytes32 } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { ShiftedClock } from '../../node/src/clock.ts';
import { Checkpoints } from '../../node/src/exchange/checkpoints.ts';
import type { PeerTransport } from '../../node/src/exchange/transport.ts';
import { codeOf } from '../support/codes.ts';
import { FakeLedger, TestSigner, word } from './support/fake-ledger.ts';

const OWNER = 1n;
const WITNESS = 2n;

describe('A witness that is asked to sign checkpoints', () => {
  let ledger: FakeLedger;
  let making: { readonly logIds: readonly bigint[]; readonly done: (made: UnsignedCheckpoint) => void }[];
  let checkpoints: Checkpoints;
  let unsigned: UnsignedCheckpoint;

  beforeEach(() => {
    const clock = new ShiftedClock();
    const signer = new TestSigner();
    ledger = new FakeLedger();
    ledger.time = BigInt(Math.floor(clock.now().getTime() / 1000));
    ledger.addMember(OWNER, new TestSigner());
    ledger.addMember(WITNESS, signer);
    ledger.registers.set(1n, { owner: OWNER, secretCommit: 99n });
    making = [];
    const transport: PeerTransport = { post: () => Promise.reject(new Error('nobody is asked')) };
    checkpoints = new Checkpoints({
      make: ({ logIds }) =>
        new Promise((done) => {
          making.push({ logIds, done });
        }),
      roots: { rootOf: () => Promise.resolve(7n) },
      facts: ledger,
      transport,
      signer,
      clock,
      memberId: WITNESS,
      circuitIds: [],
    });
    // The contracts of the processes are none that an answer rests on.
    const { consents: _, ...contracts } = ledger.contracts;
    unsigned = {
      format: CHECKPOINT_FORMAT,
      chainId: ledger.domain.chainId.toString(),
      contracts,
      registerId: '1',
      owner: OWNER.toString(),
      secretCommit: toBytes32(99n),
      seq: '1',
      batchHash: word(5),
      root: toBytes32(7n),
      status: 'witnessed',
      blockNumber: '10',
      time: Number(ledger.time),
      lastStoodAt: Number(ledger.time),
      supersededAt: 0,
      circuitIds: [word(1)],
      applicationListHash: word(2),
      logEntries: [],
      expiry: Number(ledger.time) + 60,
    };
  });

  const started = async (count: number): Promise<void> => {
    for (let turns = 0; making.length < count && turns < 100; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(making).to.have.length(count);
  };

  it('reads the chain for a few at a time, whoever asks how often, and then for others again', async () => {
    const ask = (): Promise<unknown> => checkpoints.sign({ checkpoint: unsigned, logIds: [] });
    const first = [ask(), ask(), ask(), ask()];
    await started(4);
    for (let i = 0; i < 20; i += 1) expect(await codeOf(ask())).to.equal('BUSY');
    expect(making).to.have.length(4);
    for (const { done } of making) done(unsigned);
    for (const signed of await Promise.all(first)) expect(signed).to.have.property('member', '2');
    const next = ask();
    await started(5);
    making[4]?.done({ ...unsigned, root: toBytes32(8n) });
    expect(await codeOf(next)).to.equal('CHECKPOINT_NOT_SIGNED');
  });

  it('looks up no log entry that the checkpoint does not hold', async () => {
    const logIds = Array.from({ length: 1_000 }, (_, i) => String(i + 1));
    expect(await codeOf(checkpoints.sign({ checkpoint: unsigned, logIds }))).to.equal(
      'CHECKPOINT_NOT_SIGNED',
    );
    expect(making).to.have.length(0);
  });
});
