import {
  CATALOGUE,
  type ConsentTerms,
  type Hex,
  predicateByHash,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { bytesToHex } from 'viem';
import type { BindingRow } from '../../store/subjects.ts';
import {
  type ConsentStatus,
  explained,
  type QuestionAbout as About,
  type Statement as Registered,
} from '../../subjects/index.ts';
import type { Rooms } from '../rooms.ts';
import type { PageOf } from '../schemas/common.ts';
import type { OperationResult } from '../schemas/intake.ts';
import type { Sent } from '../schemas/ledger.ts';
import type {
  AddStatement,
  Binding,
  Consent,
  ConsentInput,
  GiveConsent,
  MakeBinding,
  QuestionAbout,
  ReadOwnQuestions,
  RevokeStatement,
  Statement,
} from '../schemas/subjects.ts';
import type { SubjectsPort } from '../services.ts';
import { refusalView } from './answers.ts';
import { settled } from './sending.ts';
import { dateText, momentOf } from './words.ts';

/** Keys and consents of subjects. */
export class Subjects implements SubjectsPort {
  readonly #rooms: Rooms;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  async bind(binding: MakeBinding, by: string): Promise<Binding | Sent> {
    const { bindings } = this.#rooms.subjects();
    const { bindingCommit, outboxId } = await bindings.bind(
      {
        uscc: binding.uscc,
        subject: binding.subject as Hex,
        salt: binding.salt as Hex,
        signature: binding.signature as Hex,
      },
      by,
    );
    const sent = await this.#settled(outboxId, { WrongSubjectSignature: 'WrongBindingSignature' });
    const row = await bindings.ofCommit(bindingCommit);
    return row === undefined || row.bindingId === null ? sent : bindingView(row);
  }

  async bindings(uscc: string | undefined): Promise<Binding[]> {
    return (await this.#rooms.subjects().bindings.list(uscc)).map(bindingView);
  }

  async endBinding(bindingId: bigint, signature: string | undefined): Promise<Sent> {
    const { bindings } = this.#rooms.subjects();
    return this.#settled(await bindings.end(bindingId, signature as Hex | undefined));
  }

  async giveConsent({ input, signature, opening }: GiveConsent, by: string): Promise<Consent | Sent> {
    const { consents } = this.#rooms.subjects();
    const { consentId, outboxId } = await consents.give(
      termsOf(input),
      signature as Hex,
      opening === undefined ? undefined : { uscc: opening.uscc, salt: opening.salt as Hex },
      by,
    );
    const sent = await this.#settled(outboxId);
    const given = await consents.get(consentId);
    return given === undefined ? sent : consentView(given);
  }

  async consents(page: { limit: number; after?: string | undefined }): Promise<PageOf<Consent>> {
    const offset = Number(page.after ?? 0);
    const rows = await this.#rooms.subjects().consents.list(page.limit + 1, offset);
    return {
      items: rows.slice(0, page.limit).map(consentView),
      next: rows.length > page.limit ? String(offset + page.limit) : null,
    };
  }

  async consent(consentId: string): Promise<Consent | undefined> {
    const found = await this.#rooms.subjects().consents.get(consentId as Hex);
    return found === undefined ? undefined : consentView(found);
  }

  async revokeConsent(consentId: string, signature: string): Promise<Sent> {
    return this.#settled(await this.#rooms.subjects().consents.revoke(consentId as Hex, signature as Hex));
  }

  async addStatement({ bindingId, document, signature, salt }: AddStatement): Promise<Statement> {
    const made = await this.#rooms.subjects().statements.register({
      bindingId: BigInt(bindingId),
      document,
      signature: signature as Hex,
      ...(salt === undefined ? {} : { salt: salt as Hex }),
    });
    return statementView(made);
  }

  async statements(uscc: Uscc): Promise<Statement[]> {
    return (await this.#rooms.subjects().statements.list(uscc)).map(statementView);
  }

  async revokeStatement(
    documentHash: string,
    { bindingId, signature, salt }: RevokeStatement,
  ): Promise<OperationResult> {
    const done = await this.#rooms.subjects().statements.revoke(documentHash as Hex, {
      bindingId: BigInt(bindingId),
      signature: signature as Hex,
      ...(salt === undefined ? {} : { salt: salt as Hex }),
    });
    return {
      recordId: done.recordId.toString(),
      newRecordId: null,
      entryIds: done.entryIds.map(String),
      alreadyDone: done.status === 'unchanged',
    };
  }

  async questionsAbout(
    uscc: Uscc,
    page: { limit: number; after?: string | undefined },
  ): Promise<PageOf<QuestionAbout>> {
    const offset = Number(page.after ?? 0);
    const rows = await this.#rooms.subjects().questions.about(uscc, page.limit + 1, offset);
    return {
      items: rows.slice(0, page.limit).map(aboutView),
      next: rows.length > page.limit ? String(offset + page.limit) : null,
    };
  }

  async authenticate({ bindingId, uscc, salt, time, signature }: ReadOwnQuestions): Promise<Uscc> {
    return this.#rooms.subjects().questions.authenticate({
      bindingId: BigInt(bindingId),
      uscc,
      salt: salt as Hex,
      time,
      signature: signature as Hex,
    });
  }

  /** What the chain refuses after all, because another was faster, is said in the room's words. */
  async #settled(outboxId: bigint, renamed?: Readonly<Record<string, string>>): Promise<Sent> {
    try {
      return await settled(this.#rooms, outboxId);
    } catch (error) {
      throw explained(error, renamed);
    }
  }
}

function termsOf(input: ConsentInput): ConsentTerms {
  return {
    bindingId: BigInt(input.bindingId),
    applicationId: input.applicationId as Hex,
    registerId: BigInt(input.registerId),
    requester: BigInt(input.requester),
    validFrom: BigInt(input.validFrom),
    validUntil: BigInt(input.validUntil),
    maxUses: input.maxUses,
    salt: input.salt as Hex,
  };
}

function bindingView(row: BindingRow): Binding {
  const sending = row.sending === 'failed' ? 'failed' : 'on-its-way';
  return {
    bindingId: row.bindingId?.toString() ?? null,
    subject: row.subject,
    bindingCommit: row.bindingCommit,
    voucher: row.voucher.toString(),
    state: row.endedAt !== null ? 'ended' : row.bindingId !== null ? 'holds' : sending,
    boundAt: row.boundAt === null ? null : momentOf(row.boundAt),
    endedAt: row.endedAt === null ? null : momentOf(row.endedAt),
  };
}

function consentView(row: ConsentStatus): Consent {
  return {
    id: row.consentId,
    bindingId: row.bindingId.toString(),
    applicationId: row.applicationId,
    application: applicationName(row.applicationId),
    registerId: row.registerId.toString(),
    requester: row.requester.toString(),
    validFrom: momentOf(row.validFrom),
    validUntil: momentOf(row.validUntil),
    maxUses: row.maxUses,
    uses: row.uses,
    state: row.state,
    givenAt: momentOf(row.givenAt),
    revokedAt: row.revokedAt === null ? null : momentOf(row.revokedAt),
  };
}

function applicationName(applicationId: string): string | null {
  return CATALOGUE.applications.find(({ id }) => id === applicationId)?.slug ?? null;
}

function aboutView({ request, ...row }: About): QuestionAbout {
  return {
    direction: row.direction,
    requester: request.requester,
    registerId: request.registerId,
    applicationId: request.applicationId,
    application: applicationName(request.applicationId),
    predicateHash: request.predicateHash,
    predicate: predicateByHash(request.predicateHash)?.slug ?? null,
    asOf: dateText(request.asOfDay),
    grantId: request.grantId,
    consentId: row.consentId === null ? null : bytesToHex(row.consentId),
    requestId: request.requestId,
    requestDigest: bytesToHex(row.requestDigest),
    subjectTag: request.subjectTag,
    nonce: bytesToHex(row.nonce),
    state: row.state as QuestionAbout['state'],
    refusal: refusalView(row.refusalCode),
    logId: row.logId,
    at: row.at.toISOString(),
  };
}

function statementView(statement: Registered): Statement {
  return {
    recordId: statement.recordId.toString(),
    origin: 'self-declared',
    documentHash: statement.documentHash,
    document: { ...statement.document },
    bindingId: statement.bindingId.toString(),
    signature: statement.signature,
    revoked: statement.revoked,
    createdAt: statement.createdAt.toISOString(),
  };
}
