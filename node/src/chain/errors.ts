import { isLedgerError, LedgerError, type Operand } from '@credit-ledger/sdk/protocol';
import {
  BaseError,
  decodeErrorResult,
  HttpRequestError,
  isHex,
  RpcRequestError,
  SocketClosedError,
  TimeoutError,
  WebSocketRequestError,
  type Abi,
  type Hex,
} from 'viem';

/** What an endpoint's refusal means to the one who sends, however the engine words it. */
export type RefusalKind =
  | 'already-known'
  | 'nonce-too-low'
  | 'underpriced'
  | 'replacement-underpriced'
  | 'unfunded'
  | 'too-large'
  | 'other';

// The wordings of geth and its descendants (Kaia), Besu and anvil, most particular first.
const WORDINGS: readonly (readonly [RefusalKind, RegExp])[] = [
  ['already-known', /already known|already imported|known transaction/i],
  ['nonce-too-low', /nonce too low|nonce is too low|nonce below/i],
  [
    'replacement-underpriced',
    /replacement.*underpriced|replacement transaction|gas price too low to replace/i,
  ],
  [
    'underpriced',
    /underpriced|fee cap less than block base fee|max fee per gas less than|lower than the (current |)base ?fee|gas price (is )?(too low|below)|invalid (gas fee cap|unit price)/i,
  ],
  ['unfunded', /insufficient funds|insufficient balance|exceeds .*balance|upfront cost/i],
  [
    'too-large',
    /exceeds block gas limit|gas limit reached|intrinsic gas too high|exceeds transaction gas limit|oversized data|gas required exceeds allowance|out of gas/i,
  ],
];

/** Puts what the endpoint answered, or that it did not, into one of the chain's errors. */
export function asChainError(error: unknown, abi: Abi): Error {
  if (isLedgerError(error)) return error;
  if (!(error instanceof BaseError)) return error instanceof Error ? error : new Error(String(error));
  // Several endpoints may have said it in our words already.
  const own = error.walk((cause) => isLedgerError(cause));
  if (isLedgerError(own)) return own;
  const lost = error.walk(
    (cause) =>
      cause instanceof HttpRequestError ||
      cause instanceof TimeoutError ||
      cause instanceof WebSocketRequestError ||
      cause instanceof SocketClosedError,
  );
  if (lost !== null) {
    return new LedgerError(
      'CHAIN_UNREACHABLE',
      { en: 'The chain endpoint does not answer.', zh: '链节点无响应。' },
      // Not the message: it quotes the address, which may hold a password.
      { reason: lost instanceof HttpRequestError ? (lost.status ?? 'no connection') : lost.name },
    );
  }
  const data = revertData(error);
  const reason = (rpcAnswer(error)?.message ?? error.shortMessage).slice(0, 300);
  if (data !== undefined || /execution reverted|revert/i.test(reason)) {
    return revertedError(abi, data, reason);
  }
  const refusal = WORDINGS.find(([, wording]) => wording.test(reason))?.[0] ?? 'other';
  return new LedgerError(
    'CHAIN_REFUSED_REQUEST',
    { en: `The chain endpoint refused: ${reason}`, zh: `链节点拒绝请求：${reason}` },
    { refusal, reason, rpcCode: rpcAnswer(error)?.code ?? null },
  );
}

/** How a request was refused; undefined when the error is another one. */
export function refusalOf(error: unknown): RefusalKind | undefined {
  if (!isLedgerError(error, 'CHAIN_REFUSED_REQUEST')) return undefined;
  return error.operands['refusal'] as RefusalKind;
}

/** `CHAIN_REVERTED` with the contract's own error: its name as operand `error`, its arguments by name. */
export function revertedError(abi: Abi, data: Hex | undefined, reason: string | null): LedgerError {
  const decoded = decode(abi, data);
  const shown = decoded === undefined ? (reason ?? data ?? '?') : `${decoded.name}(${decoded.shown})`;
  return new LedgerError(
    'CHAIN_REVERTED',
    { en: `The contract refused: ${shown}`, zh: `合约拒绝执行：${shown}` },
    {
      ...decoded?.operands,
      error: decoded?.name ?? null,
      data: decoded === undefined ? (data ?? null) : null,
    },
  );
}

interface Decoded {
  readonly name: string;
  readonly shown: string;
  readonly operands: Readonly<Record<string, Operand>>;
}

function decode(abi: Abi, data: Hex | undefined): Decoded | undefined {
  if (data === undefined || data.length < 10) return undefined;
  try {
    const { errorName, args, abiItem } = decodeErrorResult({ abi, data });
    const inputs = 'inputs' in abiItem ? abiItem.inputs : [];
    const values = ((args ?? []) as readonly unknown[]).map(asOperand);
    const operands = Object.fromEntries(
      values.map((value, index) => [inputs[index]?.name ?? `arg${index}`, value]),
    );
    return { name: errorName, shown: values.map(String).join(', '), operands };
  } catch {
    // An error of no contract of ours: shown as the bytes that it is.
    return undefined;
  }
}

function asOperand(value: unknown): Operand {
  if (value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value)) {
    return value as Operand;
  }
  if (Array.isArray(value)) return value.map(asOperand);
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner));
}

/** The endpoint's own words and code, without what the library adds. */
function rpcAnswer(error: BaseError): { message: string; code: number } | undefined {
  const found = error.walk((cause) => cause instanceof RpcRequestError);
  return found instanceof RpcRequestError ? { message: found.details, code: found.code } : undefined;
}

function revertData(error: BaseError): Hex | undefined {
  const found = error.walk((cause) => dataOf(cause) !== undefined);
  return found === null ? undefined : dataOf(found);
}

/** Engines put it in `data`, some one level deeper. */
function dataOf(cause: unknown): Hex | undefined {
  const data = (cause as { data?: unknown } | null)?.data;
  const inner = typeof data === 'object' && data !== null ? (data as { data?: unknown }).data : data;
  return isHex(inner) && inner.length >= 10 ? inner : undefined;
}
