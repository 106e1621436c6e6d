import type { Clock } from '../clock.ts';
import { rejection } from './errors.ts';
import type { LedgerReads } from './ports.ts';

/** How far the node's clock and the chain's may be apart (and a fetch from the node's). */
export const CLOCK_TOLERANCE_SECONDS = 300n;

export function unixSeconds(clock: Clock): bigint {
  return BigInt(Math.floor(clock.now().getTime() / 1000));
}

/**
 * The chain's time, once it has been compared with the node's own. With a clock that is off,
 * expiries, days and promises would be judged wrongly, so nothing is asked or answered.
 * Errors: `CLOCK_OFF`, those of the chain.
 */
export async function agreedTime(
  facts: Pick<LedgerReads, 'now'>,
  clock: Clock,
): Promise<{ readonly blockNumber: bigint; readonly time: bigint }> {
  const now = await facts.now();
  const own = unixSeconds(clock);
  const apart = own > now.time ? own - now.time : now.time - own;
  if (apart > CLOCK_TOLERANCE_SECONDS) {
    throw rejection('CLOCK_OFF', { nodeTime: own, chainTime: now.time, apartSeconds: apart });
  }
  return now;
}
