export {
  ChainClient,
  type BlockHeader,
  type ChainClientOptions,
  type ChainContract,
  type ChainReceipt,
} from './client.ts';
export { ledgerClient, ledgerContracts, parseDeployment, type Deployment } from './contracts.ts';
export type { EndpointStatus } from './endpoints.ts';
export { fromEventRow, type ContractName, type FollowedEvent, type LedgerEvent } from './events.ts';
export {
  Follower,
  type BlockRange,
  type EventHandler,
  type FollowerOptions,
  type FollowerStatus,
} from './follower.ts';
export { ContractsInForce, type NotUnderstood } from './contracts-in-force.ts';
export { OwnKeys, type KeysFrom, type OwnKeysStatus } from './own-keys.ts';
export {
  Outbox,
  type MinedTransaction,
  type OutboxOptions,
  type TransactionRequest,
  type WriterStatus,
} from './outbox.ts';
