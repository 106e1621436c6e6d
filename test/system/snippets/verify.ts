import { parseNetworkFile, verifyAnswer } from '@credit-ledger/sdk/answer';
import { chainFacts, deploymentOf, LedgerView } from '@credit-ledger/sdk/chain';
import { createPublicClient, http } from 'viem';

/**
 * Verifies an answer alone: with the network file that was pinned beforehand, with what one
 * asked for, and with any endpoint of the chain.
 */
export async function verify(answerText: string, networkText: string, subject: string, rpcUrl: string) {
  const network = parseNetworkFile(networkText);
  const view = new LedgerView(createPublicClient({ transport: http(rpcUrl) }), deploymentOf(network));
  const verification = await verifyAnswer(
    answerText,
    network,
    {
      subject,
      predicate: { application: 'procurement-qualification', predicate: 'no-severe-default' },
      requester: '2',
      registerId: '1',
      maxAgeSeconds: 48 * 3600,
    },
    { chain: chainFacts(view) },
  );
  // VALID, INVALID or ERROR (could not be checked); `checks` has one verdict a check, with its reason.
  return verification;
}
