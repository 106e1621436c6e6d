import { expect } from 'chai';
import type { Interface } from 'ethers';

interface RefusingContract {
  readonly interface: Interface;
}

interface AbiItem {
  readonly type: string;
  readonly name?: string;
}

/** Names of the errors of an interface. */
export function errorsOf(abi: readonly AbiItem[]): readonly string[] {
  return abi.filter(({ type }) => type === 'error').map(({ name }) => name ?? '');
}

/** Expects refusals, and remembers which errors it saw: so a test can tell which of an interface nobody provoked. */
export class Refusals {
  readonly #errors: readonly string[];
  readonly #seen = new Set<string>();

  /** @param errors those that are to be provoked: their names, or the ABI of the interface that has them */
  constructor(errors: readonly (string | AbiItem)[]) {
    this.#errors = errors.flatMap((error) => (typeof error === 'string' ? [error] : errorsOf([error])));
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

  /** Of the errors to be provoked, those that no attempt was refused with. */
  get unprovoked(): readonly string[] {
    return this.#errors.filter((error) => !this.#seen.has(error));
  }
}
