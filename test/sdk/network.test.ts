import { keyAt, parseNetworkFile, prepareNetwork, type KeyPeriod } from '@credit-ledger/sdk/answer';
import { isLedgerError } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { networkJson, OPERATORS, WITNESSES } from './support/scene.ts';

interface Member {
  id: string;
  name: string;
  registers: { id: string; secretCommit: string; promiseSeconds: number }[];
  operatorKeys: { address: string; fromBlock: string; toBlock: string | null }[];
  witnessKeys: { address: string; fromBlock: string; toBlock: string | null }[];
}
interface Network {
  chainId: string;
  circuits: { id: string; size: number; verificationKey: { IC: string[][] } }[];
  members: Member[];
}

function codeWith(bend: (network: Network, members: [Member, Member, Member]) => void): string {
  const network = structuredClone(networkJson()) as unknown as Network;
  bend(network, network.members as [Member, Member, Member]);
  try {
    prepareNetwork(parseNetworkFile(JSON.stringify(network)));
  } catch (error) {
    if (isLedgerError(error)) return error.code;
    throw error;
  }
  return 'accepted';
}

describe('a network file', () => {
  it('is accepted as it was made, from text or as a value', () => {
    expect(codeWith(() => undefined)).to.equal('accepted');
    expect(parseNetworkFile(networkJson())).to.deep.equal(
      parseNetworkFile(JSON.stringify(networkJson(), null, 2)),
    );
  });

  it('is refused when a circuit’s id is not that of its key: another key would prove anything', () => {
    const inconsistent = 'NETWORK_FILE_INCONSISTENT';
    expect(codeWith(({ circuits: [c] }) => void (c && (c.size = 9)))).to.equal(inconsistent);
    expect(codeWith(({ circuits: [c] }) => void c?.verificationKey.IC.reverse())).to.equal(inconsistent);
    expect(codeWith(({ circuits }) => void circuits.reverse())).to.equal('accepted');
    expect(codeWith(({ circuits }) => void (circuits[0] && (circuits[1] = circuits[0])))).to.equal(
      inconsistent,
    );
  });

  it('is refused when two registers have one secret, or one id', () => {
    expect(
      codeWith(
        (_, [a, b]) =>
          void (
            b.registers[0] &&
            a.registers[0] &&
            (b.registers[0].secretCommit = a.registers[0].secretCommit)
          ),
      ),
    ).to.equal('NETWORK_FILE_INCONSISTENT');
    expect(codeWith((_, [, b]) => void (b.registers[0] && (b.registers[0].id = '1')))).to.equal(
      'NETWORK_FILE_INCONSISTENT',
    );
    expect(codeWith((_, [a, b]) => void (b.id = a.id))).to.equal('NETWORK_FILE_INCONSISTENT');
  });

  it('is refused when a key has two owners or two roles, or periods overlap', () => {
    const period = (
      address: string,
      fromBlock: string,
      toBlock: string | null,
    ): Member['operatorKeys'][number] => ({
      address: address.toLowerCase(),
      fromBlock,
      toBlock,
    });
    const { beijing, tianjin } = OPERATORS;
    const keys = (...periods: Member['operatorKeys']): string =>
      codeWith((_, [a]) => void (a.operatorKeys = periods));
    expect(keys(period(tianjin.address, '10', null))).to.equal('NETWORK_FILE_INCONSISTENT');
    expect(keys(period(WITNESSES.beijing.address, '10', null))).to.equal('NETWORK_FILE_INCONSISTENT');
    const other = '0x00000000000000000000000000000000000000aa';
    expect(keys(period(beijing.address, '10', '20'), period(other, '19', null))).to.equal(
      'NETWORK_FILE_INCONSISTENT',
    );
    expect(keys(period(beijing.address, '10', null), period(other, '20', null))).to.equal(
      'NETWORK_FILE_INCONSISTENT',
    );
    expect(keys(period(beijing.address, '10', '10'))).to.equal('NETWORK_FILE_INCONSISTENT');
    expect(keys(period(beijing.address, '10', '20'), period(other, '20', null))).to.equal('accepted');
  });

  it('is refused in another spelling', () => {
    expect(codeWith((network) => void (network.chainId = '0x7a69'))).to.equal('FORMAT_FIELD_MALFORMED');
    expect(codeWith((network) => void Object.assign(network, { note: 1 }))).to.equal('FORMAT_FIELD_UNKNOWN');
    expect(codeWith((_, [a]) => void Reflect.deleteProperty(a, 'name'))).to.equal('FORMAT_FIELD_MISSING');
    expect(codeWith((_, [a]) => void (a.operatorKeys = []))).to.equal('FORMAT_FIELD_MALFORMED');
  });

  it('says which key was good in a block, at both ends of its time', () => {
    const keys: KeyPeriod[] = [
      { address: '0x01', fromBlock: '10', toBlock: '20' },
      { address: '0x02', fromBlock: '20', toBlock: '30' },
    ];
    const good = [9n, 10n, 19n, 20n, 29n, 30n].map((block) => keyAt(keys, block));
    expect(good).to.deep.equal([undefined, '0x01', '0x01', '0x02', '0x02', undefined]);
  });
});
