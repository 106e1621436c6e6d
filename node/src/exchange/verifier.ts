import {
  type Expectations,
  type NetworkFile,
  type Verification,
  verifyAnswer,
} from '@credit-ledger/sdk/answer';
import { chainFacts, type LedgerView } from '@credit-ledger/sdk/chain';
import type { AnswerVerifier } from './requester.ts';

/**
 * Verifies answers against the network file that this node pinned and its own chain endpoint.
 * The file is asked for each time: a register opened since is in the newer one.
 */
export class NodeVerifier implements AnswerVerifier {
  readonly #network: () => Promise<NetworkFile>;
  readonly #view: LedgerView;

  constructor(parts: { readonly network: () => Promise<NetworkFile>; readonly view: LedgerView }) {
    this.#network = parts.network;
    this.#view = parts.view;
  }

  async verify(answer: unknown, expected: Expectations): Promise<Verification> {
    return verifyAnswer(answer, await this.#network(), expected, { chain: chainFacts(this.#view) });
  }
}
