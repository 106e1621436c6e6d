import { type Checkpoint, checkpointDigestOf } from './checkpoint.ts';
import { finding, type Finding, type Question } from './evidence.ts';
import { domainOf, memberOf, periodAt } from './network.ts';
import { signerOf } from './signing.ts';

/**
 * Why a checkpoint must not be believed about the question's register; undefined when it may be.
 * Every signature counts: one that is wrong refuses the whole document, so that nothing in it can be
 * altered. Enough are witnesses, not the owner, of every region but the owner's (protocol §5, §8).
 */
export function distrust(checkpoint: Checkpoint, question: Question): Finding | undefined {
  const { network, pinned, answer } = question;
  if (
    checkpoint.chainId !== network.chainId ||
    Object.entries(network.contracts).some(
      ([name, address]) => checkpoint.contracts[name as keyof typeof network.contracts] !== address,
    )
  ) {
    return finding('CHECKPOINT_OTHER_NETWORK');
  }
  if (checkpoint.registerId !== answer.request.registerId || !pinned) {
    return finding('CHECKPOINT_OTHER_REGISTER', { registerId: checkpoint.registerId });
  }
  const digest = checkpointDigestOf(domainOf(network), checkpoint);
  const witnessed = new Set<number>();
  for (const { member: memberId, signature } of checkpoint.signatures) {
    const member = memberOf(network, memberId);
    if (!member || member.role !== 'authority' || member.id === pinned.owner.id) {
      return finding('CHECKPOINT_SIGNER_NOT_WITNESS', { member: memberId });
    }
    const key = periodAt(member.witnessKeys, BigInt(checkpoint.blockNumber));
    if (key === undefined || signerOf(digest, signature) !== key.address) {
      return finding('CHECKPOINT_SIGNATURE_INVALID', { member: memberId });
    }
    // The block is the signers' own word. A key that the network file has closed (it was changed, or its
    // member suspended) could name an old block for ever, and speak of today: it is not believed about it.
    if (key.toBlock !== null && checkpoint.time > network.madeAt) {
      return finding('NETWORK_FILE_OUT_OF_DATE', { member: memberId });
    }
    witnessed.add(member.region);
  }
  witnessed.delete(pinned.owner.region);
  const others = new Set(
    network.members
      .filter((member) => member.role === 'authority' && member.region !== pinned.owner.region)
      .map((member) => member.region),
  );
  const needed = Math.max(1, question.minWitnessRegions ?? others.size);
  // Not `size < needed`: nothing is less than NaN.
  return witnessed.size >= needed
    ? undefined
    : finding('CHECKPOINT_TOO_FEW_WITNESSES', { regions: [...witnessed], needed });
}

/**
 * What is wrong with the checkpoint that the document carries. It is part of the document, so it must be
 * good even when the chain is at hand, and one about something else refutes the document.
 */
export function distrustCarried(question: Question): Finding | undefined {
  const { checkpoint } = question.answer;
  const problem = checkpoint ? distrust(checkpoint, question) : undefined;
  return problem?.reason === 'CHECKPOINT_OTHER_NETWORK' || problem?.reason === 'CHECKPOINT_OTHER_REGISTER'
    ? finding('CHECKPOINT_NOT_OF_ANSWER', problem.operands)
    : problem;
}
