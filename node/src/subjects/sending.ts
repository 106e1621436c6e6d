import { isLedgerError, keccakHex, type Hex } from '@credit-ledger/sdk/protocol';
import { hexToBytes } from 'viem';
import { consentErrorOf } from '../exchange/index.ts';
import type { Database } from '../store/index.ts';
import type { SubjectParts } from './ports.ts';

/** Contract errors that mean something else in one call than in another. */
export type Renamed = Readonly<Record<string, string>>;

/**
 * What the contract would refuse is refused before anything is kept or sent.
 * @throws LedgerError CONSENT_…, BINDING_…, or the contract's own as CHAIN_REVERTED
 */
export async function requireAccepted(parts: SubjectParts, data: Hex, renamed: Renamed): Promise<void> {
  const refused = await parts.simulate(parts.facts.contracts.consents, data);
  if (refused !== undefined) throw explained(refused, renamed);
}

/** A transaction to the consents' contract; the same call is sent once. */
export function enqueue(parts: SubjectParts, tx: Database, kind: string, data: Hex): Promise<bigint> {
  return parts.transactions.enqueue(tx, {
    kind,
    dedupeKey: `${kind} ${keccakHex(hexToBytes(data))}`,
    role: 'operator',
    to: parts.facts.contracts.consents,
    data,
    ifFailed: 'retry',
  });
}

/** The contract's refusal in the room's words; any other error as it is. */
export function explained(error: unknown, renamed: Renamed = {}): unknown {
  if (!isLedgerError(error, 'CHAIN_REVERTED')) return error;
  const { error: name, data: _, ...operands } = error.operands;
  if (typeof name !== 'string') return error;
  return consentErrorOf(renamed[name] ?? name, operands) ?? error;
}
