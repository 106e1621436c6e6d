import { LedgerError, type Message, type Operand } from '@credit-ledger/sdk/protocol';

const MESSAGES = {
  PUBLICITY_ALREADY_WITHHELD: {
    en: 'This record is withheld from publicity already; release it first to give another reason.',
    zh: '该记录已不予公示；如需变更理由，请先恢复公示。',
  },
  PUBLICITY_NOT_WITHHELD: {
    en: 'This record is not withheld from publicity.',
    zh: '该记录未被设为不予公示。',
  },
} as const satisfies Record<string, Message>;

/** An error of this room. */
export function publicityError(
  code: keyof typeof MESSAGES,
  operands: Readonly<Record<string, Operand>>,
): LedgerError {
  return new LedgerError(code, MESSAGES[code], operands);
}
