import { isLedgerError, LedgerError, type Message, type Operand } from '@credit-ledger/sdk/protocol';
import type { StoredError } from '../store/answers.ts';

/** Every error with which another member's message is turned away, and the HTTP status that says so. */
const REJECTIONS = {
  QUESTION_MALFORMED: [400, { en: 'The question is not written as it must be.', zh: '问题的格式不正确。' }],
  QUESTION_NOT_AUTHENTIC: [
    401,
    {
      en: 'The question is not signed by the operator key of an active member.',
      zh: '问题未由有效成员的操作密钥签名。',
    },
  ],
  TAG_MISMATCH: [
    422,
    { en: 'The tag is not that of this subject and nonce.', zh: '主体标签与主体及随机数不符。' },
  ],
  REGISTER_NOT_OURS: [404, { en: 'This node does not keep that register.', zh: '本节点不维护该登记册。' }],
  REQUEST_EXPIRED: [422, { en: 'The question has expired.', zh: '问题已过期。' }],
  REQUEST_EXPIRY_TOO_FAR: [
    422,
    { en: 'A question may be valid for 30 days at most.', zh: '问题有效期最长 30 天。' },
  ],
  REQUEST_REPLAYED: [
    409,
    { en: 'This question, or its tag, was used before.', zh: '该问题或其标签已被使用过。' },
  ],
  BUSY: [503, { en: 'Too many questions are open; ask again later.', zh: '待处理问题过多，请稍后再问。' }],
  CLOCK_OFF: [
    503,
    {
      en: 'This node’s clock and the chain’s differ by more than five minutes; nothing is answered until they agree.',
      zh: '本节点时钟与链上时间相差超过五分钟，校正之前不作应答。',
    },
  ],
  FETCH_MALFORMED: [400, { en: 'The fetch is not written as it must be.', zh: '取回请求的格式不正确。' }],
  FETCH_TIME_OFF: [
    401,
    { en: 'The time of the fetch is more than five minutes off.', zh: '取回请求的时间偏差超过五分钟。' },
  ],
  QUESTION_UNKNOWN: [
    404,
    { en: 'There is no such question of this requester.', zh: '没有该请求方的此问题。' },
  ],
  QUESTION_FAILED: [
    502,
    {
      en: 'The question could be neither answered nor refused; ask anew.',
      zh: '该问题无法应答或拒答，请重新提问。',
    },
  ],
  CHECKPOINT_MALFORMED: [
    400,
    { en: 'The checkpoint is not written as it must be.', zh: '检查点的格式不正确。' },
  ],
  CHECKPOINT_NOT_SIGNED: [
    409,
    { en: 'This witness does not sign this checkpoint.', zh: '本见证方不签署该检查点。' },
  ],
} as const satisfies Record<string, readonly [number, Message]>;

export type RejectionCode = keyof typeof REJECTIONS;

export function rejection(
  code: RejectionCode,
  operands: Readonly<Record<string, Operand>> = {},
  cause?: unknown,
): LedgerError {
  return new LedgerError(code, REJECTIONS[code][1], operands, cause === undefined ? undefined : { cause });
}

/** The HTTP status of an error of the exchange; undefined when it is of another room. */
export function statusOfRejection(error: unknown): number | undefined {
  if (!isLedgerError(error) || !Object.hasOwn(REJECTIONS, error.code)) return undefined;
  return REJECTIONS[error.code as RejectionCode][0];
}

/** An error as it is kept in the database: for people, and without a stack. */
export function storedError(error: unknown): StoredError {
  if (isLedgerError(error)) return error.toJSON();
  return {
    code: 'INTERNAL',
    message: 'The node met an error that it does not know.',
    messageZh: '节点遇到未知错误。',
    operands: { name: error instanceof Error ? error.name : 'unknown' },
  };
}
