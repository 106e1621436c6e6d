import { network } from 'hardhat';
import { endSnarkWorkers } from '../../circuits/tools/snarkjs.ts';
import { BATCH_ENTRIES, stageClaim } from './stage-claim.ts';

export interface GasFigures {
  /** Gas of a batch of 1,000 entries, all data on chain, by the entry: the whole transaction. */
  readonly gasPerEntry: number;
  /** Gas of a whole transaction that has a claim verified: base price, call data, state and pairing. */
  readonly gasVerifyClaim: number;
}

/**
 * Measures both on Hardhat's own network under the rules of Prague, whose floor price for call data (EIP-7623) makes a
 * batch dearer than on a Cancun chain. Real proof, real verifier. Takes a few seconds.
 */
export async function measureGas(): Promise<GasFigures> {
  const server = await network.createServer('default', '127.0.0.1');
  const { address, port } = await server.listen();
  try {
    const { appendGas, verifyGas } = await stageClaim(`http://${address}:${port}`);
    return { gasPerEntry: Number(appendGas) / BATCH_ENTRIES, gasVerifyClaim: Number(verifyGas) };
  } finally {
    await server.close();
    await endSnarkWorkers();
  }
}
