import { setTimeout as pause } from 'node:timers/promises';

export interface WaitOptions {
  readonly timeoutMilliseconds?: number;
  readonly everyMilliseconds?: number;
}

/**
 * Waits until a condition holds and returns what it gave. Errors of the
 * condition are not swallowed: they end the waiting.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  { timeoutMilliseconds = 20_000, everyMilliseconds = 20 }: WaitOptions = {},
): Promise<NonNullable<T>> {
  const until = performance.now() + timeoutMilliseconds;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== null && value !== false) return value;
    if (performance.now() > until) {
      throw new Error(`waited ${timeoutMilliseconds} ms in vain: ${what}`);
    }
    await pause(everyMilliseconds);
  }
}

/** The error that a promise rejects with; fails when it does not. */
export async function rejection(
  promise: Promise<unknown>,
): Promise<Error & { code?: string; operands?: Record<string, unknown> }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error(`rejected with something that is no error: ${String(error)}`);
  }
  throw new Error('resolved, though it should have been rejected');
}
