import { canonicalBytes, type Hex, keccakHex, keccakWords, LedgerError } from '../protocol/index.ts';
import {
  address,
  bytes32,
  decimal,
  fieldElement,
  list,
  literal,
  object,
  parseJsonStrictly,
  type ReadBy,
  signature,
  unixSeconds,
} from './read.ts';
import { checkpointDigest, type SigningDomain } from './signing.ts';

export const CHECKPOINT_FORMAT = 'credit-checkpoint/1';
/** Longest life that a witness signs; a verifier believes none for longer, whatever it says. */
export const MAX_CHECKPOINT_LIFE_SECONDS = 7 * 86_400;

/** Addresses of the ledger's contracts, lower case. */
export const contractsReader = object({
  consortium: address,
  registers: address,
  applications: address,
  grants: address,
  answerLog: address,
});
export type ContractAddresses = ReadBy<typeof contractsReader>;

const checkpointShape = object({
  format: literal(CHECKPOINT_FORMAT),
  chainId: decimal(53),
  contracts: contractsReader,
  registerId: decimal(256),
  owner: decimal(256),
  secretCommit: fieldElement,
  seq: decimal(64),
  batchHash: bytes32,
  root: fieldElement,
  status: literal('witnessed'),
  blockNumber: decimal(64),
  time: unixSeconds,
  lastStoodAt: unixSeconds,
  supersededAt: unixSeconds,
  circuitIds: list(bytes32, 1, 64),
  applicationListHash: bytes32,
  logEntries: list(bytes32, 0, 10_000),
  expiry: unixSeconds,
  signatures: list(object({ member: decimal(256), signature }), 1, 1_000),
});

/**
 * What witnesses sign about one register at one block, so that an answer can be verified without the
 * chain (protocol §8). `time` is the block's; `supersededAt` 0 means that the batch is the head.
 */
export type Checkpoint = ReadBy<typeof checkpointShape>;
export type UnsignedCheckpoint = Omit<Checkpoint, 'signatures'>;

/** Reads a checkpoint inside another document. */
export function checkpointReader(value: unknown, path: string): Checkpoint {
  const checkpoint = checkpointShape(value, path);
  const at = path === '' ? '' : `${path}.`;
  requireRising(
    checkpoint.signatures.map((each) => BigInt(each.member)),
    `${at}signatures`,
  );
  requireRising(checkpoint.circuitIds.map(BigInt), `${at}circuitIds`);
  requireRising(checkpoint.logEntries.map(BigInt), `${at}logEntries`);
  return checkpoint;
}

// One spelling of a set: in rising order, nothing twice.
function requireRising(values: readonly bigint[], path: string): void {
  if (values.every((value, i) => i === 0 || value > (values[i - 1] ?? value))) return;
  throw new LedgerError(
    'FORMAT_FIELD_MALFORMED',
    { en: 'The list must be in rising order, with nothing twice.', zh: '列表应按升序排列且不得重复。' },
    { path },
  );
}

/**
 * Reads a checkpoint from JSON text or a parsed value, strictly.
 * @throws LedgerError with a FORMAT_… code, naming the path
 */
export function parseCheckpoint(document: unknown): Checkpoint {
  return checkpointReader(typeof document === 'string' ? parseJsonStrictly(document) : document, '');
}

/** keccak256 of the JCS bytes of the checkpoint without its signatures: what witnesses sign. */
export function checkpointHash(checkpoint: Checkpoint | UnsignedCheckpoint): Hex {
  const { signatures: _, ...unsigned } = checkpoint as Checkpoint;
  return keccakHex(canonicalBytes(unsigned));
}

/**
 * The document with its signatures in their one order.
 * @throws LedgerError with a FORMAT_… code
 */
export function signedCheckpoint(
  checkpoint: UnsignedCheckpoint,
  signatures: Iterable<{ readonly member: bigint | string; readonly signature: Hex }>,
): Checkpoint {
  const sorted = [...signatures].sort((a, b) => (BigInt(a.member) < BigInt(b.member) ? -1 : 1));
  return parseCheckpoint({
    ...checkpoint,
    signatures: sorted.map((each) => ({ member: BigInt(each.member).toString(), signature: each.signature })),
  });
}

/** How a checkpoint names an entry of the answer log that it covers (protocol §8). */
export function logEntryHash(entry: {
  readonly logId: bigint;
  readonly requestDigest: Hex;
  readonly batchHash: Hex;
  readonly circuitId: Hex;
  readonly answerCommitment: Hex;
  /** Seconds since 1970. */
  readonly time: bigint;
}): Hex {
  return keccakWords([
    entry.logId,
    BigInt(entry.requestDigest),
    BigInt(entry.batchHash),
    BigInt(entry.circuitId),
    BigInt(entry.answerCommitment),
    entry.time,
  ]);
}

/** EIP-712 digest that a witness signs over a checkpoint. */
export function checkpointDigestOf(domain: SigningDomain, checkpoint: Checkpoint | UnsignedCheckpoint): Hex {
  return checkpointDigest(domain, checkpointHash(checkpoint));
}
