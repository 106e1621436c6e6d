import { askWithConsent } from './consent.ts';
import type { Outcome, Play } from './play.ts';

/** The processes, act after act, in the order of their dates; registers are filled before. */
export async function playProcesses(play: Play): Promise<readonly Outcome[]> {
  return [await askWithConsent(play)];
}
