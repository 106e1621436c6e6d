import { type SignedRequestJson, signerOf } from '@credit-ledger/sdk/answer';
import {
  bindingCommitOf,
  checkUscc,
  type Hex,
  LedgerError,
  subjectQuestionsDigest,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { CLOCK_TOLERANCE_SECONDS } from '../exchange/index.ts';
import { type AskedAbout, SubjectStore } from '../store/subjects.ts';
import { consentDomain, type SubjectParts } from './ports.ts';

/** What a subject sends to read what was asked about it. */
export interface SubjectReading {
  readonly bindingId: bigint;
  readonly uscc: string;
  readonly salt: Hex;
  /** Unix seconds. */
  readonly time: number;
  /** EIP-712 `SubjectQuestions(bindingId, member, time)` by the binding's key, naming this member. */
  readonly signature: Hex;
}

/** A question about a subject: what was signed, and what lets the subject find it on chain. */
export type QuestionAbout = AskedAbout & { readonly request: SignedRequestJson };

/** Every question about a subject that this node received or asked, for the subject itself. */
export class SubjectQuestions {
  readonly #parts: SubjectParts;

  constructor(parts: SubjectParts) {
    this.#parts = parts;
  }

  /** Newest first. */
  async about(uscc: Uscc, limit: number, offset = 0): Promise<QuestionAbout[]> {
    const rows = await new SubjectStore(this.#parts.db).askedAbout(uscc, limit, offset);
    return rows as QuestionAbout[];
  }

  /**
   * The code of a subject that has shown who it is, by the key and the salt of a binding that holds.
   * @throws LedgerError SUBJECT_NOT_AUTHENTIC for whatever is wrong, in one and the same words: they tell
   *   nobody whether a code, a binding or a question is known here; CHAIN_…
   */
  async authenticate(reading: SubjectReading): Promise<Uscc> {
    const { facts, clock, memberId } = this.#parts;
    const own = Math.floor(clock.now().getTime() / 1000);
    const { bindingId, time } = reading;
    const binding = await facts.binding(bindingId);
    const code = checkUscc(reading.uscc);
    const digest = subjectQuestionsDigest(consentDomain(facts), { bindingId, member: memberId, time });
    const authentic =
      Math.abs(own - time) <= Number(CLOCK_TOLERANCE_SECONDS) &&
      binding !== undefined &&
      binding.endedAt === 0n &&
      code.ok &&
      bindingCommitOf(code.uscc, reading.salt) === binding.bindingCommit &&
      signerOf(digest, reading.signature) === binding.subject;
    if (!authentic) throw notAuthentic();
    return code.uscc;
  }
}

function notAuthentic(): LedgerError {
  return new LedgerError('SUBJECT_NOT_AUTHENTIC', {
    en: 'This does not show that the subject asks: sign anew, within five minutes, with the key of a binding that holds, naming this member, and give the binding’s number, code and salt.',
    zh: '无法确认是主体本人查询：请用有效绑定的密钥重新签署（须指明本成员，五分钟内有效），并提供绑定编号、代码及盐值。',
  });
}
