import {
  CASE_ACTION_NAMES,
  CASE_STATE_NAMES,
  CASE_TRANSITIONS,
  type CaseState,
  type CaseType,
  LedgerError,
  type Message,
  type Operand,
} from '@credit-ledger/sdk/protocol';

const MESSAGES = {
  CASE_UNKNOWN: {
    en: 'There is no such case, as far as the chain was followed.',
    zh: '就目前所跟踪的链而言，没有该案件。',
  },
  CASE_REGISTER_UNKNOWN: { en: 'There is no such register.', zh: '没有该登记册。' },
  CASE_REGISTER_NOT_OURS: {
    en: 'This node neither keeps that register nor decides for who does.',
    zh: '本节点既不维护该登记册，也不是其所属机构的上级。',
  },
  CASE_ENTRY_UNKNOWN: {
    en: 'The register has no standing entry with this document number about this subject. Check both, and the class.',
    zh: '登记册中没有该主体该文书号的有效条目，请核对文书号、信用代码和类别。',
  },
  CASE_NOT_THE_SUBJECTS: {
    en: 'The entry with this name is about another subject.',
    zh: '所指条目属于其他主体。',
  },
  CASE_ENTRY_REVOKED: {
    en: 'The entry was revoked; nothing of it stands any more.',
    zh: '该条目已被撤销，不再有效。',
  },
  CASE_ENTRY_AMBIGUOUS: {
    en: 'This document has several records about the subject; name the class.',
    zh: '该文书下有该主体的多条记录，请指明类别。',
  },
  CASE_ALREADY_OPEN: {
    en: 'A case of this party about this entry is open already; wait for its decision.',
    zh: '该申请方对该条目已有未结案件，请等待其决定。',
  },
  CASE_DOCUMENT_FILED: { en: 'This document was filed before.', zh: '该文书此前已提交。' },
  CASE_FILED_BY_ANOTHER: {
    en: 'The document names another member as the one that files it.',
    zh: '文书指明由其他成员提交。',
  },
  CASE_SIGNATURE_MISSING: {
    en: 'A case in the subject’s name needs the signature of the subject’s bound key.',
    zh: '以主体名义提出须有其绑定密钥的签名。',
  },
  CASE_SIGNATURE_WRONG: {
    en: 'The filing is not signed by the key of the binding that it names.',
    zh: '提交内容未由所指绑定的密钥签名。',
  },
  CASE_BINDING_WRONG: {
    en: 'The binding is not one of this subject.',
    zh: '所指绑定不属于该主体。',
  },
  CASE_BINDING_ENDED: {
    en: 'The binding has ended; the subject must bind a key again.',
    zh: '该绑定已终止，主体须重新绑定密钥。',
  },
  CASE_ALREADY_REPAIRED: { en: 'The record is repaired already.', zh: '该记录已修复。' },
  CASE_DISMISSAL_UNKNOWN: {
    en: 'A case of this type cannot be dismissed with this code.',
    zh: '该类案件不能以此代码驳回。',
  },
  CASE_OUTCOME_WRONG: {
    en: 'A dispute is upheld, corrected or revoked; a repair is granted or denied.',
    zh: '异议的结果为维持、更正或撤销；信用修复的结果为准予或不予。',
  },
  CASE_NOT_THE_DECIDER: {
    en: 'A dispute is decided by the source alone, a repair by the source or its superior; this node is neither here.',
    zh: '异议只能由数据来源机构决定，信用修复由来源机构或其上级决定；本节点均不是。',
  },
  CASE_NOT_THE_SOURCE: {
    en: 'Only the source of the entry may do this.',
    zh: '只有条目的来源机构可以办理。',
  },
  CASE_NOT_THE_FILER: {
    en: 'Only the member that filed the case may take it back.',
    zh: '只有提交该案件的成员可以撤回。',
  },
  CASE_STATE_WRONG: {
    en: 'The case does not stand where this could be done to it.',
    zh: '案件当前状态不允许该操作。',
  },
  CASE_ALREADY_DECIDED: {
    en: 'This node has decided or dismissed the case; the transaction is on its way or in a block.',
    zh: '本节点已对该案件作出决定或驳回，交易已发送或待发送。',
  },
  CASE_DOCUMENT_MISSING: {
    en: 'The document of the case has not arrived at this node; without it the case can only be dismissed.',
    zh: '案件文书尚未送达本节点，收到之前只能驳回。',
  },
  CASE_FACTS_MISSING: {
    en: 'The source has not sent what the record says; state kind, area, severity and day of the decision.',
    zh: '来源机构尚未提供记录事实，请填写种类、领域、程度和决定日期。',
  },
  CASE_NOT_OVERDUE: {
    en: 'The due day has not passed, or was counted already.',
    zh: '尚未超过期限，或已计入超期。',
  },
  CASE_MESSAGE_MALFORMED: {
    en: 'The message is not written as it must be.',
    zh: '消息格式不正确。',
  },
  CASE_MESSAGE_NOT_AUTHENTIC: {
    en: 'The message is not signed, for this node, by the operator key of an active member that may send it.',
    zh: '消息未由有权发送的有效成员的操作密钥为本节点签署。',
  },
  CASE_MESSAGE_TIME_OFF: {
    en: 'The time of the message is more than five minutes off.',
    zh: '消息时间偏差超过五分钟。',
  },
  CASE_MESSAGE_REPLAYED: { en: 'This message was received before.', zh: '该消息此前已收到。' },
  CASE_TOO_MANY_UNKNOWN: {
    en: 'This member has named too many entries that are not there; ask again tomorrow.',
    zh: '该成员多次指名不存在的条目，请明日再试。',
  },
  CASE_TOO_MANY_OPEN: {
    en: 'Too many documents of this member wait to be filed on chain.',
    zh: '该成员有过多文书尚未在链上提交。',
  },
  CASE_DECISION_WRONG: {
    en: 'The decision is not the one on the chain.',
    zh: '该决定与链上记录不符。',
  },
  CASE_NOT_SEEN_YET: {
    en: 'This node has not followed the chain that far; send it again later.',
    zh: '本节点尚未跟踪到该处，请稍后再发送。',
  },
} satisfies Record<string, Message>;

export type CaseErrorCode = keyof typeof MESSAGES;

/** An error of this room: the code is stable, the operands say what was read or expected, never about whom. */
export function caseError(
  code: CaseErrorCode,
  operands: Readonly<Record<string, Operand>> = {},
  cause?: unknown,
): LedgerError {
  return new LedgerError(code, MESSAGES[code], operands, cause === undefined ? undefined : { cause });
}

/** `CASE_STATE_WRONG` that says where the case stands, and which steps lead on from there, whoever may take them. */
export function caseStateWrong(standing: {
  readonly caseId: bigint;
  readonly caseType: CaseType;
  readonly state: CaseState;
}): LedgerError {
  const { caseId, caseType, state } = standing;
  const possible = [
    ...new Set(
      CASE_TRANSITIONS.filter((step) => step.caseType === caseType && step.from === state).map(
        ({ action }) => action,
      ),
    ),
  ];
  const said = CASE_STATE_NAMES[state];
  const names = (lang: 'en' | 'zh', between: string): string =>
    possible.map((action) => CASE_ACTION_NAMES[action][lang]).join(between);
  const { en, zh } = MESSAGES.CASE_STATE_WRONG;
  return new LedgerError(
    'CASE_STATE_WRONG',
    possible.length === 0
      ? {
          en: `${en} It stands at “${said.en}”, which is final.`,
          zh: `${zh}当前状态为“${said.zh}”，已了结。`,
        }
      : {
          en: `${en} It stands at “${said.en}”; possible from here: ${names('en', ', ')}.`,
          zh: `${zh}当前状态为“${said.zh}”，可办理：${names('zh', '、')}。`,
        },
    { caseId, state, possible },
  );
}
