import type { Hex } from '@credit-ledger/sdk/protocol';
import type { LedgerReads, MemberFact } from './ports.ts';

/**
 * Around the block of a key change two nodes may see different heads: one signs with the new key while the other's
 * chain still has the former one. Within so many blocks that is no forgery.
 */
const KEY_CHANGE_BLOCKS = 64n;

type KeyReads = Pick<LedgerReads, 'now' | 'operatorAt'>;

/**
 * Whether a key is a member's operator key now, or is about to be. The former key is not: once a change holds,
 * nothing new is taken from it.
 */
export async function isOperatorOf(
  facts: KeyReads,
  member: Pick<MemberFact, 'id' | 'operator'>,
  key: Hex,
): Promise<boolean> {
  if (member.operator === key) return true;
  const { blockNumber } = await facts.now();
  return (await facts.operatorAt(member.id, blockNumber + KEY_CHANGE_BLOCKS)) === key;
}

/** Whether a member's operator key has just changed, or is about to. */
export async function isChangingKeys(facts: KeyReads, memberId: bigint): Promise<boolean> {
  const { blockNumber } = await facts.now();
  const earliest = blockNumber > KEY_CHANGE_BLOCKS ? blockNumber - KEY_CHANGE_BLOCKS : 0n;
  const [before, after] = await Promise.all([
    facts.operatorAt(memberId, earliest),
    facts.operatorAt(memberId, blockNumber + KEY_CHANGE_BLOCKS),
  ]);
  return before !== after;
}
