import { dateOfDay, type Day, LedgerError, type Message, type Operand } from '@credit-ledger/sdk/protocol';

const MESSAGES = {
  NOT_A_MEMBER: {
    en: 'The council has not admitted this node’s keys, as far as the chain was followed.',
    zh: '就目前所跟踪的链而言，理事会尚未接纳本节点的密钥。',
  },
  // ── items and templates ──────────────────────────────────────────────────────
  LETTER_NOT_AUTHORITY: {
    en: 'Only an active authority among the members may do this.',
    zh: '只有有效的机关成员单位可以办理。',
  },
  LETTER_ITEM_UNKNOWN: {
    en: 'There is no such item. See the list of items.',
    zh: '没有该事项，请查看告知承诺事项清单。',
  },
  LETTER_ITEM_NOT_YOURS: {
    en: 'The item belongs to another authority, which alone may act on it.',
    zh: '该事项属于其他机关，只能由该机关办理。',
  },
  LETTER_ITEM_NOT_IN_FORCE: {
    en: 'The item, or this version of it, is not in force. Take the version in force, or publish one.',
    zh: '该事项或其版本未生效。请使用现行版本，或先发布。',
  },
  LETTER_ITEM_EXCLUDED: {
    en: 'An item that directly touches state security, public safety or life and health cannot be listed. The ordinary procedure applies.',
    zh: '直接涉及国家安全、公共安全或人民群众生命健康的事项不得列入清单，应适用一般程序。',
  },
  LETTER_ITEM_TEXT_INVALID: {
    en: 'A short name has 1 to 64 bytes, a title 1 to 256, a legal basis 1 to 512 (a Chinese character has three).',
    zh: '简称为 1–64 字节，名称 1–256 字节，依据 1–512 字节（一个汉字占三个字节）。',
  },
  LETTER_ITEM_REGISTERS_INVALID: {
    en: 'An item names 1 to 8 registers that exist, each once. Name them where there are more.',
    zh: '事项应列明 1 至 8 个已存在且不重复的登记册；数量超过时请指明。',
  },
  LETTER_ITEM_CLAIM_AGE_INVALID: {
    en: 'A claim may be from one hour to 30 days old.',
    zh: '资格证明的有效时间应为 1 小时至 30 天。',
  },
  LETTER_TEMPLATE_INCOMPLETE: {
    en: 'The template is incomplete: all seven things to tell and all four to confirm are needed.',
    zh: '格式文本不完整：应含全部七项告知内容和四项承诺内容。',
  },
  LETTER_TEMPLATE_KNOWN: {
    en: 'This very template is published already; use it.',
    zh: '该格式文本已发布，可直接使用。',
  },
  LETTER_TEMPLATE_UNKNOWN: {
    en: 'There is no such template of this item in this node. Publish it first.',
    zh: '本节点没有该事项的此格式文本，请先发布。',
  },
  // ── letters ──────────────────────────────────────────────────────────────────
  LETTER_UNKNOWN: { en: 'There is no such letter.', zh: '没有该告知承诺书。' },
  LETTER_STATE_WRONG: {
    en: 'The letter does not stand where this could be done.',
    zh: '告知承诺书当前状态不能办理此操作。',
  },
  LETTER_NOT_YOURS: {
    en: 'The letter belongs to another authority, which alone decides it.',
    zh: '该告知承诺书属于其他机关，只能由该机关办理。',
  },
  STEP_ON_ITS_WAY: {
    en: 'The step before is still on its way to the chain. Try again when it is there.',
    zh: '上一步仍在上链途中，请待其完成后再试。',
  },
  LETTER_TOO_LATE: {
    en: 'The last time for the promise has passed. Refuse this letter, and offer a new one.',
    zh: '承诺期限已过。请办结本承诺书，另行告知。',
  },
  LETTER_PROMISE_BY_INVALID: {
    en: 'The last time for the promise must be in the future, at most 30 days ahead and before the draw closes.',
    zh: '承诺期限应在将来、不超过 30 天，且早于抽查截止时间。',
  },
  LETTER_APPLICANT_INVALID: {
    en: 'The applicant’s key must be one made for this letter, and no member’s.',
    zh: '申请人密钥应为本次专用，不得为成员单位的密钥。',
  },
  LETTER_APPLICANT_KEY_USED: {
    en: 'This key has served another letter. The applicant makes a new one for each.',
    zh: '该密钥已用于其他承诺书。申请人每次应新建密钥。',
  },
  LETTER_TAG_USED: {
    en: 'The subject tag has served another letter. Inform again; a new one is made.',
    zh: '该主体标签已用于其他承诺书。请重新告知，系统会生成新标签。',
  },
  LETTER_HASH_INVALID: {
    en: 'A document’s hash is missing or not wanted here.',
    zh: '文书哈希缺失或不应提供。',
  },
  LETTER_PUBLICATION_INVALID: {
    en: 'A letter of this item is published exactly when the item says why: give scope and last day, today or later, or neither.',
    zh: '承诺书应按事项规定公开：须给出公开范围和截止日期（不早于今日），或均不给出。',
  },
  LETTER_ELIGIBILITY_NOT_SET: {
    en: 'The council has not set yet what shows that an applicant may promise. No letter can be given before.',
    zh: '理事会尚未设定适用资格条件，暂不能办理告知承诺。',
  },
  LETTER_WRONG_APPLICANT_SIGNATURE: {
    en: 'The signature is not by the applicant’s key of this letter over this very document. Have it signed again.',
    zh: '签名不是由本承诺书的申请人密钥对该文书所作，请重新签名。',
  },
  LETTER_WRONG_BOUND_SIGNATURE: {
    en: 'The co-signature is not by the key that it names.',
    zh: '附加签名与所列密钥不符。',
  },
  LETTER_WRONG_AGENCY_SIGNATURE: {
    en: 'The agency’s copy is not signed by the operator key that is in force. Promise again.',
    zh: '机关一份的签名不是现行操作密钥所作，请重新办理承诺。',
  },
  LETTER_NOT_ELIGIBLE: {
    en: 'The applicant may not promise. The ordinary procedure is to be taken: refuse the letter with the reason not-eligible.',
    zh: '申请人不具备承诺资格，应适用一般程序：请以“不具备资格”为由办结本承诺书。',
  },
  LETTER_CLAIM_REFUSED: {
    en: 'A register refused to answer. See the code; then take the ordinary procedure, or terminate this letter and offer a new one once the cause is gone.',
    zh: '有登记册拒绝应答。请查看代码；可适用一般程序，或终止本承诺书并待原因消除后另行告知。',
  },
  LETTER_CLAIM_FAILED: {
    en: 'A register’s answer could not be had. See the code; promise again where the question was never put, otherwise terminate this letter and offer a new one.',
    zh: '未能取得登记册的应答。请查看代码；问题尚未提出的可重新办理承诺，否则请终止本承诺书并另行告知。',
  },
  LETTER_CLAIMS_STALE: {
    en: 'A proof of eligibility is older than the item allows. Terminate this letter and offer a new one.',
    zh: '资格证明已超过事项规定的有效时间。请终止本承诺书并另行告知。',
  },
  LETTER_CLAIM_WRONG: {
    en: 'A proof of eligibility is not about this letter, this applicant and this register, or does not hold.',
    zh: '资格证明与本承诺书、本申请人或登记册不符，或不成立。',
  },
  LETTER_REASON_MISSING: {
    en: 'A reason is needed.',
    zh: '请说明理由。',
  },
  LETTER_CHECK_INVALID: {
    en: 'A check needs a last day, today or later; an exempt letter has none, and a letter in a draw cannot be exempted.',
    zh: '核查须有截止日期（不早于今日）；免于核查的不设日期，列入抽查的不得免于核查。',
  },
  LETTER_OUTCOME_INVALID: {
    en: 'A false commitment has an outcome, a true one has none.',
    zh: '承诺不实应有处理结果，属实则没有。',
  },
  LETTER_LEGAL_BASIS_MISSING: {
    en: 'The outcome needs its legal basis.',
    zh: '处理结果应有法律依据。',
  },
  LETTER_ENTRY_MISSING: {
    en: 'A false commitment is recorded: severity with its basis, domain and last day are needed.',
    zh: '承诺不实应予记录：须给出失信程度及依据、领域和有效期。',
  },
  LETTER_RECORD_KNOWN: {
    en: 'A record with this document number and content is on file about this subject. Give the number of this finding.',
    zh: '该主体已有相同文号和内容的记录，请填写本次认定的文号。',
  },
  LETTER_RECORD_UNTIL_INVALID: {
    en: 'The last day of the record’s effect is before its finding.',
    zh: '记录有效期不得早于认定日期。',
  },
  LETTER_DRAW_UNKNOWN: { en: 'There is no such draw.', zh: '没有该抽查。' },
  LETTER_DRAW_NOT_YOURS: {
    en: 'The draw belongs to another authority.',
    zh: '该抽查属于其他机关。',
  },
  LETTER_DRAW_CLOSED: {
    en: 'The draw has closed. Open a new one for further letters.',
    zh: '该抽查已截止，请另开抽查。',
  },
  LETTER_DRAW_OPEN: {
    en: 'The draw is still open; its seed may be revealed from its closing on.',
    zh: '该抽查尚未截止，截止后方可公布种子。',
  },
  LETTER_DRAW_REVEALED: {
    en: 'The seed was revealed already.',
    zh: '种子已公布。',
  },
  LETTER_DRAW_TOO_LATE: {
    en: 'The seed was not revealed within seven days: every letter of this draw is to be checked.',
    zh: '种子未在七日内公布：本次抽查的全部承诺书均应核查。',
  },
  LETTER_DRAW_RATE_INVALID: {
    en: 'From 1 to 10,000 of 10,000 letters are drawn.',
    zh: '抽查比例应为万分之 1 至 10000。',
  },
  LETTER_DRAW_PERIOD_INVALID: {
    en: 'A draw closes between one hour and 366 days from now.',
    zh: '抽查截止时间应在 1 小时至 366 天之内。',
  },
  LETTER_DRAW_SEED_WRONG: {
    en: 'The seed is not the one that was fixed when the draw was opened.',
    zh: '种子与开启抽查时固定的不一致。',
  },
  PROCESS_NOT_IN_FORCE: {
    en: 'The council has put another contract in force for this. The node needs the new deployment file.',
    zh: '理事会已启用其他合约，节点需更新部署文件。',
  },
  // ── incomplete filings ───────────────────────────────────────────────────────
  FILING_UNKNOWN: { en: 'There is no such filing.', zh: '没有该容缺受理件。' },
  FILING_NOT_YOURS: {
    en: 'The filing was accepted by another authority, which alone may act on it.',
    zh: '该件由其他机关受理，只能由该机关办理。',
  },
  FILING_STATE_WRONG: {
    en: 'The filing does not stand where this could be done.',
    zh: '该件当前状态不能办理此操作。',
  },
  FILING_APPLICANT_INVALID: {
    en: 'The applicant’s key must be one made for this filing, and no member’s.',
    zh: '申请人密钥应为本件专用，不得为成员单位的密钥。',
  },
  FILING_APPLICANT_KEY_USED: {
    en: 'This key has served another filing. The applicant makes a new one for each.',
    zh: '该密钥已用于其他件。申请人每次应新建密钥。',
  },
  FILING_WRONG_APPLICANT_SIGNATURE: {
    en: 'The signature is not by the applicant’s key of this filing over this very promise. Have it signed again.',
    zh: '签名不是由本件的申请人密钥对该承诺所作，请重新签名。',
  },
  FILING_NOT_YET_OVERDUE: {
    en: 'The due day has not passed.',
    zh: '补正期限尚未届满。',
  },
  FILING_ENTRY_KNOWN: {
    en: 'The lateness is recorded already.',
    zh: '逾期记录已登记。',
  },
  FILING_CALENDAR_NOT_COVERED: {
    en: 'The calendar of working days does not reach to the due day. The council must set that year before a filing can be accepted.',
    zh: '工作日历未覆盖到补正截止日。理事会设定该年度后方可受理。',
  },
  // ── pledges ──────────────────────────────────────────────────────────────────
  PLEDGE_UNKNOWN: { en: 'There is no such pledge.', zh: '没有该自律承诺。' },
  PLEDGE_NOT_ASSOCIATION: {
    en: 'Voluntary pledges are published by an association among the members.',
    zh: '自律性承诺由行业协会商会成员发布。',
  },
  PLEDGE_KIND_INVALID: {
    en: 'A pledge is comprehensive or about product quality.',
    zh: '承诺类型应为综合或产品服务质量专项。',
  },
  PLEDGE_UNTIL_INVALID: {
    en: 'The last day of publication is today or later.',
    zh: '公示截止日期不得早于今日。',
  },
  PLEDGE_WRONG_SIGNATURE: {
    en: 'The signature is not by the pledger’s key over this very pledge.',
    zh: '签名不是由承诺人密钥对该承诺所作。',
  },
  PLEDGE_KNOWN: { en: 'This pledge is published already.', zh: '该承诺已发布。' },
  PLEDGE_WITHDRAWN: { en: 'The pledge was taken back.', zh: '该承诺已撤回。' },
  PLEDGE_OWN: {
    en: 'The association that published a pledge cannot observe it itself.',
    zh: '发布承诺的协会不能自行提出意见。',
  },
  PLEDGE_OBSERVATION_KNOWN: {
    en: 'This observation is attached already.',
    zh: '该意见已提交。',
  },
} satisfies Record<string, Message>;

export type LetterErrorCode = keyof typeof MESSAGES;
type Operands = Readonly<Record<string, Operand>>;

/** An error of this room: the code is stable, the operands say what was read or expected. */
export function letterError(code: LetterErrorCode, operands: Operands = {}, cause?: unknown): LedgerError {
  return new LedgerError(code, MESSAGES[code], operands, cause === undefined ? undefined : { cause });
}

/** The same error with a sentence more: a date, what is missing, what is possible now. */
export function letterErrorWith(code: LetterErrorCode, more: Message, operands: Operands = {}): LedgerError {
  const message = MESSAGES[code];
  return new LedgerError(code, { en: `${message.en} ${more.en}`, zh: `${message.zh}${more.zh}` }, operands);
}

/** A moment as people read it, in Beijing's time. */
export function momentWords(unixSeconds: bigint | number): string {
  const shifted = new Date((Number(unixSeconds) + 8 * 3600) * 1000).toISOString();
  return `${shifted.slice(0, 10)} ${shifted.slice(11, 19)} (UTC+8)`;
}

export function dayWords(day: number): string {
  return dateOfDay(day as Day);
}

/** A reason without blanks around it. @throws LedgerError LETTER_REASON_MISSING */
export function requiredReason(reason: string): string {
  const trimmed = reason.trim();
  if (trimmed === '') throw letterError('LETTER_REASON_MISSING');
  return trimmed;
}
