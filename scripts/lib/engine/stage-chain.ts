import type { StageChain } from '../stage.ts';
import type { ValidatorNetwork } from './validators.ts';

/**
 * A network of validators as the chain of a stage: the node of each agency asks its own validator. Needs as many
 * validators as agencies.
 */
export function chainOf(network: ValidatorNetwork): StageChain {
  const urlAt = (index: number): string => {
    const validator = network.validators[index];
    if (validator === undefined) throw new RangeError(`there is no validator ${index}`);
    return validator.url;
  };
  return {
    url: urlAt(0),
    pids: network.validators.map(({ pid }) => pid),
    deployer: network.treasurer,
    rpcUrlOf: urlAt,
    stop: () => network.stop(),
  };
}
