import {
  BaseError,
  ContractFunctionRevertedError,
  getContract,
  type GetContractReturnType,
  type PublicClient,
} from 'viem';
import { LedgerError } from '../protocol/index.ts';
import {
  answerLogAbi,
  applicationListAbi,
  consortiumAbi,
  creditRegistersAbi,
  sharingGrantsAbi,
} from './abi/index.ts';
import type { LedgerDeployment } from './deployment.ts';

/** A client that only reads. */
export type ReadClient = PublicClient;

/**
 * Typed reading of the ledger's contracts: `view.registers.read.register([1n])`. Reading throws viem's
 * own errors; `noneIf` and `asked` turn them into answers and into the ledger's.
 */
export class LedgerView {
  readonly client: ReadClient;
  readonly deployment: LedgerDeployment;
  readonly consortium: GetContractReturnType<typeof consortiumAbi, ReadClient>;
  readonly registers: GetContractReturnType<typeof creditRegistersAbi, ReadClient>;
  readonly applications: GetContractReturnType<typeof applicationListAbi, ReadClient>;
  readonly grants: GetContractReturnType<typeof sharingGrantsAbi, ReadClient>;
  readonly answerLog: GetContractReturnType<typeof answerLogAbi, ReadClient>;

  constructor(client: ReadClient, deployment: LedgerDeployment) {
    this.client = client;
    this.deployment = deployment;
    this.consortium = getContract({ abi: consortiumAbi, address: deployment.consortium, client });
    this.registers = getContract({ abi: creditRegistersAbi, address: deployment.registers, client });
    this.applications = getContract({ abi: applicationListAbi, address: deployment.applications, client });
    this.grants = getContract({ abi: sharingGrantsAbi, address: deployment.grants, client });
    this.answerLog = getContract({ abi: answerLogAbi, address: deployment.answerLog, client });
  }
}

/** Name of the custom error with which a contract reverted; undefined for any other failure. */
export function revertedWith(error: unknown): string | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const reverted = error.walk((inner) => inner instanceof ContractFunctionRevertedError);
  return reverted instanceof ContractFunctionRevertedError ? reverted.data?.errorName : undefined;
}

/**
 * The answer, or undefined when the contract says by one of these errors that there is none.
 * @throws LedgerError CHAIN_UNREACHABLE for everything else: it says nothing of what was asked
 */
export async function noneIf<T>(
  question: Promise<T>,
  ...errorNames: readonly string[]
): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    const name = revertedWith(error);
    if (name !== undefined && errorNames.includes(name)) return undefined;
    throw unreachable(error);
  }
}

/** The answer. @throws LedgerError CHAIN_UNREACHABLE */
export async function asked<T>(question: Promise<T>): Promise<T> {
  try {
    return await question;
  } catch (error) {
    throw unreachable(error);
  }
}

function unreachable(cause: unknown): LedgerError {
  const detail =
    cause instanceof BaseError ? cause.shortMessage : cause instanceof Error ? cause.message : String(cause);
  return new LedgerError(
    'CHAIN_UNREACHABLE',
    { en: `The chain did not answer: ${detail}`, zh: `链没有回答：${detail}` },
    {},
    { cause },
  );
}
