import { signerOf } from '@credit-ledger/sdk/answer';
import {
  bindingCommitOf,
  canonicalBytes,
  dateOfDay,
  type Day,
  dayAt,
  dayOfDate,
  type Hex,
  isSelfDeclaredKind,
  LEDGER_CLASS,
  LedgerError,
  type Message,
  OP,
  OPEN_END,
  type Operand,
  parseUscc,
  saltedHash,
  type StatementDocument,
  statementDigest,
  statementRevocationDigest,
  TRUTH_PROMISE,
} from '@credit-ledger/sdk/protocol';
import { type BindingFact, consentError } from '../exchange/index.ts';
import type { OperationDone, RegisterService } from '../registers/index.ts';
import { EntryStore, isUniqueViolation } from '../store/index.ts';
import { type NewRecord, RecordStore, type StoredRecord } from '../store/records.ts';
import { SubjectStore } from '../store/subjects.ts';
import { consentDomain, type SubjectParts } from './ports.ts';

export interface StatementParts extends SubjectParts {
  readonly registers: Pick<RegisterService, 'appendRecords' | 'operate'>;
}

/** A statement as the subject signed it, with what shows whose key that is. */
export interface SignedStatement {
  readonly bindingId: bigint;
  readonly document: StatementDocument;
  /** EIP-712 `Statement(bindingId, documentHash)` by the binding's key. */
  readonly signature: Hex;
  /** The salt of the binding, where this node does not know it. */
  readonly salt?: Hex;
}

/** A statement as it stands in the register. */
export interface Statement {
  readonly recordId: bigint;
  readonly documentHash: Hex;
  readonly document: StatementDocument;
  readonly bindingId: bigint;
  readonly signature: Hex;
  readonly revoked: boolean;
  readonly createdAt: Date;
}

const PROFILE = 'self-declared@1';
const WITHDRAWN = '主体自行撤回（自愿注册） Withdrawn by the subject';

/**
 * Voluntary registration (自愿注册): what subjects say of themselves, relayed by this agency and kept apart
 * from its own facts by kind and origin. The agency vouches for who said it, not for its truth.
 */
export class Statements {
  readonly #parts: StatementParts;

  constructor(parts: StatementParts) {
    this.#parts = parts;
  }

  /**
   * Registers a statement; the same one again is the one that is there.
   * @throws LedgerError STATEMENT_KIND, STATEMENT_PROMISE_MISSING, STATEMENT_DAYS, STATEMENT_WRONG_SIGNER,
   *   STATEMENT_OTHER_SUBJECT, BINDING_UNKNOWN, BINDING_ENDED, DOCUMENT_NOT_SALTED, USCC_…, DATE_INVALID,
   *   REGISTER_NOT_OPEN, CHAIN_…
   */
  async register(statement: SignedStatement): Promise<Statement> {
    const { facts, db, clock, registers } = this.#parts;
    const { bindingId, document, signature } = statement;
    const record = this.#recordOf(statement);
    const binding = await this.#ownBinding(bindingId, document.uscc, statement.salt);
    const documentHash = saltedHash(document);
    const digest = statementDigest(consentDomain(facts), bindingId, documentHash);
    if (signerOf(digest, signature) !== binding.subject) throw statementError('STATEMENT_WRONG_SIGNER');
    const known = await this.#byHash(documentHash);
    if (known !== undefined) return this.#view(known);
    try {
      const stored = await db.transaction(async (tx) => {
        const [made] = await new RecordStore(tx).insert([{ ...record, importRow: null }], null, clock.now());
        if (made === undefined) throw new RangeError('the statement was not stored');
        await registers.appendRecords(tx, [made]);
        return made;
      });
      return await this.#view(stored);
    } catch (error) {
      // Somebody has relayed the same one at the same moment.
      const other = isUniqueViolation(error) ? await this.#byHash(documentHash) : undefined;
      if (other === undefined) throw error;
      return this.#view(other);
    }
  }

  /**
   * Withdraws a statement by the subject's word, with whichever of its keys is bound now.
   * @throws LedgerError STATEMENT_UNKNOWN, STATEMENT_WRONG_SIGNER, STATEMENT_OTHER_SUBJECT, BINDING_…, OPERATION_…
   */
  async revoke(
    documentHash: Hex,
    by: { readonly bindingId: bigint; readonly signature: Hex; readonly salt?: Hex },
  ): Promise<OperationDone> {
    const { facts, clock, registers } = this.#parts;
    const record = await this.#byHash(documentHash);
    if (record === undefined) throw statementError('STATEMENT_UNKNOWN', { documentHash });
    const binding = await this.#ownBinding(by.bindingId, record.uscc, by.salt);
    const digest = statementRevocationDigest(consentDomain(facts), by.bindingId, documentHash);
    if (signerOf(digest, by.signature) !== binding.subject) throw statementError('STATEMENT_WRONG_SIGNER');
    const today = dayAt(BigInt(Math.floor(clock.now().getTime() / 1000)));
    return registers.operate({
      op: 'revoke',
      recordId: record.id,
      day: dateOfDay(today),
      reason: WITHDRAWN,
      reference: by.signature,
    });
  }

  /** A subject's statements, oldest first, with the promise that each carries; withdrawn ones are marked. */
  async list(uscc: string): Promise<Statement[]> {
    const { db } = this.#parts;
    const records = await new RecordStore(db).list({
      uscc: parseUscc(uscc),
      class: LEDGER_CLASS.positive,
      origin: 'self-declared',
      limit: 1_000,
    });
    return Promise.all(records.map((record) => this.#view(record)));
  }

  async #byHash(documentHash: Hex): Promise<StoredRecord | undefined> {
    const records = await new RecordStore(this.#parts.db).withDocumentNumbers(LEDGER_CLASS.positive, [
      documentHash,
    ]);
    return records.find(({ origin }) => origin === 'self-declared');
  }

  async #view(record: StoredRecord): Promise<Statement> {
    const entries = await new EntryStore(this.#parts.db).ofRecord(record.id);
    const field = (name: string): string => record.fields.find((each) => each.name === name)?.value ?? '';
    return {
      recordId: record.id,
      documentHash: field('statementHash') as Hex,
      document: JSON.parse(field('statement')) as StatementDocument,
      bindingId: BigInt(field('statementBinding')),
      signature: field('statementSignature') as Hex,
      revoked: entries.some(({ op }) => op === OP.REVOKE),
      createdAt: record.createdAt,
    };
  }

  /** A binding that holds and is this code's, by the salt that is known here or was given. */
  async #ownBinding(bindingId: bigint, code: string, salt: Hex | undefined): Promise<BindingFact> {
    const { facts, db } = this.#parts;
    const uscc = parseUscc(code);
    const binding = await facts.binding(bindingId);
    if (binding === undefined) throw consentError('UnknownBinding', { bindingId });
    if (binding.endedAt !== 0n) throw consentError('BindingHasEnded', { bindingId });
    const opens =
      salt === undefined
        ? (await new SubjectStore(db).bindingByCommit(binding.voucher, binding.bindingCommit))?.uscc === uscc
        : bindingCommitOf(uscc, salt) === binding.bindingCommit;
    if (!opens) throw statementError('STATEMENT_OTHER_SUBJECT');
    return binding;
  }

  #recordOf({ bindingId, document, signature }: SignedStatement): NewRecord {
    const uscc = parseUscc(document.uscc);
    // One spelling of everything, as an agency's own records have it.
    if (uscc !== document.uscc) throw statementError('STATEMENT_OTHER_SUBJECT');
    if (!isSelfDeclaredKind(document.kind)) throw statementError('STATEMENT_KIND', { kind: document.kind });
    if (document.promise !== TRUTH_PROMISE) throw statementError('STATEMENT_PROMISE_MISSING');
    const documentHash = saltedHash(document);
    const today = dayAt(BigInt(Math.floor(this.#parts.clock.now().getTime() / 1000)));
    const day: Day = dayOfDate(document.day);
    const until: Day = document.until === null ? OPEN_END : dayOfDate(document.until);
    if (day > today || until < day) throw statementError('STATEMENT_DAYS', { day: document.day });
    return {
      class: LEDGER_CLASS.positive,
      origin: 'self-declared',
      uscc,
      subjectName: document.subjectName,
      documentNumber: documentHash,
      kind: document.kind,
      domain: 0,
      severity: 0,
      severityBasis: 'none',
      day,
      until,
      amountFen: 0n,
      fields: [
        { name: 'origin', value: 'self-declared' },
        { name: 'statementHash', value: documentHash },
        { name: 'statementBinding', value: bindingId.toString() },
        { name: 'statementSignature', value: signature },
        { name: 'title', value: document.title },
        { name: 'content', value: document.contents },
        { name: 'validFrom', value: document.day },
        { name: 'validUntil', value: document.until ?? '' },
        { name: 'promise', value: document.promise },
        { name: 'publicityAsked', value: document.publicityAsked ? 'yes' : 'no' },
        // Whole, so that its hash can be computed again by whoever is shown it.
        { name: 'statement', value: new TextDecoder().decode(canonicalBytes(document)) },
      ],
      sourceProfile: PROFILE,
      sourceAgency: { name: document.subjectName, uscc },
      contentHash: documentHash,
    };
  }
}

const MESSAGES = {
  STATEMENT_KIND: {
    en: 'A statement is of one of the kinds 46, 47 and 48; what an agency found is for the agency to record.',
    zh: '自愿注册信息的类别只能是 46、47 或 48；行政机关认定的信息由机关自行录入。',
  },
  STATEMENT_PROMISE_MISSING: {
    en: 'A statement carries the public promise of truth, to the letter (ledger subject statement writes it).',
    zh: '自愿注册信息须附规定文本的公开真实性承诺（ledger subject statement 会自动写入）。',
  },
  STATEMENT_DAYS: {
    en: 'The day of a statement is today or before, and its last day not before it.',
    zh: '自愿注册信息的日期不得晚于今日，截止日期不得早于该日期。',
  },
  STATEMENT_WRONG_SIGNER: {
    en: 'This is not signed by the key of the binding that it names, over exactly this; let the subject sign it again.',
    zh: '签名不是由所述绑定的密钥就此内容签署，请主体重新签署。',
  },
  STATEMENT_OTHER_SUBJECT: {
    en: 'The binding is not shown to be this code’s: give its salt, and the code as the binding has it.',
    zh: '无法确认该绑定属于此代码：请提供绑定盐值及与绑定一致的代码。',
  },
  STATEMENT_UNKNOWN: {
    en: 'There is no such statement here; it is withdrawn where it was registered.',
    zh: '本机构没有该自愿注册信息，请向登记机构办理撤回。',
  },
} as const satisfies Record<string, Message>;

function statementError(
  code: keyof typeof MESSAGES,
  operands: Readonly<Record<string, Operand>> = {},
): LedgerError {
  return new LedgerError(code, MESSAGES[code], operands);
}
