import { NETWORK_FORMAT, type NetworkFile, parseNetworkFile } from '../answer/index.ts';
import { circuitIdOf, type Hex, LedgerError, type VerificationKey } from '../protocol/index.ts';
import { lowerCase } from './deployment.ts';
import { ledgerEvents } from './events.ts';
import { CONTRACT_NAMES } from './facts.ts';
import { Members } from './members.ts';
import { asked, type LedgerView } from './view.ts';

export interface CircuitWithKey {
  readonly name: string;
  readonly size: number;
  readonly verificationKey: VerificationKey;
}

/** Only the fields that the circuit id covers. */
function bareKey(key: VerificationKey): VerificationKey {
  const { protocol, curve, nPublic, IC, vk_alpha_1, vk_beta_2, vk_gamma_2, vk_delta_2 } = key;
  return { protocol, curve, nPublic, IC, vk_alpha_1, vk_beta_2, vk_gamma_2, vk_delta_2 };
}

/**
 * Writes the network file of a ledger from its chain. Whoever takes it from somebody else trusts that
 * party for everything; best made from one's own node, and then pinned.
 *
 * @param circuits verification keys from one's own copy of the keys; each must be in force on chain
 * @param madeAt seconds since 1970
 * @throws LedgerError CHAIN_UNREACHABLE, CIRCUIT_NOT_IN_FORCE, CONTRACT_NOT_IN_FORCE, CHAIN_WRONG_ID
 */
export async function makeNetworkFile(
  view: LedgerView,
  circuits: readonly CircuitWithKey[],
  madeAt: number,
): Promise<NetworkFile> {
  const { client, deployment, consortium, registers } = view;
  const chainId = await asked(client.getChainId());
  if (BigInt(chainId) !== BigInt(deployment.chainId)) {
    throw new LedgerError(
      'CHAIN_WRONG_ID',
      { en: 'The endpoint serves another chain.', zh: '该端点服务的是另一条链。' },
      { expected: deployment.chainId, actual: chainId },
    );
  }
  for (const [contract, name] of Object.entries(CONTRACT_NAMES) as [keyof typeof CONTRACT_NAMES, Hex][]) {
    const inForce = lowerCase(await asked(consortium.read.contractInForce([name])));
    if (inForce !== lowerCase(deployment[contract])) {
      throw new LedgerError(
        'CONTRACT_NOT_IN_FORCE',
        { en: 'The council has put another contract in force.', zh: '理事会已启用另一合约。' },
        { contract, inForce },
      );
    }
  }
  const known = [];
  for (const { name, size, verificationKey } of circuits) {
    const id = circuitIdOf(name, size, verificationKey);
    if (!(await asked(consortium.read.circuitInForce([id])))) {
      throw new LedgerError(
        'CIRCUIT_NOT_IN_FORCE',
        { en: 'A circuit of this program is not in force on the chain.', zh: '本程序的电路在链上未生效。' },
        { name, size, id },
      );
    }
    known.push({ id, name, size, verificationKey: bareKey(verificationKey) });
  }
  const head = await asked(client.getBlockNumber({ cacheTime: 0 }));
  const members = new Members();
  for (const event of await ledgerEvents(client, deployment, BigInt(deployment.deployedAtBlock), head)) {
    members.follow(event);
  }
  const registerCount = await asked(registers.read.registerCount());
  const owned = new Map<bigint, { id: string; secretCommit: Hex; promiseSeconds: number }[]>();
  for (let id = 1n; id <= registerCount; id += 1n) {
    const { owner, secretCommit, promiseSeconds } = await asked(registers.read.register([id]));
    owned.set(owner, [...(owned.get(owner) ?? []), { id: id.toString(), secretCommit, promiseSeconds }]);
  }
  const [version, hash] = await asked(consortium.read.catalogue());
  const parameters = await asked(registers.read.parameters());
  return parseNetworkFile({
    format: NETWORK_FORMAT,
    chainId: chainId.toString(),
    contracts: {
      consortium: lowerCase(deployment.consortium),
      registers: lowerCase(deployment.registers),
      applications: lowerCase(deployment.applications),
      grants: lowerCase(deployment.grants),
      answerLog: lowerCase(deployment.answerLog),
    },
    circuits: known,
    catalogue: { version, hash },
    members: members.all().map((member) => ({
      id: member.id.toString(),
      name: member.name,
      region: member.region,
      regionCode: member.regionCode,
      creditCode: member.creditCode,
      role: member.role,
      operatorKeys: member.periods('operator'),
      witnessKeys: member.periods('witness'),
      registers: owned.get(member.id) ?? [],
    })),
    graceSeconds: parameters.graceSeconds,
    madeAt,
  });
}

/** The view that a pinned network file describes; its events are looked for from the first block on. */
export function deploymentOf(network: NetworkFile, deployedAtBlock: bigint = 0n): LedgerView['deployment'] {
  return { chainId: BigInt(network.chainId), ...network.contracts, deployedAtBlock };
}
