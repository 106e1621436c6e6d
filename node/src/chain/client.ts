import { isLedgerError, LedgerError } from '@credit-ledger/sdk/protocol';
import {
  BaseError,
  createPublicClient,
  custom,
  http,
  HttpRequestError,
  numberToHex,
  type Abi,
  type Address,
  type Hex,
  type HttpTransport,
  type PublicClient,
  type RpcBlock,
  type RpcLog,
  type RpcTransactionReceipt,
} from 'viem';
import { Endpoints, type EndpointStatus, majorityOf } from './endpoints.ts';
import { asChainError } from './errors.ts';

/** A contract that the node listens to and sends to. */
export interface ChainContract {
  readonly name: string;
  /** Lower case. */
  readonly address: Address;
  readonly abi: Abi;
}

export interface ChainClientOptions {
  /** The node's own endpoint. */
  readonly rpcUrl: string;
  /** Others of the same chain: then what is read is what a quorum says, and what is sent goes to all. */
  readonly furtherUrls?: readonly string[] | undefined;
  /** How many endpoints must say the same; more than half by default. */
  readonly quorum?: number | undefined;
  /** What the network file says; an endpoint of another chain is refused. */
  readonly chainId: number;
  readonly contracts: readonly ChainContract[];
  /** The first block that can hold an event of the contracts. */
  readonly deployedAtBlock: bigint;
  /** Custom errors of contracts that are called only from within; added to those of `contracts`. */
  readonly errors?: Abi;
  readonly timeoutMilliseconds?: number;
}

export interface BlockHeader {
  readonly number: bigint;
  readonly hash: Hex;
  readonly parentHash: Hex;
  /** Unix seconds. */
  readonly time: bigint;
  readonly gasLimit: bigint;
  /** Null on a chain without one. */
  readonly baseFeePerGas: bigint | null;
}

export interface ChainLog {
  readonly address: Address;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly transactionHash: Hex;
  readonly logIndex: number;
}

export interface ChainReceipt {
  readonly transactionHash: Hex;
  readonly blockNumber: bigint;
  readonly blockHash: Hex;
  readonly succeeded: boolean;
}

export interface CallRequest {
  readonly from: Address;
  readonly to: Address;
  readonly data: Hex;
}

/**
 * The node's view of one chain, through one JSON-RPC endpoint or several.
 *
 * Every method may throw `CHAIN_UNREACHABLE` (try again later), with several
 * endpoints `CHAIN_NO_QUORUM` (they do not agree, so nothing is believed),
 * `CHAIN_REVERTED` (operands: the contract's error) and
 * `CHAIN_REFUSED_REQUEST` (operand `refusal`). Nothing is sent again here.
 */
export class ChainClient {
  readonly chainId: number;
  readonly contracts: readonly ChainContract[];
  readonly deployedAtBlock: bigint;
  /** For typed reads; its errors are viem's own: see {@link read}. */
  readonly viem: PublicClient;
  readonly #abi: Abi;
  readonly #endpoints: Endpoints | undefined;

  constructor(options: ChainClientOptions) {
    this.chainId = options.chainId;
    this.contracts = options.contracts;
    this.deployedAtBlock = options.deployedAtBlock;
    this.#abi = [...options.contracts.flatMap(({ abi }) => abi), ...(options.errors ?? [])];
    const timeout = options.timeoutMilliseconds ?? 10_000;
    const urls = [options.rpcUrl, ...(options.furtherUrls ?? [])];
    const endpoints =
      urls.length === 1
        ? undefined
        : new Endpoints({
            urls,
            quorum: options.quorum ?? majorityOf(urls.length),
            chainId: options.chainId,
            timeoutMilliseconds: timeout,
          });
    this.#endpoints = endpoints;
    this.viem = createPublicClient({
      cacheTime: 0,
      transport:
        endpoints === undefined
          ? tolerant(http(options.rpcUrl, { retryCount: 0, timeout, batch: { batchSize: 100 } }))
          : custom(
              {
                request: ({ method, params }: { method: string; params?: readonly unknown[] }) =>
                  endpoints.request(method, params),
              },
              { retryCount: 0 },
            ),
    });
  }

  /** How each endpoint fares, where there are several; empty with one: the follower says how that fares. */
  endpoints(): EndpointStatus[] {
    return this.#endpoints?.status() ?? [];
  }

  /** Told when an endpoint is set aside or comes back; does nothing with one endpoint. */
  watchEndpoints(tell: (status: EndpointStatus) => void): void {
    this.#endpoints?.events.on('set-aside', tell).on('back', tell);
  }

  /**
   * Checks that the endpoint serves the chain that the node belongs to.
   * Errors: `CHAIN_WRONG_ID`, `CHAIN_BEHIND_DEPLOYMENT` (the endpoint may still
   * be catching up), `CHAIN_CONTRACTS_MISSING`.
   */
  async check(): Promise<void> {
    const chainId = Number(await this.#request<Hex>('eth_chainId', []));
    if (chainId !== this.chainId) {
      throw new LedgerError(
        'CHAIN_WRONG_ID',
        {
          en: `The endpoint serves chain ${chainId}, not ${this.chainId}.`,
          zh: `该节点所服务的链 ID 为 ${chainId}，而非 ${this.chainId}。`,
        },
        { expected: this.chainId, actual: chainId },
      );
    }
    const { number } = await this.head();
    if (number < this.deployedAtBlock) {
      throw new LedgerError(
        'CHAIN_BEHIND_DEPLOYMENT',
        {
          en: `The endpoint is at block ${number}; the contracts were deployed in block ${this.deployedAtBlock}.`,
          zh: `该节点处于第 ${number} 块，而合约部署于第 ${this.deployedAtBlock} 块。`,
        },
        { head: number, deployedAtBlock: this.deployedAtBlock },
      );
    }
    const codes = await Promise.all(
      this.contracts.map(({ address }) => this.#request<Hex>('eth_getCode', [address, 'latest'])),
    );
    const missing = this.contracts.filter((_, index) => (codes[index] ?? '0x') === '0x');
    if (missing.length > 0) {
      throw new LedgerError(
        'CHAIN_CONTRACTS_MISSING',
        {
          en: `There are no contracts at: ${missing.map(({ name }) => name).join(', ')}.`,
          zh: `以下地址没有合约：${missing.map(({ name }) => name).join('、')}。`,
        },
        { contracts: missing.map(({ name, address }) => `${name} ${address}`) },
      );
    }
  }

  /** Runs a typed read on {@link viem} and puts its errors into ours. */
  async read<T>(ask: (viem: PublicClient) => Promise<T>): Promise<T> {
    try {
      return await ask(this.viem);
    } catch (error) {
      throw asChainError(error, this.#abi);
    }
  }

  async head(): Promise<BlockHeader> {
    return toHeader(await this.#request<RpcBlock>('eth_getBlockByNumber', ['latest', false]));
  }

  /** Null when the chain does not reach so far. */
  async block(number: bigint): Promise<BlockHeader | null> {
    const block = await this.#request<RpcBlock | null>('eth_getBlockByNumber', [numberToHex(number), false]);
    return block === null ? null : toHeader(block);
  }

  /** What the contracts emitted from one block to another, in order; what others emitted never. */
  async logs(fromBlock: bigint, toBlock: bigint): Promise<ChainLog[]> {
    const addresses = this.contracts.map(({ address }) => address);
    const logs = await this.#request<RpcLog[]>('eth_getLogs', [
      { address: addresses, fromBlock: numberToHex(fromBlock), toBlock: numberToHex(toBlock) },
    ]);
    const ours = new Set<string>(addresses);
    // The endpoint was asked for these addresses only; that it obeyed is checked, not assumed.
    return logs
      .map(toLog)
      .filter(({ address }) => ours.has(address))
      .sort((a, b) =>
        a.blockNumber === b.blockNumber ? a.logIndex - b.logIndex : Number(a.blockNumber - b.blockNumber),
      );
  }

  /** Transactions of an account that are in blocks: its next nonce. */
  async transactionCount(address: Address): Promise<bigint> {
    return BigInt(await this.#request<Hex>('eth_getTransactionCount', [address, 'latest']));
  }

  /** Gas that a call would take now. `CHAIN_REVERTED` when it would be refused. */
  async estimateGas(call: CallRequest): Promise<bigint> {
    try {
      return BigInt(await this.#request<Hex>('eth_estimateGas', [call]));
    } catch (error) {
      // Some engines say of an estimate only that it failed; the call itself says why.
      if (isLedgerError(error, 'CHAIN_REFUSED_REQUEST')) {
        const why = await this.simulate(call, 'latest').catch((failure: unknown) => {
          if (isLedgerError(failure, 'CHAIN_REFUSED_REQUEST')) return undefined; // says no more than the estimate did
          throw failure;
        });
        if (why !== undefined) throw why;
      }
      throw error;
    }
  }

  /** The error with which a call would be refused at a block; undefined when it would succeed. */
  async simulate(call: CallRequest, block: bigint | 'latest'): Promise<LedgerError | undefined> {
    try {
      await this.#request<Hex>('eth_call', [call, block === 'latest' ? block : numberToHex(block)]);
      return undefined;
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'CHAIN_REVERTED') return error;
      throw error;
    }
  }

  /** The tip that the endpoint suggests; 0 where it has no opinion. */
  async suggestedPriorityFee(): Promise<bigint> {
    try {
      return BigInt(await this.#request<Hex>('eth_maxPriorityFeePerGas', []));
    } catch (error) {
      if (error instanceof LedgerError && error.code === 'CHAIN_REFUSED_REQUEST') return 0n;
      throw error;
    }
  }

  /** Hands a signed transaction to the endpoint. */
  async send(rawTransaction: Hex): Promise<void> {
    await this.#request<Hex>('eth_sendRawTransaction', [rawTransaction]);
  }

  /** True when the endpoint has the transaction, in a block or waiting. */
  async knows(transactionHash: Hex): Promise<boolean> {
    return (await this.#request<object | null>('eth_getTransactionByHash', [transactionHash])) !== null;
  }

  async receipt(transactionHash: Hex): Promise<ChainReceipt | null> {
    const receipt = await this.#request<RpcTransactionReceipt | null>('eth_getTransactionReceipt', [
      transactionHash,
    ]);
    // Some engines give a receipt without a block for what still waits.
    if (!receipt?.blockNumber || !receipt.blockHash) return null;
    return {
      transactionHash,
      blockNumber: BigInt(receipt.blockNumber),
      blockHash: receipt.blockHash,
      succeeded: BigInt(receipt.status) === 1n,
    };
  }

  async #request<T>(method: string, params: readonly unknown[]): Promise<T> {
    try {
      return (await this.viem.request({ method, params } as never)) as T;
    } catch (error) {
      throw asChainError(error, this.#abi);
    }
  }
}

const READS_AGAIN = 2;

/**
 * Reads once more, at once and at most twice, what a lossy line lost: following takes several requests in a row, and
 * would begin again after each loss. What timed out is not asked again, and nothing is ever sent twice in here: whoever
 * sends decides.
 */
function tolerant(transport: HttpTransport): HttpTransport {
  return (parameters) => {
    const made = transport(parameters);
    const request = async (args: { method: string }): Promise<unknown> => {
      for (let again = args.method === 'eth_sendRawTransaction' ? 0 : READS_AGAIN; ; again--) {
        try {
          return await made.request(args as never);
        } catch (error) {
          if (again === 0 || !isConnectionLost(error)) throw error;
        }
      }
    };
    return { ...made, request: request as typeof made.request };
  };
}

function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  const lost = error.walk((cause) => cause instanceof HttpRequestError);
  return lost instanceof HttpRequestError && lost.status === undefined;
}

function toHeader(block: RpcBlock): BlockHeader {
  if (block.number === null || block.hash === null) {
    throw new LedgerError('CHAIN_REFUSED_REQUEST', {
      en: 'The chain endpoint gave a block without number or hash.',
      zh: '链节点返回的区块缺少编号或哈希。',
    });
  }
  return {
    number: BigInt(block.number),
    hash: block.hash,
    parentHash: block.parentHash,
    time: BigInt(block.timestamp),
    gasLimit: BigInt(block.gasLimit ?? '0x0'),
    baseFeePerGas:
      block.baseFeePerGas === null || block.baseFeePerGas === undefined ? null : BigInt(block.baseFeePerGas),
  };
}

function toLog(log: RpcLog): ChainLog {
  return {
    address: log.address.toLowerCase() as Address,
    topics: log.topics,
    data: log.data,
    blockNumber: BigInt(log.blockNumber ?? '0x0'),
    blockHash: log.blockHash ?? '0x',
    transactionHash: log.transactionHash ?? '0x',
    logIndex: Number(log.logIndex ?? '0x0'),
  };
}
