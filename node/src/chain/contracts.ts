import {
  answerLogAbi,
  applicationListAbi,
  commitmentItemsAbi,
  commitmentLettersAbi,
  consortiumAbi,
  creditCasesAbi,
  creditRegistersAbi,
  incompleteFilingsAbi,
  ledgerErrorsAbi,
  sharingGrantsAbi,
  subjectConsentsAbi,
  voluntaryPledgesAbi,
  workingCalendarAbi,
} from '@credit-ledger/sdk/chain';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { Abi, Address } from 'viem';
import { z } from 'zod';
import { ChainClient, type ChainClientOptions, type ChainContract } from './client.ts';
import type { ContractName } from './events.ts';

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform((text) => text.toLowerCase() as Address);

const deploymentSchema = z.object({
  chainId: z.int().positive(),
  consortium: address,
  registers: address,
  applications: address,
  grants: address,
  answerLog: address,
  processes: z.object({
    calendar: address,
    items: address,
    letters: address,
    filings: address,
    consents: address,
    cases: address,
    pledges: address,
  }),
  deployedAtBlock: z.coerce.bigint().nonnegative(),
});

/** Where the ledger's contracts are: what a deployment leaves behind for the nodes. */
export type Deployment = z.infer<typeof deploymentSchema>;

/** Reads a deployment file's content. Errors: `CHAIN_DEPLOYMENT_INVALID`. */
export function parseDeployment(value: unknown): Deployment {
  const result = deploymentSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new LedgerError(
    'CHAIN_DEPLOYMENT_INVALID',
    {
      en: `The deployment file cannot be used: ${problems.join('; ')}`,
      zh: `部署文件无法使用：${problems.join('；')}`,
    },
    { problems },
  );
}

/** The ledger's contracts at the addresses of a deployment. */
export function ledgerContracts(deployment: Deployment): (ChainContract & { name: ContractName })[] {
  const at = (name: ContractName, contract: Address, abi: Abi): ChainContract & { name: ContractName } => ({
    name,
    address: contract,
    abi,
  });
  return [
    at('Consortium', deployment.consortium, consortiumAbi),
    at('CreditRegisters', deployment.registers, creditRegistersAbi),
    at('ApplicationList', deployment.applications, applicationListAbi),
    at('SharingGrants', deployment.grants, sharingGrantsAbi),
    at('AnswerLog', deployment.answerLog, answerLogAbi),
    at('WorkingCalendar', deployment.processes.calendar, workingCalendarAbi),
    at('CommitmentItems', deployment.processes.items, commitmentItemsAbi),
    at('CommitmentLetters', deployment.processes.letters, commitmentLettersAbi),
    at('IncompleteFilings', deployment.processes.filings, incompleteFilingsAbi),
    at('SubjectConsents', deployment.processes.consents, subjectConsentsAbi),
    at('CreditCases', deployment.processes.cases, creditCasesAbi),
    at('VoluntaryPledges', deployment.processes.pledges, voluntaryPledgesAbi),
  ];
}

/** A client for the ledger of a deployment. */
export function ledgerClient(
  rpcUrl: string,
  deployment: Deployment,
  options: Pick<ChainClientOptions, 'timeoutMilliseconds' | 'furtherUrls' | 'quorum'> = {},
): ChainClient {
  return new ChainClient({
    rpcUrl,
    chainId: deployment.chainId,
    contracts: ledgerContracts(deployment),
    deployedAtBlock: deployment.deployedAtBlock,
    errors: ledgerErrorsAbi,
    ...options,
  });
}
