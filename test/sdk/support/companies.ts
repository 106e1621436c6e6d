import { organisationCheck, parseUscc, type Uscc, usccCheckCharacter } from '@credit-ledger/sdk/protocol';

/** A made-up company with a code whose check characters are right. */
export function company(number: number): Uscc {
  const organisation = number.toString().padStart(8, '0');
  const first17 = `91110000${organisation}${organisationCheck(organisation)}`;
  return parseUscc(first17 + usccCheckCharacter(first17));
}
