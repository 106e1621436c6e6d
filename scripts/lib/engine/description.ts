import { type Address, type Hex, getAddress, isAddress, toRlp } from 'viem';
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

/** A consortium chain before its first block. Everything that any engine needs is made from this. */
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
const GAS_LIMIT = 100_000_000;

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
    alloc: allocOf(chain, false),
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
 * Genesis for Besu with QBFT: a block every two seconds, free gas, Cancun rules.
 * `extraData` is RLP([vanity, validators, no vote, round 0, no seals]) (Besu: "QBFT extra data").
 */
export function besuGenesis(chain: ChainDescription): object {
  return {
    config: {
      chainId: chain.chainId,
      berlinBlock: 0,
      londonBlock: 0,
      shanghaiTime: 0,
      cancunTime: 0,
      zeroBaseFee: true,
      contractSizeLimit: 24_576,
      qbft: { blockperiodseconds: 2, epochlength: 30_000, requesttimeoutseconds: 4 },
    },
    nonce: '0x0',
    timestamp: `0x${chain.timestamp.toString(16)}`,
    gasLimit: `0x${GAS_LIMIT.toString(16)}`,
    difficulty: '0x1',
    mixHash: '0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365',
    coinbase: `0x${'00'.repeat(20)}`,
    extraData: qbftExtraData(chain.validators.map(({ address }) => address)),
    alloc: allocOf(chain, true),
  };
}

/** @throws RangeError when an address is none, or stands twice: two names for one vote */
export function qbftExtraData(validators: readonly Address[]): Hex {
  const distinct = new Set(validators.map(lower));
  if (
    distinct.size !== validators.length ||
    !validators.every((each) => isAddress(each, { strict: false }))
  ) {
    throw new RangeError('validators must be distinct addresses');
  }
  return toRlp([VANITY, validators.map(lower), [], '0x', []]);
}

/** The validators as peers, in Besu's spelling. */
export function besuStaticNodes({ validators }: ChainDescription): string[] {
  return validators.map(({ nodeId, host, p2pPort }) => `enode://${nodeId.slice(2)}@${host}:${p2pPort}`);
}

function allocOf(chain: ChainDescription, withPrefix: boolean): Record<string, { balance: string }> {
  return Object.fromEntries(
    Object.entries(chain.alloc).map(([address, wei]) => [
      withPrefix ? getAddress(address) : address.slice(2).toLowerCase(),
      { balance: `0x${wei.toString(16)}` },
    ]),
  );
}

function lower(address: Address): Address {
  return address.toLowerCase() as Address;
}
