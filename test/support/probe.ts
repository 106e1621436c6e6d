import { createRequire } from 'node:module';
import {
  createTestClient,
  createWalletClient,
  encodeFunctionData,
  http,
  parseEther,
  publicActions,
  type Abi,
  type Address,
  type Hex,
} from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { ANVIL_MNEMONIC } from '../../scripts/lib/anvil.ts';

const SOURCE = `
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// A counter that takes only the next number: order and repetition show.
contract Probe {
    struct Item { bytes32 key; uint32 weight; }
    event Noted(uint256 indexed registerId, uint64 indexed seq, address from, Item[] items);
    error NotNext(uint256 expected, uint256 actual);
    error Forbidden();
    uint256 public next;
    bytes private filler;

    function note(uint256 value) external {
        if (value != next) revert NotNext(next, value);
        next = value + 1;
        Item[] memory items = new Item[](1);
        items[0] = Item(bytes32(value), uint32(value));
        emit Noted(7, uint64(value), msg.sender, items);
    }

    function forbid() external pure { revert Forbidden(); }

    function devour() external { for (uint256 i = 0; i < 100000; ++i) filler.push(0x01); }
}
`;

export const probeAbi = [
  {
    type: 'event',
    name: 'Noted',
    inputs: [
      { name: 'registerId', type: 'uint256', indexed: true },
      { name: 'seq', type: 'uint64', indexed: true },
      { name: 'from', type: 'address', indexed: false },
      {
        name: 'items',
        type: 'tuple[]',
        indexed: false,
        components: [
          { name: 'key', type: 'bytes32' },
          { name: 'weight', type: 'uint32' },
        ],
      },
    ],
  },
  {
    type: 'error',
    name: 'NotNext',
    inputs: [
      { name: 'expected', type: 'uint256' },
      { name: 'actual', type: 'uint256' },
    ],
  },
  { type: 'error', name: 'Forbidden', inputs: [] },
  { type: 'function', name: 'next', stateMutability: 'view', inputs: [], outputs: [{ type: 'uint256' }] },
  {
    type: 'function',
    name: 'note',
    stateMutability: 'nonpayable',
    inputs: [{ name: 'value', type: 'uint256' }],
    outputs: [],
  },
  { type: 'function', name: 'forbid', stateMutability: 'pure', inputs: [], outputs: [] },
  { type: 'function', name: 'devour', stateMutability: 'nonpayable', inputs: [], outputs: [] },
] as const satisfies Abi;

let bytecode: Hex | undefined;

interface SolcOutput {
  readonly errors?: readonly { severity: string; formattedMessage: string }[];
  readonly contracts: Record<string, Record<string, { evm: { bytecode: { object: string } } }>>;
}

function compile(): Hex {
  if (bytecode !== undefined) return bytecode;
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string };
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { 'Probe.sol': { content: SOURCE } },
        settings: { evmVersion: 'cancun', outputSelection: { '*': { '*': ['evm.bytecode.object'] } } },
      }),
    ),
  ) as SolcOutput;
  const failure = output.errors?.find(({ severity }) => severity === 'error');
  if (failure !== undefined) throw new Error(failure.formattedMessage);
  bytecode = `0x${output.contracts['Probe.sol']?.['Probe']?.evm.bytecode.object ?? ''}`;
  return bytecode;
}

/** A development account of anvil, to deploy with and to disturb with. */
export const deployer = mnemonicToAccount(ANVIL_MNEMONIC);

/** The test's own hand on an anvil chain, past everything that is tested. */
export function chainHand(url: string) {
  return createTestClient({ mode: 'anvil', transport: http(url), cacheTime: 0, account: deployer }).extend(
    publicActions,
  );
}

export type ChainHand = ReturnType<typeof chainHand>;

/** Deploys a Probe; returns its address (lower case) and block. */
export async function deployProbe(
  url: string,
  chainId: number,
): Promise<{ address: Address; block: bigint }> {
  const wallet = createWalletClient({ account: deployer, transport: http(url) });
  const hash = await wallet.deployContract({
    abi: probeAbi,
    bytecode: compile(),
    chain: {
      id: chainId,
      name: 'test',
      nativeCurrency: { name: 'x', symbol: 'x', decimals: 18 },
      rpcUrls: { default: { http: [url] } },
    },
  });
  const receipt = await chainHand(url).waitForTransactionReceipt({ hash });
  if (!receipt.contractAddress) throw new Error('the probe was not deployed');
  return { address: receipt.contractAddress.toLowerCase() as Address, block: receipt.blockNumber };
}

export async function fund(url: string, ...addresses: Address[]): Promise<void> {
  for (const address of addresses) await chainHand(url).setBalance({ address, value: parseEther('100') });
}

export function noteData(value: number | bigint): Hex {
  return encodeFunctionData({ abi: probeAbi, functionName: 'note', args: [BigInt(value)] });
}

export function probeData(functionName: 'forbid' | 'devour'): Hex {
  return encodeFunctionData({ abi: probeAbi, functionName });
}
