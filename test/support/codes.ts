import { isLedgerError } from '@credit-ledger/sdk/protocol';

/** The code of the LedgerError that a promise rejects with; any other error is thrown on. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (!isLedgerError(error)) throw error;
    return error.code;
  }
  return 'nothing was refused';
}
