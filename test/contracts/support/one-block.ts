import { expect } from 'chai';
import type { ContractTransactionResponse } from 'ethers';
import { ethers, networkHelpers } from './world.ts';

/** What a transaction needs when it is sent before the ones that it rests on are mined: nothing can be estimated. */
export const UNESTIMATED = { gasLimit: 2_000_000n } as const;

/**
 * Mines transactions in one block, in the order in which they are sent. Each must carry {@link UNESTIMATED}.
 * @returns for each whether it succeeded
 */
export async function inOneBlock(
  ...sends: readonly (() => Promise<ContractTransactionResponse>)[]
): Promise<readonly boolean[]> {
  const sent: ContractTransactionResponse[] = [];
  await ethers.provider.send('evm_setAutomine', [false]);
  try {
    for (const send of sends) sent.push(await send());
    await networkHelpers.mine();
  } finally {
    await ethers.provider.send('evm_setAutomine', [true]);
  }
  const receipts = await Promise.all(sent.map(({ hash }) => ethers.provider.getTransactionReceipt(hash)));
  expect(new Set(receipts.map((receipt) => receipt?.blockNumber)).size).to.equal(1);
  expect(receipts.map((receipt) => receipt?.index)).to.deep.equal(sent.map((_, index) => index));
  return receipts.map((receipt) => receipt?.status === 1);
}
