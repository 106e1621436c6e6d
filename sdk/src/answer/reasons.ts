import type { Message } from '../protocol/index.ts';

/** The checks of a verification, in the order in which they are reported (protocol §8). */
export const CHECKS = [
  'format',
  'proof',
  'circuit-pinned',
  'register-owner',
  'register-secret',
  'subject',
  'predicate',
  'as-of-day',
  'context',
  'expiry',
  'root-known',
  'root-witnessed',
  'root-current',
  'grant',
  'answer-logged',
  'responder-signature',
] as const;
export type Check = (typeof CHECKS)[number];

/**
 * VALID: holds. INVALID: does not hold. ERROR: could not be checked, which says nothing of the answer.
 * SKIPPED: was not asked for, or cannot be asked of this source.
 */
export type Verdict = 'VALID' | 'INVALID' | 'ERROR' | 'SKIPPED';

interface Reason extends Message {
  readonly check: Check | 'any';
  readonly verdict: Verdict;
}

/**
 * Every reason that a verdict can have. Codes are frozen: programs compare them. A new reason gets
 * a new code; none changes its meaning or its verdict.
 */
export const REASONS = {
  // ---- any check
  NOT_REACHED: {
    check: 'any',
    verdict: 'SKIPPED',
    en: 'Not checked, because the document could not be read.',
    zh: '文件无法读取，未作检查。',
  },
  CHAIN_UNREACHABLE: {
    check: 'any',
    verdict: 'ERROR',
    en: 'The chain could not be asked. This says nothing of the answer; try again.',
    zh: '无法查询链。这不代表答案有问题，请重试。',
  },
  CHAIN_OTHER: {
    check: 'any',
    verdict: 'ERROR',
    en: 'The endpoint serves another chain than the pinned one.',
    zh: '该端点不是所固定的链。',
  },
  NETWORK_FILE_DISAGREES: {
    check: 'any',
    verdict: 'ERROR',
    en: 'The pinned network file and the source disagree about this register: one of them is wrong.',
    zh: '固定的网络文件与数据来源对该登记册的说法不一致，其中之一有误。',
  },
  NETWORK_FILE_OUT_OF_DATE: {
    check: 'any',
    verdict: 'ERROR',
    en: 'The chain knows a newer key or register than the pinned network file: obtain a new one.',
    zh: '链上有比网络文件更新的密钥或登记册，请获取新的网络文件。',
  },
  CHECKPOINT_MISSING: {
    check: 'any',
    verdict: 'ERROR',
    en: 'There is neither a chain nor a checkpoint to check against.',
    zh: '既无链也无检查点可供核对。',
  },
  CHECKPOINT_MALFORMED: {
    check: 'any',
    verdict: 'ERROR',
    en: 'The checkpoint cannot be read.',
    zh: '检查点无法读取。',
  },
  CHECKPOINT_NOT_TRUSTED: {
    check: 'any',
    verdict: 'ERROR',
    en: 'The checkpoint is not signed as it must be, so nothing that it says counts.',
    zh: '检查点签名不合要求，其内容不可采信。',
  },
  CHECKPOINT_OTHER_NETWORK: {
    check: 'any',
    verdict: 'ERROR',
    en: 'The checkpoint belongs to another chain or to other contracts.',
    zh: '检查点属于另一条链或其他合约。',
  },
  CHECKPOINT_OTHER_REGISTER: {
    check: 'any',
    verdict: 'ERROR',
    en: 'The checkpoint is about another register.',
    zh: '检查点属于另一个登记册。',
  },
  CHECKPOINT_OTHER_BATCH: {
    check: 'any',
    verdict: 'ERROR',
    en: 'The checkpoint is about another batch of this register and says nothing of this one.',
    zh: '检查点针对该登记册的另一批次，未涉及本批次。',
  },
  LOG_ENTRY_NEEDED: {
    check: 'any',
    verdict: 'ERROR',
    en: 'Could not be checked, because the log entry that it depends on was not found or is another one.',
    zh: '所依赖的日志条目不存在或不相符，无法检查。',
  },
  EXPECTATION_MALFORMED: {
    check: 'any',
    verdict: 'ERROR',
    en: 'What was expected cannot be understood, so nothing was compared.',
    zh: '无法理解所给的期望值，未作比较。',
  },
  VERIFIER_CLOCK_OFF: {
    check: 'any',
    verdict: 'ERROR',
    en: 'The verifier’s clock is behind what it is asked to judge.',
    zh: '验证方的时钟落后于所判断的时间。',
  },

  // ---- format
  FORMAT_OK: { check: 'format', verdict: 'VALID', en: 'The document is well formed.', zh: '文件格式正确。' },
  FORMAT_NOT_JSON: {
    check: 'format',
    verdict: 'INVALID',
    en: 'The document is not JSON.',
    zh: '文件不是 JSON。',
  },
  FORMAT_RESPELLED: {
    check: 'format',
    verdict: 'INVALID',
    en: 'The JSON has a key twice, or writes a number or a text in another way than the one allowed.',
    zh: 'JSON 有重复的键，或数字、文本的写法不是唯一允许的写法。',
  },
  FORMAT_FIELD_MISSING: { check: 'format', verdict: 'INVALID', en: 'A field is missing.', zh: '缺少字段。' },
  FORMAT_FIELD_UNKNOWN: {
    check: 'format',
    verdict: 'INVALID',
    en: 'There is a field that the format does not have.',
    zh: '存在格式未定义的字段。',
  },
  FORMAT_FIELD_MALFORMED: {
    check: 'format',
    verdict: 'INVALID',
    en: 'A field is not written in the one way that the format allows.',
    zh: '字段的写法不是格式允许的唯一写法。',
  },

  // ---- proof
  PROOF_HOLDS: {
    check: 'proof',
    verdict: 'VALID',
    en: 'The proof holds for the answer and the dispute bit that the document states.',
    zh: '证明成立，且与文件所述的答案和争议标志一致。',
  },
  PROOF_FAILS: { check: 'proof', verdict: 'INVALID', en: 'The proof does not hold.', zh: '证明不成立。' },
  PROOF_OF_OTHER_ANSWER: {
    check: 'proof',
    verdict: 'INVALID',
    en: 'The document states another answer than its proof.',
    zh: '文件所述答案与证明不符。',
  },
  PROOF_NO_KEY: {
    check: 'proof',
    verdict: 'ERROR',
    en: 'There is no verification key for this circuit.',
    zh: '没有该电路的验证密钥。',
  },

  // ---- circuit-pinned
  CIRCUIT_PINNED: {
    check: 'circuit-pinned',
    verdict: 'VALID',
    en: 'The circuit is one of the pinned ones and was in force.',
    zh: '电路在固定列表中且当时有效。',
  },
  CIRCUIT_NOT_PINNED: {
    check: 'circuit-pinned',
    verdict: 'INVALID',
    en: 'The circuit is not in the pinned network file: its proofs may show anything.',
    zh: '电路不在固定的网络文件中，其证明不可采信。',
  },
  CIRCUIT_NOT_IN_FORCE: {
    check: 'circuit-pinned',
    verdict: 'INVALID',
    en: 'The circuit was not in force when the answer was logged.',
    zh: '答案登记时该电路未生效。',
  },

  // ---- register-owner
  REGISTER_OWNER_OK: {
    check: 'register-owner',
    verdict: 'VALID',
    en: 'The register is pinned, and its owner gave the answer.',
    zh: '登记册在固定列表中，且由其所有者作答。',
  },
  REGISTER_OWNER_HAS_FURTHER: {
    check: 'register-owner',
    verdict: 'VALID',
    en: 'The register’s owner gave the answer, but it has further registers: ask each of them.',
    zh: '由登记册所有者作答，但该机构另有登记册，需逐一询问。',
  },
  REGISTER_NOT_PINNED: {
    check: 'register-owner',
    verdict: 'INVALID',
    en: 'The pinned network file has no such register.',
    zh: '固定的网络文件中没有该登记册。',
  },
  REGISTER_OF_OTHER_OWNER: {
    check: 'register-owner',
    verdict: 'INVALID',
    en: 'The register belongs to another member than the document says.',
    zh: '登记册属于另一成员，与文件不符。',
  },
  REGISTER_NOT_ASKED: {
    check: 'register-owner',
    verdict: 'INVALID',
    en: 'The question that the document carries was put to another register.',
    zh: '文件中的问题是向另一个登记册提出的。',
  },
  REGISTER_NOT_EXPECTED: {
    check: 'register-owner',
    verdict: 'INVALID',
    en: 'The answer is from another register or authority than the expected one.',
    zh: '答案来自期望之外的登记册或机构。',
  },
  AUTHORITY_HAS_FURTHER_REGISTERS: {
    check: 'register-owner',
    verdict: 'ERROR',
    en: 'The authority has further registers; one answer alone does not speak for it.',
    zh: '该机构另有登记册，单个答案不能代表该机构。',
  },

  // ---- register-secret
  REGISTER_SECRET_OK: {
    check: 'register-secret',
    verdict: 'VALID',
    en: 'The proof was made under the register’s own secret.',
    zh: '证明使用登记册自身的密钥。',
  },
  SECRET_NOT_REGISTERED: {
    check: 'register-secret',
    verdict: 'INVALID',
    en: 'The proof was made under another secret than the register’s: under an invented one anyone is clean.',
    zh: '证明使用的密钥不是该登记册的；用编造的密钥任何人都“清白”。',
  },

  // ---- subject
  SUBJECT_OK: {
    check: 'subject',
    verdict: 'VALID',
    en: 'The answer is about the expected subject.',
    zh: '答案针对期望的主体。',
  },
  SUBJECT_OTHER: {
    check: 'subject',
    verdict: 'INVALID',
    en: 'The answer is about another subject.',
    zh: '答案针对另一主体。',
  },
  SUBJECT_TAG_NOT_PROVED: {
    check: 'subject',
    verdict: 'INVALID',
    en: 'The proof is about another subject than the question.',
    zh: '证明与问题所指主体不一致。',
  },
  SUBJECT_NOT_EXPECTED: {
    check: 'subject',
    verdict: 'SKIPPED',
    en: 'No subject was expected, so whom the answer is about was not checked.',
    zh: '未给出主体，未检查答案针对谁。',
  },

  // ---- predicate
  PREDICATE_OK: {
    check: 'predicate',
    verdict: 'VALID',
    en: 'The answer is to the expected question, and the application may ask it.',
    zh: '答案对应期望的判断条件，且该应用可以询问。',
  },
  PREDICATE_OTHER: {
    check: 'predicate',
    verdict: 'INVALID',
    en: 'The answer is to another question.',
    zh: '答案对应另一判断条件。',
  },
  PREDICATE_NOT_PROVED: {
    check: 'predicate',
    verdict: 'INVALID',
    en: 'Document, question and proof do not name the same predicate.',
    zh: '文件、问题与证明中的判断条件不一致。',
  },
  PREDICATE_NOT_LISTED: {
    check: 'predicate',
    verdict: 'INVALID',
    en: 'The application list does not let this application ask this, or not with this circuit.',
    zh: '应用清单不允许该应用以此电路询问此判断条件。',
  },
  PREDICATE_NOT_EXPECTED: {
    check: 'predicate',
    verdict: 'SKIPPED',
    en: 'No predicate was expected, so what was asked was not compared.',
    zh: '未给出判断条件，未比较所问内容。',
  },
  CATALOGUE_OTHER: {
    check: 'predicate',
    verdict: 'ERROR',
    en: 'The network uses another catalogue than this program: a name may mean something else. Give the predicate itself.',
    zh: '网络使用的目录与本程序不同，名称含义可能不同，请直接给出判断条件。',
  },

  // ---- as-of-day
  DAY_OK: {
    check: 'as-of-day',
    verdict: 'VALID',
    en: 'The answer is as of the expected day.',
    zh: '答案基于期望的日期。',
  },
  DAY_OTHER: {
    check: 'as-of-day',
    verdict: 'INVALID',
    en: 'The answer is as of another day.',
    zh: '答案基于另一日期。',
  },
  DAY_NOT_PROVED: {
    check: 'as-of-day',
    verdict: 'INVALID',
    en: 'The proof is as of another day than the question.',
    zh: '证明的日期与问题不一致。',
  },
  DAY_NOT_EXPECTED: {
    check: 'as-of-day',
    verdict: 'SKIPPED',
    en: 'No day was expected, so the day was not compared.',
    zh: '未给出日期，未作比较。',
  },

  // ---- context
  CONTEXT_OK: {
    check: 'context',
    verdict: 'VALID',
    en: 'The proof is bound to this question, which its requester signed.',
    zh: '证明绑定于该问题，且问题由提问方签名。',
  },
  CONTEXT_OTHER: {
    check: 'context',
    verdict: 'INVALID',
    en: 'The proof was made for another question.',
    zh: '证明是为另一个问题作出的。',
  },
  REQUEST_NOT_SIGNED: {
    check: 'context',
    verdict: 'INVALID',
    en: 'The question is not signed by its requester’s key of that block.',
    zh: '问题未由提问方在该区块的密钥签名。',
  },
  REQUESTER_OTHER: {
    check: 'context',
    verdict: 'INVALID',
    en: 'The answer was given to another requester than the expected one.',
    zh: '答案是给另一提问方的。',
  },
  REQUESTER_NOT_PINNED: {
    check: 'context',
    verdict: 'INVALID',
    en: 'The pinned network file has no such requester.',
    zh: '固定的网络文件中没有该提问方。',
  },
  APPLICATION_OTHER: {
    check: 'context',
    verdict: 'INVALID',
    en: 'The answer was given for another purpose than the expected one.',
    zh: '答案是为另一用途给出的。',
  },

  // ---- expiry
  EXPIRY_OK: {
    check: 'expiry',
    verdict: 'VALID',
    en: 'The answer was logged before the question expired.',
    zh: '答案在问题有效期内登记。',
  },
  LOGGED_AFTER_EXPIRY: {
    check: 'expiry',
    verdict: 'INVALID',
    en: 'The question had expired when the answer was logged.',
    zh: '答案登记时问题已过期。',
  },
  LOG_TIME_NOT_COVERED: {
    check: 'expiry',
    verdict: 'SKIPPED',
    en: 'The checkpoint does not cover the log entry, so when the answer was logged is only the responder’s word.',
    zh: '检查点未覆盖日志条目，登记时间仅为应答方所称。',
  },

  // ---- root-known
  ROOT_KNOWN: {
    check: 'root-known',
    verdict: 'VALID',
    en: 'The root is the register’s, of that batch.',
    zh: '该根是登记册该批次的根。',
  },
  ROOT_UNKNOWN: {
    check: 'root-known',
    verdict: 'INVALID',
    en: 'The register never had this batch with this root.',
    zh: '登记册从未有过此批次和根。',
  },
  ROOT_ANNULLED: {
    check: 'root-known',
    verdict: 'INVALID',
    en: 'The council annulled this root.',
    zh: '该根已被理事会撤销。',
  },
  ROOT_NOT_IN_CHECKPOINT: {
    check: 'root-known',
    verdict: 'INVALID',
    en: 'The checkpoint names another batch or root of this register.',
    zh: '检查点记载的是该登记册的另一批次或根。',
  },

  // ---- root-witnessed
  ROOT_WITNESSED: {
    check: 'root-witnessed',
    verdict: 'VALID',
    en: 'Members of other regions replayed and attested it.',
    zh: '其他地区的成员已重算并见证。',
  },
  ROOT_NOT_WITNESSED: {
    check: 'root-witnessed',
    verdict: 'INVALID',
    en: 'The batch is not witnessed.',
    zh: '该批次未被见证。',
  },
  ROOT_CONTESTED: {
    check: 'root-witnessed',
    verdict: 'INVALID',
    en: 'An objection to this batch, or to one before it, is open.',
    zh: '该批次或其之前的批次存在未决异议。',
  },
  CHECKPOINT_SIGNATURE_INVALID: {
    check: 'root-witnessed',
    verdict: 'INVALID',
    en: 'A signature of the checkpoint is not its witness’s.',
    zh: '检查点的某个签名不是该见证方的签名。',
  },
  CHECKPOINT_SIGNER_NOT_WITNESS: {
    check: 'root-witnessed',
    verdict: 'INVALID',
    en: 'Somebody signed the checkpoint who may not witness this register: its owner, or no authority of the network.',
    zh: '检查点的签名者无权见证该登记册（所有者本身或非网络中的机构）。',
  },
  CHECKPOINT_NOT_OF_ANSWER: {
    check: 'root-witnessed',
    verdict: 'INVALID',
    en: 'The document carries a checkpoint of another chain or register.',
    zh: '文件所附检查点属于另一条链或另一个登记册。',
  },
  CHECKPOINT_TOO_FEW_WITNESSES: {
    check: 'root-witnessed',
    verdict: 'INVALID',
    en: 'The checkpoint lacks the witnesses of a region.',
    zh: '检查点缺少某地区的见证方。',
  },

  // ---- root-current
  ROOT_CURRENT: {
    check: 'root-current',
    verdict: 'VALID',
    en: 'The root was the register’s latest when the answer was logged.',
    zh: '答案登记时该根为登记册的最新根。',
  },
  ROOT_WITHIN_GRACE: {
    check: 'root-current',
    verdict: 'VALID',
    en: 'The root was superseded only just before the answer was logged.',
    zh: '该根在答案登记前不久才被取代，仍在宽限期内。',
  },
  ROOT_WITHIN_OWN_LIMIT: {
    check: 'root-current',
    verdict: 'VALID',
    en: 'The register was contested; its last uncontested root is within the limit that the verifier set.',
    zh: '登记册有争议，但其最后无争议的根在验证方设定的时限内。',
  },
  CONTESTED: {
    check: 'root-current',
    verdict: 'INVALID',
    en: 'The register was contested when the answer was logged, and no staleness limit was set.',
    zh: '答案登记时登记册处于争议中，且未设定时限。',
  },
  REGISTER_SILENT: {
    check: 'root-current',
    verdict: 'INVALID',
    en: 'The owner had not stood by its register for longer than it promised.',
    zh: '登记册所有者超过承诺时限未确认其登记册。',
  },
  ROOT_SUPERSEDED: {
    check: 'root-current',
    verdict: 'INVALID',
    en: 'A later batch had replaced this root for longer than the grace time.',
    zh: '该根已被后续批次取代且超过宽限期。',
  },
  ROOT_NOT_USABLE: {
    check: 'root-current',
    verdict: 'INVALID',
    en: 'Nothing might be answered under this root.',
    zh: '该根不可用于作答。',
  },
  TOO_OLD: {
    check: 'root-current',
    verdict: 'INVALID',
    en: 'The owner last stood by this root longer ago than the verifier accepts.',
    zh: '所有者最后确认该根的时间超出验证方接受的时限。',
  },
  CHECKPOINT_EXPIRED: {
    check: 'root-current',
    verdict: 'INVALID',
    en: 'The checkpoint has expired.',
    zh: '检查点已过期。',
  },

  // ---- grant
  GRANT_OK: {
    check: 'grant',
    verdict: 'VALID',
    en: 'The grant covered this question when the answer was logged.',
    zh: '答案登记时共享授权覆盖该问题。',
  },
  GRANT_COVERED_BY_LOG: {
    check: 'grant',
    verdict: 'VALID',
    en: 'The covered log entry shows it: nothing is logged without a grant that is good.',
    zh: '已覆盖的日志条目表明授权有效：无有效授权不能登记。',
  },
  GRANT_UNKNOWN: {
    check: 'grant',
    verdict: 'INVALID',
    en: 'There is no such grant.',
    zh: '没有该共享授权。',
  },
  GRANT_OF_OTHER: {
    check: 'grant',
    verdict: 'INVALID',
    en: 'The grant is another authority’s, or for another requester, application or class.',
    zh: '该授权属于其他机构，或针对其他提问方、应用或类别。',
  },
  GRANT_NOT_VALID_THEN: {
    check: 'grant',
    verdict: 'INVALID',
    en: 'The grant was not valid, or was revoked, when the answer was logged.',
    zh: '答案登记时该授权无效或已撤销。',
  },
  GRANT_NOT_COVERED: {
    check: 'grant',
    verdict: 'SKIPPED',
    en: 'The checkpoint does not cover the log entry, so the grant was not checked.',
    zh: '检查点未覆盖日志条目，未检查授权。',
  },

  // ---- answer-logged
  ANSWER_LOGGED: {
    check: 'answer-logged',
    verdict: 'VALID',
    en: 'This very answer stands in the log.',
    zh: '该答案已登记在答案日志中。',
  },
  NOT_LOGGED: {
    check: 'answer-logged',
    verdict: 'INVALID',
    en: 'There is no such log entry.',
    zh: '没有该日志条目。',
  },
  LOG_OTHER_CONTRACT: {
    check: 'answer-logged',
    verdict: 'INVALID',
    en: 'The document names another log contract than the one that was in force.',
    zh: '文件所指的日志合约不是当时生效的合约。',
  },
  LOGGED_AS_REFUSAL: {
    check: 'answer-logged',
    verdict: 'INVALID',
    en: 'The log entry is a refusal.',
    zh: '该日志条目是拒答。',
  },
  LOGGED_OTHER_REQUEST: {
    check: 'answer-logged',
    verdict: 'INVALID',
    en: 'The log entry is for another question.',
    zh: '该日志条目对应另一个问题。',
  },
  LOGGED_OTHER_ANSWER: {
    check: 'answer-logged',
    verdict: 'INVALID',
    en: 'Another answer was logged for this question.',
    zh: '为该问题登记的是另一个答案。',
  },
  LOGGED_ELSEWHERE: {
    check: 'answer-logged',
    verdict: 'INVALID',
    en: 'The document gives another block or time than the log.',
    zh: '文件中的区块或时间与日志不符。',
  },
  LOG_NOT_COVERED: {
    check: 'answer-logged',
    verdict: 'SKIPPED',
    en: 'The checkpoint does not cover the log entry, so it was not checked.',
    zh: '检查点未覆盖日志条目，未检查。',
  },

  // ---- responder-signature
  RESPONDER_SIGNED: {
    check: 'responder-signature',
    verdict: 'VALID',
    en: 'The register’s owner signed this very document with its key of that block.',
    zh: '登记册所有者以其当时的密钥签署了该文件。',
  },
  RESPONDER_NOT_SIGNED: {
    check: 'responder-signature',
    verdict: 'INVALID',
    en: 'The document, to the letter, is not signed by the register’s owner with its key of that block.',
    zh: '该文件未由登记册所有者以其当时的密钥逐字签署。',
  },
  RESPONDER_NOT_OWNER: {
    check: 'responder-signature',
    verdict: 'INVALID',
    en: 'The responder is not the register’s owner.',
    zh: '应答方不是登记册所有者。',
  },
} as const satisfies Readonly<Record<string, Reason>>;

export type ReasonCode = keyof typeof REASONS;

/** What each check says, for people, in one line. */
export const CHECK_NAMES: Readonly<Record<Check, Message>> = {
  format: { en: 'well-formed document', zh: '文件格式' },
  proof: { en: 'zero-knowledge proof', zh: '零知识证明' },
  'circuit-pinned': { en: 'known circuit', zh: '电路' },
  'register-owner': { en: 'register and owner', zh: '登记册与所有者' },
  'register-secret': { en: 'register’s secret', zh: '登记册密钥' },
  subject: { en: 'subject', zh: '主体' },
  predicate: { en: 'question asked', zh: '判断条件' },
  'as-of-day': { en: 'day', zh: '日期' },
  context: { en: 'purpose and requester', zh: '用途与提问方' },
  expiry: { en: 'in time', zh: '时限' },
  'root-known': { en: 'root known', zh: '根已登记' },
  'root-witnessed': { en: 'root witnessed', zh: '根已见证' },
  'root-current': { en: 'root current', zh: '根为最新' },
  grant: { en: 'grant', zh: '共享授权' },
  'answer-logged': { en: 'answer logged', zh: '答案已登记' },
  'responder-signature': { en: 'responder’s signature', zh: '应答方签名' },
};
