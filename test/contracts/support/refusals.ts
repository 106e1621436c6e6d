import { expect } from 'chai';
import type { Interface } from 'ethers';

interface RefusingContract {
  readonly interface: Interface;
}

interface AbiItem {
  readonly type: string;
  readonly name?: string;
}

/** Expects refusals, and remembers which errors it saw: so a test can tell which of an interface nobody provoked. */
export class Refusals {
  readonly #errors: readonly string[];
  readonly #seen = new Set<string>();

  /** @param abi of the interface whose errors are to be provoked */
  constructor(abi: readonly AbiItem[]) {
    this.#errors = abi.filter(({ type }) => type === 'error').map(({ name }) => name ?? '');
  }

  /** The attempt is refused with this error and exactly these operands. */
  async expect(
    attempt: Promise<unknown>,
    contract: RefusingContract,
    error: string,
    ...operands: unknown[]
  ): Promise<void> {
    await expect(attempt)
      .to.be.revertedWithCustomError(contract, error)
      .withArgs(...operands);
    this.#seen.add(error);
  }

  /** Errors of the interface that no attempt was refused with. */
  get unprovoked(): readonly string[] {
    return this.#errors.filter((error) => !this.#seen.has(error));
  }
}
