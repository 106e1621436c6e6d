/** Said before anything was done: the same request can be sent again as it is, whatever its method. */
const NOTHING_DONE = ['BUSY', 'STORE_BUSY', 'TOO_MANY_REQUESTS', 'SHUTTING_DOWN'];

export interface Patience {
  /** How often a request is sent again; 0 never. */
  readonly retries: number;
  /** A node that asks for a longer pause than this is not waited for. */
  readonly mostSeconds: number;
  /** For tests; the platform's timer by default. Rejects when the signal aborts. */
  readonly wait?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  /** Told before each pause, so that a person knows what is being waited for. */
  readonly onWait?: (seconds: number) => void;
}

export const DEFAULT_PATIENCE: Patience = { retries: 3, mostSeconds: 60 };

/**
 * Sends a request, and again when a node that is overloaded, or is just being started anew, has said how
 * long to wait (`Retry-After` with 429 or 503). Other answers, and those of a node that may have begun
 * with the work, are given as they are; but a reading (`isReading`) is repeated after any of them.
 */
export async function sendPatiently(
  send: () => Promise<Response>,
  patience: Patience,
  isReading: boolean,
  signal?: AbortSignal,
): Promise<Response> {
  const wait = patience.wait ?? pause;
  for (let tries = 0; ; tries += 1) {
    const response = await send();
    if (tries >= patience.retries) return response;
    const seconds = await secondsToWait(response, isReading);
    if (seconds === undefined || seconds > patience.mostSeconds) return response;
    // Not waited for: it settles only when whoever else reads the same body has done so.
    response.body?.cancel().catch(() => undefined);
    patience.onWait?.(seconds);
    await wait(seconds * 1000, signal);
  }
}

/** How long a response asks to wait; undefined when sending again would not be right. */
async function secondsToWait(response: Response, isReading: boolean): Promise<number | undefined> {
  if (response.status !== 429 && response.status !== 503) return undefined;
  const header = response.headers.get('retry-after') ?? '';
  if (!/^\d{1,6}$/.test(header)) return undefined;
  if (isReading || NOTHING_DONE.includes(await codeOf(response))) return Number(header);
  return undefined;
}

async function codeOf(response: Response): Promise<string> {
  try {
    const problem = (await response.clone().json()) as { code?: unknown };
    return typeof problem.code === 'string' ? problem.code : '';
  } catch {
    // Not a node's answer, or cut short: nothing is known of it, so nothing is sent again.
    return '';
  }
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(reasonOf(signal));
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, milliseconds);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(reasonOf(signal));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('aborted');
}
