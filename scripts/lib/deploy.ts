import { readFileSync } from 'node:fs';
import { deploy, DeploymentResultType } from '@nomicfoundation/ignition-core';
import type { Artifact, DeploymentResult, EIP1193Provider } from '@nomicfoundation/ignition-core';
import { createPublicClient, http, type Address, type Hex, type LocalAccount, type PublicClient } from 'viem';
import type { ProcessAddresses } from '@credit-ledger/sdk/chain';
import Ledger from '../../ignition/modules/Ledger.ts';

/** What the council may change later with `CreditRegisters.setParameters`. */
export interface RegisterParameters {
  readonly quorumRegions: number;
  readonly quietSeconds: number;
  readonly finalSeconds: number;
  readonly graceSeconds: number;
}

/** One of two regions after an hour of quiet, final after thirty days, ten minutes of grace. */
export const DEFAULT_PARAMETERS: RegisterParameters = {
  quorumRegions: 1,
  quietSeconds: 3_600,
  finalSeconds: 30 * 86_400,
  graceSeconds: 600,
};

export interface DeployOptions {
  readonly rpcUrl: string;
  /** Pays for the deployment; has no right in the ledger afterwards. */
  readonly deployer: LocalAccount;
  /** Region codes, e.g. 110000. */
  readonly regions: readonly [number, number, number];
  /** The key of each region's seat in the council. */
  readonly seats: readonly [Address, Address, Address];
  readonly parameters?: RegisterParameters;
  /** Where Ignition keeps its journal, so that a broken deployment can be resumed; none by default. */
  readonly journalDirectory?: string;
  /** How often to look for a block; 50 ms by default, for chains that mine at once. */
  readonly pollMilliseconds?: number;
}

/** A circuit that can be put in force. */
export interface DeployedCircuit {
  readonly id: Hex;
  readonly name: string;
  readonly size: number;
  readonly verifier: Address;
}

/** Where a ledger's contracts are. Written to a file, it is what a node is configured with. */
export interface Deployment {
  readonly chainId: number;
  readonly consortium: Address;
  readonly registers: Address;
  readonly applications: Address;
  readonly grants: Address;
  readonly answerLog: Address;
  readonly processes: ProcessAddresses;
  readonly verifiers: Readonly<Record<string, Address>>;
  readonly circuits: readonly DeployedCircuit[];
  /** No event of these contracts is older. */
  readonly deployedAtBlock: number;
}

interface KeyManifest {
  readonly circuits: readonly { readonly name: string; readonly size: number; readonly circuitId: Hex }[];
}

const root = new URL('../../', import.meta.url);

/**
 * Deploys the Ignition module `Ledger` to any JSON-RPC endpoint, signing here.
 * Needs compiled contracts and `circuits/keys/manifest.json`.
 * @throws Error with Ignition's own account of what failed
 */
export async function deployLedger(options: DeployOptions): Promise<Deployment> {
  const client = createPublicClient({
    transport: http(options.rpcUrl),
    pollingInterval: options.pollMilliseconds ?? 50,
  });
  const deployedAtBlock = Number(await client.getBlockNumber({ cacheTime: 0 })) + 1;
  const parameters = options.parameters ?? DEFAULT_PARAMETERS;
  const result = await deploy({
    artifactResolver: { loadArtifact, getBuildInfo: () => Promise.resolve(undefined) },
    provider: signingProvider(client, options.deployer),
    ignitionModule: Ledger,
    deploymentParameters: {
      Ledger: {
        regions: [...options.regions],
        seats: [...options.seats],
        registerParameters: { ...parameters },
      },
    },
    accounts: [options.deployer.address],
    config: {
      requiredConfirmations: 1,
      blockPollingInterval: options.pollMilliseconds ?? 50,
      disableFeeBumping: true,
    },
    ...(options.journalDirectory === undefined ? {} : { deploymentDir: options.journalDirectory }),
  });
  if (result.type !== DeploymentResultType.SUCCESSFUL_DEPLOYMENT) {
    throw new Error(`the contracts were not deployed: ${describeFailure(result)}`);
  }
  const at = (name: string): Address => {
    const contract = result.contracts[`Ledger#${name}`];
    if (contract === undefined) throw new Error(`Ignition did not deploy ${name}`);
    return contract.address as Address;
  };
  const verifiers: Record<string, Address> = { claim8: at('Claim8Verifier'), claim40: at('Claim40Verifier') };
  return {
    chainId: await client.getChainId(),
    consortium: at('Consortium'),
    registers: at('CreditRegisters'),
    applications: at('ApplicationList'),
    grants: at('SharingGrants'),
    answerLog: at('AnswerLog'),
    processes: {
      calendar: at('WorkingCalendar'),
      items: at('CommitmentItems'),
      letters: at('CommitmentLetters'),
      filings: at('IncompleteFilings'),
      consents: at('SubjectConsents'),
      cases: at('CreditCases'),
      pledges: at('VoluntaryPledges'),
    },
    verifiers,
    circuits: referenceCircuits().map((circuit) => {
      const verifier = verifiers[`${circuit.name}${circuit.size}`];
      if (verifier === undefined)
        throw new Error(`no verifier contract for ${circuit.name}(${circuit.size})`);
      return { ...circuit, verifier };
    }),
    deployedAtBlock,
  };
}

/** The circuits of `circuits/keys`, by their manifest. */
export function referenceCircuits(): { id: Hex; name: string; size: number }[] {
  const manifest = JSON.parse(
    readFileSync(new URL('circuits/keys/manifest.json', root), 'utf8'),
  ) as KeyManifest;
  return manifest.circuits.map(({ name, size, circuitId }) => ({ id: circuitId, name, size }));
}

function loadArtifact(name: string): Promise<Artifact> {
  const folder = name.endsWith('Verifier') ? 'contracts/verifiers' : 'contracts';
  const url = new URL(`artifacts/${folder}/${name}.sol/${name}.json`, root);
  return Promise.resolve(JSON.parse(readFileSync(url, 'utf8')) as Artifact);
}

/** Ignition asks its provider to sign; a plain endpoint does not hold the key, so it is done here. */
function signingProvider(client: PublicClient, account: LocalAccount): EIP1193Provider {
  const forward = client.request as (args: {
    method: string;
    params?: readonly unknown[];
  }) => Promise<unknown>;
  return {
    request: async ({ method, params }) => {
      if (method === 'eth_accounts') return [account.address];
      if (method !== 'eth_sendTransaction')
        return forward({ method, params: (params ?? []) as readonly unknown[] });
      const [fields] = params as [Record<string, Hex>];
      const serialized = await account.signTransaction({
        chainId: await client.getChainId(),
        ...(fields['to'] === undefined ? {} : { to: fields['to'] }),
        data: fields['data'] ?? '0x',
        value: BigInt(fields['value'] ?? 0),
        nonce: Number(fields['nonce']),
        gas: BigInt(fields['gas'] ?? 0),
        ...feesOf(fields),
      });
      return client.sendRawTransaction({ serializedTransaction: serialized });
    },
  };
}

function feesOf(
  fields: Record<string, Hex>,
): { gasPrice: bigint } | { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint } {
  if (fields['gasPrice'] !== undefined) return { gasPrice: BigInt(fields['gasPrice']) };
  return {
    maxFeePerGas: BigInt(fields['maxFeePerGas'] ?? 0),
    maxPriorityFeePerGas: BigInt(fields['maxPriorityFeePerGas'] ?? 0),
  };
}

function describeFailure(result: DeploymentResult): string {
  return JSON.stringify(result, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}
