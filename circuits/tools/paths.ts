import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** The sizes in which claim(N) exists. */
export const CLAIM_SIZES = [8, 40] as const;
export type ClaimSize = (typeof CLAIM_SIZES)[number];

/** Root of the checkout. The compiler runs here, since it resolves includes from its working directory. */
export const PROJECT_ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const CIRCUITS_DIR = join(PROJECT_ROOT, 'circuits');
export const BUILD_DIR = join(CIRCUITS_DIR, 'build');
export const KEYS_DIR = join(CIRCUITS_DIR, 'keys');
export const VERIFIERS_DIR = join(PROJECT_ROOT, 'contracts', 'verifiers');

/** Base name of the files of claim(size), e.g. `claim8`. */
export function claimName(size: ClaimSize): string {
  return `claim${size}`;
}
