import type { Uscc } from '@credit-ledger/sdk/protocol';
import type { Readable } from 'node:stream';
import type { UserStore } from '../store/users.ts';
import type { Tokens } from './auth.ts';
import type { GaugeName } from './gauges.ts';
import type * as Answers from './schemas/answers.ts';
import type * as Cases from './schemas/cases.ts';
import type { Page, PageOf } from './schemas/common.ts';
import type * as Intake from './schemas/intake.ts';
import type * as Filings from './schemas/filings.ts';
import type * as Ledger from './schemas/ledger.ts';
import type * as Letters from './schemas/letters.ts';
import type * as Publicity from './schemas/publicity.ts';
import type * as Subjects from './schemas/subjects.ts';
import type { Readiness, StoreReport } from './schemas/system.ts';

/** A file to be imported, as it arrives. */
export interface Upload {
  readonly stream: Readable;
  readonly fileName: string;
  readonly profile: string | undefined;
  readonly by: string;
}

export interface Bytes {
  readonly bytes: Uint8Array | Readable;
  readonly mediaType: string;
  readonly name: string;
}

/**
 * What the routers can ask of the node: one function a way through the house,
 * in the words of the API. Each is done by one room (see `wiring/`). Functions
 * that find nothing give undefined; everything else that fails throws a
 * LedgerError with a code.
 */
export interface NodeServices {
  readonly tokens: Tokens;
  readonly users: UserStore;
  readonly imports: ImportsPort;
  readonly records: RecordsPort;
  readonly registers: RegistersPort;
  readonly grants: GrantsPort;
  readonly questions: QuestionsPort;
  readonly answers: AnswersPort;
  readonly checkpoints: CheckpointsPort;
  readonly ledger: LedgerPort;
  readonly members: MembersPort;
  readonly publicity: PublicityPort;
  readonly subjects: SubjectsPort;
  readonly cases: CasesPort;
  readonly letters: LettersPort;
  readonly filings: FilingsPort;
  readonly pledges: PledgesPort;
  readonly health: HealthPort;
  readonly backups: BackupsPort;
  readonly checks: ChecksPort;
}

export interface ImportsPort {
  /** Takes the whole upload in, then works through it in the background. */
  start(upload: Upload): Promise<Intake.Import>;
  list(page: Page): Promise<PageOf<Intake.Import>>;
  get(id: bigint): Promise<Intake.Import | undefined>;
  /** Why rows failed; or, with `warnings`, what to look at in rows that did not. */
  issues(id: bigint, page: Page, warnings: boolean): Promise<PageOf<Intake.Issue> | undefined>;
  records(id: bigint, page: Page): Promise<PageOf<Intake.CreditRecord> | undefined>;
  /** The spreadsheet that an officer mends and imports again. */
  report(id: bigint): Promise<Bytes | undefined>;
  /** Rows of JSON, through the very same intake; ends when all is stored. */
  addRows(
    rows: readonly Readonly<Record<string, string>>[],
    profile: string | undefined,
    by: string,
  ): Promise<Intake.AddRecordsResult>;
}

export interface RecordsPort {
  find(
    filter: { readonly uscc?: string; readonly documentNumber?: string; readonly class?: number },
    page: Page,
  ): Promise<PageOf<Intake.CreditRecord>>;
  get(id: bigint): Promise<Intake.CreditRecord | undefined>;
  operate(id: bigint, operation: Intake.Operation, by: string): Promise<Intake.OperationResult | undefined>;
  /** A file with one operation a row. */
  operateFile(upload: Upload): Promise<Intake.OperationsResult>;
  receipt(id: bigint): Promise<Ledger.Receipt | undefined>;
}

export interface RegistersPort {
  list(): Promise<readonly Ledger.Register[]>;
  open(promiseSeconds: number | undefined): Promise<Ledger.Sent>;
  anchor(registerId: bigint): Promise<Ledger.Anchored>;
  heartbeat(registerId: bigint): Promise<Ledger.Sent>;
}

export interface GrantsPort {
  list(): Promise<readonly Ledger.Grant[]>;
  give(grant: Ledger.GiveGrant): Promise<Ledger.Grant | Ledger.Sent>;
  revoke(grantId: string): Promise<Ledger.Sent>;
}

export interface QuestionsPort {
  /** One question a register: to all registers of a member when it is named. */
  ask(ask: Answers.Ask, by: string): Promise<readonly Answers.QuestionDetail[]>;
  list(page: Page): Promise<PageOf<Answers.Question>>;
  get(id: bigint): Promise<Answers.QuestionDetail | undefined>;
}

export interface AnswersPort {
  list(page: Page): Promise<PageOf<Answers.GivenAnswer>>;
  get(id: bigint): Promise<Answers.GivenAnswerDetail | undefined>;
  verify(verification: Answers.Verify): Promise<Answers.Verification>;
}

export interface CheckpointsPort {
  make(registerId: bigint, logIds: readonly bigint[]): Promise<Record<string, unknown>>;
}

export interface LedgerPort {
  status(): Promise<Ledger.ChainStatus>;
  outbox(state: 'queued' | 'sent' | 'mined' | 'failed' | undefined): Promise<readonly Ledger.OutboxItem[]>;
  /** The network file, read from the chain now. */
  network(): Promise<Record<string, unknown>>;
  members(): Promise<readonly Ledger.Member[]>;
}

/** What other members' nodes ask; each call carries a signature that the room checks. */
export interface MembersPort {
  receiveQuestion(body: unknown): Promise<{ readonly status: number; readonly json: unknown }>;
  fetchAnswer(requestId: string, body: unknown): Promise<{ readonly status: number; readonly json: unknown }>;
  signCheckpoint(body: unknown): Promise<{ readonly status: number; readonly json: unknown }>;
}

export interface PublicityPort {
  publicRecords(
    filter: { readonly uscc?: string; readonly documentNumber?: string },
    page: Page,
  ): Promise<Publicity.PublicRecords>;
  timeliness(): Promise<Publicity.Timeliness>;
  letters(page: Page): Promise<Publicity.PublicLetters>;
  pledges(page: Page): Promise<Publicity.PublicPledges>;
  due(withinWorkingDays: number, limit: number): Promise<Publicity.DuePublications>;
  stateOf(recordId: bigint): Promise<Publicity.RecordPublicity | undefined>;
  withhold(
    recordId: bigint,
    order: Publicity.Withhold,
    by: string,
  ): Promise<Publicity.RecordPublicity | undefined>;
  release(recordId: bigint, note: string, by: string): Promise<Publicity.RecordPublicity | undefined>;
}

/** Keys and consents of subjects. */
export interface SubjectsPort {
  bind(binding: Subjects.MakeBinding, by: string): Promise<Subjects.Binding | Ledger.Sent>;
  bindings(uscc: string | undefined): Promise<readonly Subjects.Binding[]>;
  endBinding(bindingId: bigint, signature: string | undefined): Promise<Ledger.Sent>;
  giveConsent(consent: Subjects.GiveConsent, by: string): Promise<Subjects.Consent | Ledger.Sent>;
  consents(page: Page): Promise<PageOf<Subjects.Consent>>;
  consent(consentId: string): Promise<Subjects.Consent | undefined>;
  revokeConsent(consentId: string, signature: string): Promise<Ledger.Sent>;
  addStatement(statement: Subjects.AddStatement): Promise<Subjects.Statement>;
  statements(uscc: Uscc): Promise<readonly Subjects.Statement[]>;
  revokeStatement(documentHash: string, by: Subjects.RevokeStatement): Promise<Intake.OperationResult>;
  questionsAbout(uscc: Uscc, page: Page): Promise<PageOf<Subjects.QuestionAbout>>;
  /** The code of the subject that signed the reading. Errors: `SUBJECT_NOT_AUTHENTIC`. */
  authenticate(reading: Subjects.ReadOwnQuestions): Promise<Uscc>;
}

export interface CaseListQuery extends Page {
  readonly overdue?: 'true' | 'false' | undefined;
  readonly open?: 'true' | 'false' | undefined;
  readonly register?: string | undefined;
  readonly filedBy?: string | undefined;
}

/** Disputes, repairs and reports. */
export interface CasesPort {
  draft(wish: Cases.DraftCase): Promise<Cases.CaseDraft>;
  file(wish: Cases.FileCase, by: string): Promise<Cases.FiledCase>;
  fileSigned(filing: Cases.FileSignedCase, by: string): Promise<Cases.FiledCase>;
  filing(id: bigint): Promise<Cases.FiledCase | undefined>;
  list(query: CaseListQuery): Promise<PageOf<Cases.Case>>;
  get(id: bigint): Promise<Cases.CaseDetail>;
  decide(id: bigint, decision: Cases.DecideCase): Promise<Ledger.Sent>;
  dismiss(id: bigint, dismissal: Cases.DismissCase): Promise<Ledger.Sent>;
  withdraw(id: bigint): Promise<Ledger.Sent>;
  markOverdue(id: bigint): Promise<Ledger.Sent>;
  /** What another member's node hands over; the room checks its signature. */
  receive(body: unknown): Promise<Record<string, unknown>>;
  report(uscc: string): Promise<Record<string, unknown>>;
}

/** Commitment letters with their items and draws. Letters go by their number here. */
export interface LettersPort {
  items(): Promise<readonly Letters.LetterItem[]>;
  publishItem(item: Letters.PublishItem, by: string): Promise<Letters.ItemDone>;
  withdrawItem(itemId: string, by: string): Promise<Letters.ItemDone>;
  publishTemplate(itemId: string, texts: Letters.PublishTemplate, by: string): Promise<Letters.ItemDone>;
  offer(letter: Letters.OfferLetter, by: string): Promise<Letters.LetterDetail>;
  list(uscc: string | undefined, page: Page): Promise<PageOf<Letters.Letter>>;
  get(id: bigint): Promise<Letters.LetterDetail>;
  inform(id: bigint, notice: Letters.InformApplicant, by: string): Promise<Letters.InformedLetter>;
  toSign(id: bigint): Promise<Letters.LetterToSign>;
  promise(id: bigint, signed: Letters.PromiseLetter, by: string): Promise<Letters.LetterDetail>;
  decide(id: bigint, decision: Letters.DecideLetter, by: string): Promise<Letters.LetterDetail>;
  check(id: bigint, finding: Letters.CheckLetter, by: string): Promise<Letters.LetterDetail>;
  drawUpWithdrawal(id: bigint, reason: string): Promise<Letters.Withdrawal>;
  withdraw(id: bigint, withdrawal: Letters.WithdrawLetter, by: string): Promise<Letters.LetterDetail>;
  relayWithdrawal(withdrawal: Letters.RelayWithdrawal, by: string): Promise<Letters.Relayed>;
  refuse(id: bigint, refusal: Letters.RefuseLetter, by: string): Promise<Letters.LetterDetail>;
  terminate(id: bigint, reason: string, by: string): Promise<Letters.LetterDetail>;
  copies(id: bigint): Promise<Letters.LetterCopies>;
  draws(): Promise<readonly Letters.Draw[]>;
  openDraw(draw: Letters.OpenDraw, by: string): Promise<Letters.DrawDone>;
  revealDraw(drawId: bigint, by: string): Promise<Letters.DrawDone>;
}

export interface FilingsPort {
  takeIn(filing: Filings.TakeInFiling, by: string): Promise<Filings.TakenIn>;
  list(page: Page): Promise<PageOf<Filings.Filing>>;
  get(id: bigint): Promise<Filings.FilingDetail>;
  ofMembers(): Promise<readonly Filings.MemberFiling[]>;
  toSign(id: bigint): Promise<Filings.FilingToSign>;
  accept(id: bigint, signature: string, by: string): Promise<Filings.FilingDetail>;
  supply(id: bigint, supplied: Filings.SupplyFiling, by: string): Promise<Filings.FilingDetail>;
  record(id: bigint, breach: Filings.RecordFiling, by: string): Promise<Filings.FilingDetail>;
  /** By its number on chain. */
  markOverdue(filingId: bigint, by: string): Promise<Letters.Relayed>;
}

/** Pledges go by their number on chain, drafts by theirs here. */
export interface PledgesPort {
  list(): Promise<readonly Filings.Pledge[]>;
  drawUp(pledge: Filings.DrawUpPledge, by: string): Promise<Filings.PledgeDraft>;
  publish(draftId: bigint, signature: string, by: string): Promise<Filings.PledgeDone>;
  drawUpWithdrawal(pledgeId: bigint): Promise<Filings.PledgeToSign>;
  withdraw(pledgeId: bigint, signature: string, by: string): Promise<Letters.Relayed>;
  observe(pledgeId: bigint, text: string, by: string): Promise<Filings.Observed>;
}

export interface HealthPort {
  readiness(): Promise<Readiness>;
  /** Numbers for the metrics; what cannot be known now is left out. */
  gauges(): Promise<Readonly<Partial<Record<GaugeName, number>>>>;
}

export interface BackupsPort {
  /** A backup of this moment, sealed under the node's own key. Errors: `BUSY` while another is being made. */
  make(): Promise<Bytes>;
}

export interface ChecksPort {
  /** Holds store, journal, tree and chain against each other; of the newest batches only, when so many are named. */
  run(newest: number | undefined): Promise<StoreReport>;
}
