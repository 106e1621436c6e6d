import { type Address, type Hex, toRlp } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';

/** One validator of a consortium chain, as every other has to know it. */
export interface ValidatorDescription {
  /** Short name: of its folder, its host in the guide, its systemd unit. */
  readonly slug: string;
  readonly address: Address;
  /** The 64 bytes of its public key, without the leading 04: its name among its peers. */
  readonly nodeId: Hex;
  readonly host: string;
  readonly p2pPort: number;
}

/** A consortium chain before its first block. */
export interface ChainDescription {
  readonly chainId: number;
  /** Unix seconds of the first block. */
  readonly timestamp: number;
  /** In the order of the genesis; four bear one that fails or lies, seven two. */
  readonly validators: readonly ValidatorDescription[];
  /** Coin at the beginning, in wei. */
  readonly alloc: Readonly<Record<Address, bigint>>;
}

/** A validator's address and name from its key. */
export function identityOf(nodeKey: Hex): Pick<ValidatorDescription, 'address' | 'nodeId'> {
  const { address, publicKey } = privateKeyToAccount(nodeKey);
  return { address, nodeId: `0x${publicKey.slice(4)}` };
}

const VANITY: Hex = `0x${'00'.repeat(32)}`;

/**
 * Genesis of the engine that the tests run on (Istanbul, Cancun rules). What would need system contracts of that
 * engine's public network is left out.
 */
export function kaiaGenesis(chain: ChainDescription): object {
  const seal: Hex = `0x${'00'.repeat(65)}`;
  const istanbul = toRlp([chain.validators.map(({ address }) => lower(address)), seal, []]);
  const from = (blocks: readonly string[]): Record<string, number> =>
    Object.fromEntries(blocks.map((name) => [`${name}CompatibleBlock`, 0]));
  return {
    config: {
      chainId: chain.chainId,
      ...from(['istanbul', 'london', 'ethTxType', 'magma', 'kore', 'shanghai', 'cancun']),
      istanbul: { epoch: 604_800, policy: 0, sub: Math.max(chain.validators.length, 4) },
      unitPrice: 0,
      deriveShaImpl: 0,
      governance: null,
    },
    timestamp: `0x${chain.timestamp.toString(16)}`,
    extraData: `${VANITY}${istanbul.slice(2)}`,
    governanceData: null,
    blockScore: '0x1',
    alloc: allocOf(chain),
    number: '0x0',
    gasUsed: '0x0',
    parentHash: VANITY,
  };
}

/** The validators as peers, in that engine's spelling. */
export function kaiaStaticNodes({ validators }: ChainDescription): string[] {
  return validators.map(
    ({ nodeId, host, p2pPort }) => `kni://${nodeId.slice(2)}@${host}:${p2pPort}?discport=0&ntype=cn`,
  );
}

/**
 * Genesis of Besu with QBFT. Block time and time-outs are what its documentation advises for a few members in one
 * country; gas costs nothing, so that accounts need no coin.
 */
export function besuGenesis(chain: ChainDescription): object {
  // QBFT's extra data: vanity, validators, no vote, round 0, no seals.
  const extraData = toRlp([VANITY, chain.validators.map(({ address }) => lower(address)), [], '0x', []]);
  return {
    config: {
      chainId: chain.chainId,
      berlinBlock: 0,
      londonBlock: 0,
      shanghaiTime: 0,
      cancunTime: 0,
      zeroBaseFee: true,
      qbft: {
        blockperiodseconds: 2,
        emptyblockperiodseconds: 30,
        epochlength: 30_000,
        requesttimeoutseconds: 4,
      },
    },
    nonce: '0x0',
    timestamp: `0x${chain.timestamp.toString(16)}`,
    extraData,
    gasLimit: '0x1c9c380',
    difficulty: '0x1',
    mixHash: '0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365',
    coinbase: `0x${'00'.repeat(20)}`,
    alloc: allocOf(chain),
  };
}

/** The validators as peers, in Besu's spelling. */
export function besuStaticNodes({ validators }: ChainDescription): string[] {
  return validators.map(({ nodeId, host, p2pPort }) => `enode://${nodeId.slice(2)}@${host}:${p2pPort}`);
}

function allocOf({ alloc }: ChainDescription): Record<string, { balance: string }> {
  return Object.fromEntries(
    Object.entries(alloc).map(([address, wei]) => [
      address.slice(2).toLowerCase(),
      { balance: `0x${wei.toString(16)}` },
    ]),
  );
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address;
}
