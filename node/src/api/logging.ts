import { isLedgerError } from '@credit-ledger/sdk/protocol';
import { pino, type DestinationStream, type Logger } from 'pino';
import { currentRequestId } from '../trace.ts';

export type { Logger } from 'pino';

/**
 * The node's log: JSON lines on standard error. At info and above it holds no personal data, no
 * names and no credit codes: requests by their route and id (never their
 * address, whose query names subjects), errors by their code (never their
 * message, which may quote what was read).
 */
export function createLogger(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    // One search for the id of a request shows all that was done for its sake, at every node.
    mixin: () => {
      const requestId = currentRequestId();
      return requestId === undefined ? {} : { requestId };
    },
    serializers: { err: loggedError, error: loggedError },
  };
  // Standard output belongs to whoever started the node.
  return pino(options, destination ?? pino.destination(2));
}

/** What the log may say of an error: its kind, code and place, not what it quotes. */
export function loggedError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const cause = error.cause === undefined ? undefined : loggedError(error.cause);
  return {
    type: error.name,
    ...(isLedgerError(error) ? { code: error.code } : {}),
    ...(typeof (error as NodeJS.ErrnoException).code === 'string'
      ? { code: (error as NodeJS.ErrnoException).code }
      : {}),
    // The first line of a stack is the message; the frames are ours.
    at: (error.stack ?? '')
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .slice(0, 12)
      .map((line) => line.trim()),
    ...(cause === undefined ? {} : { cause }),
  };
}
