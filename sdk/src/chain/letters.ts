import { type LetterFacts } from '../answer/index.ts';
import { LETTER_STATES } from '../protocol/index.ts';
import { lowerCase } from './deployment.ts';
import type { ProcessView } from './processes.ts';
import { asked, type LedgerView, noneIf } from './view.ts';

/**
 * What the check of a letter's copy asks, from any JSON-RPC endpoint. Every promise that is rejected is a
 * LedgerError CHAIN_UNREACHABLE.
 */
export function letterFacts(view: LedgerView, processes: ProcessView): LetterFacts {
  const { letters } = processes;
  return {
    async letter(letterId) {
      const found = await asked(letters.read.letter([letterId]));
      const state = LETTER_STATES[found.state] ?? 'none';
      return state === 'none' ? undefined : { authority: found.authority, state, digest: found.digest };
    },
    async promise(letterId) {
      const [event] = await asked(
        letters.getEvents.LetterPromised(
          { letterId },
          { fromBlock: BigInt(view.deployment.deployedAtBlock), toBlock: 'latest' },
        ),
      );
      if (event === undefined) return undefined;
      const { digest, applicantCopy, agencyCopy } = event.args;
      if (digest === undefined || applicantCopy === undefined || agencyCopy === undefined) return undefined;
      const { blockNumber, transactionHash } = event;
      const { timestamp: time } = await asked(view.client.getBlock({ blockNumber }));
      return { digest, applicantCopy, agencyCopy, transactionHash, blockNumber, time };
    },
    async operatorAt(memberId, blockNumber) {
      const key = await noneIf(view.consortium.read.operatorAt([memberId, blockNumber]), 'UnknownMember');
      return key === undefined || BigInt(key) === 0n ? undefined : lowerCase(key);
    },
  };
}
