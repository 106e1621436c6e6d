import { expect } from 'chai';
import fc from 'fast-check';
import { agreed, mannerOf, meaningOf, middleOf, pin, reachedBy } from '../../node/src/chain/agreement.ts';

const heads = fc.array(fc.bigInt({ min: 0n, max: 1000n }), { minLength: 1, maxLength: 7 });

describe('agreement of chain endpoints', () => {
  it('asks for what moves as of one block, and for what stands still by its name', () => {
    expect(mannerOf('eth_call', [{}, 'latest'])).to.equal('pinned');
    expect(mannerOf('eth_call', [{}])).to.equal('pinned');
    expect(mannerOf('eth_call', [{}, '0x10'])).to.equal('agree');
    expect(mannerOf('eth_getTransactionCount', ['0x', 'pending'])).to.equal('pinned');
    expect(mannerOf('eth_getBlockByNumber', ['latest', false])).to.equal('head');
    expect(mannerOf('eth_getBlockByNumber', ['0x1', false])).to.equal('agree');
    expect(mannerOf('eth_getTransactionReceipt', ['0x'])).to.equal('agree');
    expect(mannerOf('eth_getLogs', [{}])).to.equal('agree');
    expect(mannerOf('eth_sendRawTransaction', ['0x'])).to.equal('send');
    expect(pin('eth_call', [{ to: '0x1' }, 'latest'], '0x5')).to.deep.equal([{ to: '0x1' }, '0x5']);
    expect(pin('eth_call', [{ to: '0x1' }], '0x5')).to.deep.equal([{ to: '0x1' }, '0x5']);
  });

  it('finds the same answer in other spellings, and another answer in the same spelling', () => {
    const block = { number: '0x1', hash: '0xAB', parentHash: '0x00', timestamp: '0x5', size: '0x1' };
    const same = { size: '0x9', timestamp: '0x5', hash: '0xab', number: '0x1', parentHash: '0x00' };
    const method = 'eth_getBlockByNumber';
    expect(meaningOf(method, block)).to.equal(meaningOf(method, same));
    for (const field of ['number', 'hash', 'parentHash', 'timestamp'] as const)
      expect(meaningOf(method, { ...block, [field]: '0x77' })).not.to.equal(meaningOf(method, block));

    const log = {
      address: '0xAA',
      topics: ['0x01'],
      data: '0x02',
      blockNumber: '0x1',
      blockHash: '0x3',
      transactionHash: '0x4',
      logIndex: '0x0',
    };
    const other = { ...log, logIndex: '0x1' };
    expect(meaningOf('eth_getLogs', [log, other])).to.equal(meaningOf('eth_getLogs', [other, log]));
    for (const field of Object.keys(log))
      expect(meaningOf('eth_getLogs', [{ ...log, [field]: '0x77' }])).not.to.equal(
        meaningOf('eth_getLogs', [log]),
      );
    expect(meaningOf('eth_getLogs', [log])).not.to.equal(meaningOf('eth_getLogs', []));

    const receipt = { transactionHash: '0x1', blockNumber: '0x2', blockHash: '0x3', status: '0x1' };
    expect(meaningOf('eth_getTransactionReceipt', { ...receipt, status: '0x0' })).not.to.equal(
      meaningOf('eth_getTransactionReceipt', receipt),
    );
    expect(meaningOf('eth_getTransactionReceipt', { ...receipt, blockHash: null })).to.equal('null');
    expect(meaningOf('eth_call', '0xAB')).to.equal(meaningOf('eth_call', '0xab'));
  });

  it('believes nothing that fewer than a quorum say', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 7 }),
        fc.integer({ min: 1, max: 7 }),
        (meanings, quorum) => {
          const verdict = agreed(
            meanings.map((meaning) => ({ meaning })),
            quorum,
          );
          const most = Math.max(0, ...['a', 'b', 'c'].map((m) => meanings.filter((n) => n === m).length));
          if (most < quorum) expect(verdict).to.equal(undefined);
          else expect(meanings.filter((m) => m === verdict?.meaning).length).to.be.at.least(quorum);
        },
      ),
    );
  });

  it('takes a head that a quorum has reached, so that fewer liars than a quorum cannot push it on', () => {
    fc.assert(
      fc.property(heads, fc.integer({ min: 1, max: 7 }), (told, quorum) => {
        const reached = reachedBy(told, quorum);
        if (told.length < quorum) expect(reached).to.equal(undefined);
        else expect(told.filter((head) => head >= (reached ?? 0n)).length).to.be.at.least(quorum);
      }),
    );
  });

  it('takes a fee from the middle: one of three that says far too much or too little changes nothing', () => {
    expect(middleOf([100n, 110n, 10n ** 18n], 2)).to.equal(110n);
    expect(middleOf([0n, 100n, 110n], 2)).to.equal(100n);
    expect(middleOf([0n, 0n, 0n], 2)).to.equal(0n);
    expect(middleOf([1n, 100n, 10_000n], 2)).to.equal(undefined);
    expect(middleOf([100n], 2)).to.equal(undefined);
  });
});
