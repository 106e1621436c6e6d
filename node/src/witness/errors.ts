import { LedgerError, type Message, type Operand } from '@credit-ledger/sdk/protocol';

const MESSAGES = {
  BATCH_EVENT_INCONSISTENT: {
    en: 'The chain endpoint gave a batch whose entries do not have the hashes that it names. The endpoint is faulty or lies.',
    zh: '链节点给出的批次条目与其声明的哈希不符，该节点有故障或不可信。',
  },
  REPLAY_GAP: {
    en: 'A batch does not continue what was replayed before it: an event was missed.',
    zh: '批次未能接续此前的回放：缺失了事件。',
  },
  WITNESS_OBJECTION: {
    en: 'The replay of a batch gives another root than its owner anchored. This node objects.',
    zh: '批次回放所得的根与其所有者上链的不同，本节点提出异议。',
  },
  WITNESS_OVERRULED: {
    en: 'The council dismissed the objection, but the replay here still gives another root. This node attests nothing more in that register until an operator has found out why.',
    zh: '理事会驳回了异议，但本节点回放所得的根仍不同。查明原因前，本节点不再见证该登记册。',
  },
  WITNESS_REFUSED: {
    en: 'The chain refused an attestation or objection of this node; it will be tried again.',
    zh: '链拒绝了本节点的见证或异议，将重试。',
  },
} satisfies Record<string, Message>;

export type WitnessErrorCode = keyof typeof MESSAGES;

/** An error of this room: the code is stable, the operands say what was read or expected. */
export function witnessError(
  code: WitnessErrorCode,
  operands: Readonly<Record<string, Operand>> = {},
  cause?: unknown,
): LedgerError {
  return new LedgerError(code, MESSAGES[code], operands, cause === undefined ? undefined : { cause });
}
