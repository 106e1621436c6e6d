import type { RegisterSecret, SecretCommit } from '@credit-ledger/sdk/protocol';
import type { Address, Hex, TransactionSerializableEIP1559, TypedDataDefinition } from 'viem';

/**
 * The two keys that a member has on chain (valid from a block to a block):
 * the operator key appends, grants, logs and signs answers; the witness key
 * attests and objects, and may be kept elsewhere.
 */
export type KeyRole = 'operator' | 'witness';

/**
 * Every secret and every signature of a node, behind one interface, so that a
 * hardware module can take the place of a file. Private keys never leave it.
 * Nothing that it guards is in the database.
 *
 * Errors: `KEYRING_SECRET_UNKNOWN`; implementations add their own for opening.
 */
export interface Keyring {
  /** Of the keys that sign now. They change while the node runs, when the council has changed them on chain. */
  readonly operatorAddress: Address;
  readonly witnessAddress: Address;

  /** Every key that it holds for a role: those of the past, of now, and those made for the next change. */
  addresses(role: KeyRole): readonly Address[];

  /** Lets another of its keys sign for a role from now on. `KEYRING_KEY_UNKNOWN`. */
  use(role: KeyRole, address: Address): void;

  /** Takes in keys that were made for it beside, while it was open. */
  reload(): Promise<void>;

  /**
   * Signs a transaction with the key that signs now, or with another that it holds; returns it serialised, ready to
   * be sent. `KEYRING_KEY_UNKNOWN`.
   */
  signTransaction(role: KeyRole, transaction: TransactionSerializableEIP1559, as?: Address): Promise<Hex>;

  /** Signs EIP-712 data: 65 bytes, low-s, v 27 or 28, lower case. `KEYRING_KEY_UNKNOWN`. */
  signTypedData(role: KeyRole, typedData: TypedDataDefinition, as?: Address): Promise<Hex>;

  /** The secret of one of the agency's registers (protocol §3). `KEYRING_SECRET_UNKNOWN`. */
  registerSecret(keyId: string): Promise<RegisterSecret>;

  /** Makes a register's secret; it is durable before the promise resolves. */
  createRegisterSecret(): Promise<{ readonly keyId: string; readonly secretCommit: SecretCommit }>;

  /** 32 bytes that encrypt the openings journal. */
  journalKey(): Promise<Uint8Array>;

  /** 32 bytes mixed into the hashes of API tokens, so that a stolen database cannot test guesses. */
  tokenPepper(): Promise<Uint8Array>;
}
