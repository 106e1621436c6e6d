import type {
  ChainClient,
  ContractsInForce,
  Deployment,
  FollowedEvent,
  Follower,
  Outbox,
  OwnKeys,
} from '../chain/index.ts';
import type { LedgerView, ProcessView } from '@credit-ledger/sdk/chain';
import type { NetworkFile } from '@credit-ledger/sdk/answer';
import type { CaseService, Reports } from '../cases/index.ts';
import type { Clock } from '../clock.ts';
import type { NodeConfig } from '../config.ts';
import type {
  Checkpoints,
  Evidence,
  HttpTransport,
  LedgerReads,
  Requester,
  Responder,
} from '../exchange/index.ts';
import type { ImportService } from '../intake/index.ts';
import type { Keyring } from '../keys/index.ts';
import type { Publicity } from '../publicity/index.ts';
import type { LettersRoom } from '../letters/index.ts';
import type { OpeningsJournal, RegisterService } from '../registers/index.ts';
import type { PooledProver } from '../answers/index.ts';
import type { Database } from '../store/index.ts';
import type { OwnMembership, Witness } from '../witness/index.ts';
import type { Bindings, Consents, Statements, SubjectQuestions } from '../subjects/index.ts';
import type { Logger } from './logging.ts';

/** The exchange: only members have one. */
export interface Exchange {
  readonly facts: LedgerReads;
  readonly requester: Requester;
  readonly responder: Responder;
  readonly checkpoints: Checkpoints;
}

/** What concerns subjects: only members have it. */
export interface SubjectRooms {
  readonly bindings: Bindings;
  readonly consents: Consents;
  readonly questions: SubjectQuestions;
  readonly statements: Statements;
}

/** Disputes, repairs and reports: only members have them. */
export interface CaseRooms {
  readonly service: CaseService;
  readonly reports: Reports;
}

/** The rooms of a running node, put together. */
export interface Rooms {
  readonly config: NodeConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly db: Database;
  readonly keyring: Keyring;
  readonly ownKeys: OwnKeys;
  readonly inForce: ContractsInForce;
  readonly evidence: Evidence;
  readonly deployment: Deployment;
  readonly chain: ChainClient;
  readonly view: LedgerView;
  readonly processes: ProcessView;
  readonly outbox: Outbox;
  readonly follower: Follower<FollowedEvent>;
  readonly witness: Witness;
  readonly registers: RegisterService;
  readonly journal: OpeningsJournal;
  readonly imports: ImportService;
  readonly publicity: Publicity;
  readonly prover: PooledProver;
  readonly letters: LettersRoom;
  /** The way to other members' nodes, for what came of it so far. */
  readonly peers: Pick<HttpTransport, 'calls'>;
  /** Who this node is among the members, as far as the chain was followed. */
  membership(): Promise<OwnMembership | undefined>;
  /** Errors: `NOT_A_MEMBER` while the council has not admitted this node. */
  exchange(): Exchange;
  /** Errors: `NOT_A_MEMBER`. */
  subjects(): SubjectRooms;
  /** Errors: `NOT_A_MEMBER`. */
  cases(): CaseRooms;
  /** The network file of the chain as it is now. Errors: `CHAIN_…`. */
  network(): Promise<NetworkFile>;
}
