import { setTimeout as pause } from 'node:timers/promises';
import { isLedgerError } from '@credit-ledger/sdk/protocol';

/** Waits; rejects when the signal aborts. Handed in, so that tests need not wait. */
export type Wait = (milliseconds: number, signal: AbortSignal) => Promise<void>;

export const realWait: Wait = async (milliseconds, signal) => {
  await pause(milliseconds, undefined, { signal, ref: false });
};

/** Pauses that double, from the first to the longest. */
export function pauseAfter(failures: number, firstMilliseconds: number, mostMilliseconds: number): number {
  return Math.min(mostMilliseconds, firstMilliseconds * 2 ** Math.min(failures, 20));
}

/**
 * Pauses while something is under way elsewhere, each a quarter longer than the one before: whoever
 * waits learns of the end no later than a quarter of the time that it took.
 */
export function pauseWhilePending(
  turns: number,
  firstMilliseconds: number,
  mostMilliseconds: number,
): number {
  return Math.min(mostMilliseconds, firstMilliseconds * 1.25 ** Math.min(turns, 60));
}

const TRANSIENT = [
  'BUSY',
  'CHAIN_NO_QUORUM',
  'CHAIN_UNREACHABLE',
  'CHAIN_REFUSED_REQUEST',
  'CITATION_NOT_SEEN',
  'CLOCK_OFF',
  'CONTRACTS_NOT_UNDERSTOOD',
  'LOG_ENTRY_NOT_SEEN',
  'PROVER_CANCELLED',
  'PROVER_CLOSED',
  'REQUEST_SIGNATURE_STALE',
  'STORE_UNAVAILABLE',
];

/** Whether trying again may help without anyone doing anything to the question. */
export function isTransient(error: unknown): boolean {
  return isLedgerError(error) && TRANSIENT.includes(error.code);
}
