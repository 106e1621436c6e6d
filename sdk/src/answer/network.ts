import { type Brand, circuitIdOf, type Hex, LedgerError, type VerificationKey } from '../protocol/index.ts';
import { contractsReader } from './checkpoint.ts';
import { prepareVerificationKey } from './groth16.ts';
import {
  address,
  bytes32,
  decimal,
  fieldElement,
  integer,
  list,
  literal,
  nullable,
  object,
  parseJsonStrictly,
  pattern,
  type ReadBy,
  type Reader,
  unixSeconds,
  words,
} from './read.ts';

export const NETWORK_FORMAT = 'credit-network/1';

const number = pattern(/^(0|[1-9][0-9]{0,77})$/, 'decimal digits');
const g1 = list(number, 3, 3);
const g2 = list(list(number, 2, 2), 3, 3);

const verificationKeyReader: Reader<VerificationKey> = object({
  protocol: literal('groth16'),
  curve: literal('bn128'),
  nPublic: integer(1_000),
  vk_alpha_1: g1,
  vk_beta_2: g2,
  vk_gamma_2: g2,
  vk_delta_2: g2,
  IC: list(g1, 1, 1_001),
});

/** A key and the blocks in which its member could act with it: from `fromBlock`, up to and without `toBlock`. */
const keyPeriod = object({ address, fromBlock: decimal(64), toBlock: nullable(decimal(64)) });

const networkShape = object({
  format: literal(NETWORK_FORMAT),
  chainId: decimal(53),
  contracts: contractsReader,
  circuits: list(
    object({
      id: bytes32,
      name: pattern(/^[a-z][a-z0-9-]{0,31}$/, 'name of a circuit'),
      size: integer(65_535),
      verificationKey: verificationKeyReader,
    }),
    1,
    64,
  ),
  catalogue: object({ version: integer(0xffff_ffff), hash: bytes32 }),
  members: list(
    object({
      id: decimal(256),
      name: words(256),
      region: integer(999_999),
      regionCode: integer(999_999),
      creditCode: pattern(/^[0-9A-Z]{18}$/, '18 characters'),
      role: literal('authority', 'requester', 'association'),
      operatorKeys: list(keyPeriod, 1, 1_000),
      witnessKeys: list(keyPeriod, 0, 1_000),
      registers: list(
        object({ id: decimal(256), secretCommit: fieldElement, promiseSeconds: integer(0xffff_ffff) }),
        0,
        1_000,
      ),
    }),
    1,
    10_000,
  ),
  graceSeconds: integer(0xffff_ffff),
  madeAt: unixSeconds,
});

export type NetworkFileJson = ReadBy<typeof networkShape>;
export type NetworkMember = NetworkFileJson['members'][number];
export type NetworkRegister = NetworkMember['registers'][number];
export type NetworkCircuit = NetworkFileJson['circuits'][number];
export type KeyPeriod = NetworkMember['operatorKeys'][number];

/**
 * What a verifier knows before it opens an answer: chain, contracts, circuits, members with their keys
 * and registers (protocol §8). Pinned: whoever can change it decides what is true. Only
 * parseNetworkFile makes one.
 */
export type NetworkFile = Brand<NetworkFileJson, 'NetworkFile'>;

/**
 * Reads a network file from JSON text or a parsed value, strictly, and checks that it agrees with
 * itself: circuit ids are those of their keys, nothing is named twice, keys do not overlap.
 * @throws LedgerError with a FORMAT_… code, NETWORK_FILE_INCONSISTENT or VERIFICATION_KEY_MALFORMED
 */
export function parseNetworkFile(document: unknown): NetworkFile {
  const network = networkShape(typeof document === 'string' ? parseJsonStrictly(document) : document, '');
  for (const circuit of network.circuits) {
    if (circuitIdOf(circuit.name, circuit.size, circuit.verificationKey) !== circuit.id) {
      throw inconsistent('circuits', circuit.id);
    }
  }
  const registers = network.members.flatMap((member) => member.registers);
  requireDistinct(
    'circuits',
    network.circuits.map((circuit) => circuit.id),
  );
  requireDistinct(
    'members',
    network.members.map((member) => member.id),
  );
  requireDistinct(
    'registers',
    registers.map((register) => register.id),
  );
  // Two registers with one secret would let an answer of one pass for the other's.
  requireDistinct(
    'secretCommit',
    registers.map((register) => register.secretCommit),
  );
  requireOneOwner(network);
  return network as NetworkFile;
}

function requireDistinct(what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw inconsistent(what, name);
    seen.add(name);
  }
}

// A key belongs to one member in one role for ever, and a role has one key at a time.
function requireOneOwner(network: NetworkFileJson): void {
  const owners = new Map<string, string>();
  for (const member of network.members) {
    for (const [role, keys] of [
      ['operator', member.operatorKeys],
      ['witness', member.witnessKeys],
    ] as const) {
      let freeFrom: bigint | undefined = 0n;
      for (const key of keys) {
        const owner = `${member.id} ${role}`;
        if ((owners.get(key.address) ?? owner) !== owner) throw inconsistent('keys', key.address);
        owners.set(key.address, owner);
        const from = BigInt(key.fromBlock);
        const to = key.toBlock === null ? undefined : BigInt(key.toBlock);
        if (freeFrom === undefined || from < freeFrom || (to !== undefined && to <= from)) {
          throw inconsistent('keys', key.address);
        }
        freeFrom = to;
      }
    }
  }
}

function inconsistent(what: string, name: string): LedgerError {
  return new LedgerError(
    'NETWORK_FILE_INCONSISTENT',
    { en: 'The network file contradicts itself.', zh: '网络文件自相矛盾。' },
    { what, name },
  );
}

/** Makes every verification key of the network ready, so that the first answer is as quick as the next. */
export function prepareNetwork(network: NetworkFile): void {
  for (const circuit of network.circuits) prepareVerificationKey(circuit.verificationKey);
}

/** What answers and checkpoints of this network are signed under. */
export function domainOf(network: NetworkFileJson): { readonly chainId: bigint; readonly answerLog: Hex } {
  return { chainId: BigInt(network.chainId), answerLog: network.contracts.answerLog };
}

export function memberOf(network: NetworkFileJson, id: string): NetworkMember | undefined {
  return network.members.find((member) => member.id === id);
}

/** A register with its owner, as pinned. */
export function registerOf(
  network: NetworkFileJson,
  id: string,
): { readonly owner: NetworkMember; readonly register: NetworkRegister } | undefined {
  for (const owner of network.members) {
    const register = owner.registers.find((each) => each.id === id);
    if (register) return { owner, register };
  }
  return undefined;
}

/** The period of a key in which a block lies, if any. */
export function periodAt(keys: readonly KeyPeriod[], blockNumber: bigint): KeyPeriod | undefined {
  return keys.find(
    (key) =>
      BigInt(key.fromBlock) <= blockNumber && (key.toBlock === null || blockNumber < BigInt(key.toBlock)),
  );
}

/** The key that was good in a block, if any. */
export function keyAt(keys: readonly KeyPeriod[], blockNumber: bigint): Hex | undefined {
  return periodAt(keys, blockNumber)?.address;
}
