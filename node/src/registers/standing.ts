import {
  EventStore,
  hexOf,
  type Database,
  type ReplayedBatchRow,
  TreeStore,
  wordBytes,
} from '../store/index.ts';

/** How far a batch has come. `final`: nobody can object any more. */
export type BatchState = 'appended' | 'witnessed' | 'contested' | 'final' | 'annulled';

/** A member that attested or objected. */
export interface WitnessVote {
  readonly memberId: bigint;
  /** GB/T 2260 code of its region, of attestations only. */
  readonly region: number | null;
  readonly blockNumber: bigint;
}

/** A batch as it stands on the chain, as far as the chain was followed. */
export interface BatchStanding {
  readonly registerId: bigint;
  readonly seq: bigint;
  /** Its place among the batches that stand, from 1; null when its root was annulled. */
  readonly place: number | null;
  readonly batchHash: `0x${string}`;
  readonly entriesHash: `0x${string}`;
  readonly size: number;
  readonly root: `0x${string}`;
  /** False when the owner anchored another root than the entries give. */
  readonly rootIsRight: boolean;
  readonly transactionHash: `0x${string}`;
  readonly blockNumber: bigint;
  /** Unix seconds. */
  readonly time: bigint;
  readonly state: BatchState;
  readonly attestedBy: readonly WitnessVote[];
  readonly objectedBy: readonly WitnessVote[];
}

/**
 * Where a batch stands: derived from followed events each time, so that it goes back by
 * itself when the chain does (protocol §5, states of a batch).
 */
export async function standingOf(db: Database, batch: ReplayedBatchRow): Promise<BatchStanding> {
  const { registerId, seq } = batch;
  const trees = new TreeStore(db);
  const events = await new EventStore(db).events({
    registerId,
    seq,
    names: ['BatchAttested', 'BatchWitnessed', 'BatchObjected', 'BatchRuled'],
  });
  const attested = events.filter((event) => event.name === 'BatchAttested');
  const votes = (of: typeof events): WitnessVote[] =>
    of.map((event) => ({
      memberId: BigInt(String(event.args['memberId'])),
      region: event.args['region'] === undefined ? null : Number(event.args['region']),
      blockNumber: event.blockNumber,
    }));
  const objections = await trees.openObjections(registerId);
  const contested = objections.some((objection) => objection.seq <= seq);
  const dismissed = events.some((event) => event.name === 'BatchRuled' && event.args['upheld'] === false);
  const terms = await termsAt(db, batch);
  const lastBlock = await new EventStore(db).lastBlock();
  const chainTime = lastBlock?.time ?? batch.blockTime;
  const regions = await otherRegions(
    db,
    registerId,
    attested.map((event) => String(event.args['region'])),
  );
  const witnessed =
    events.some((event) => event.name === 'BatchWitnessed') ||
    (terms !== undefined &&
      regions.size >= terms.quorumRegions &&
      chainTime >= batch.blockTime + terms.quietSeconds);
  const isFinal =
    dismissed || (!contested && terms !== undefined && chainTime >= batch.blockTime + terms.finalSeconds);

  let state: BatchState = 'appended';
  if (batch.annulledAtBlock !== null) state = 'annulled';
  else if (contested) state = 'contested';
  else if (isFinal && witnessed) state = 'final';
  else if (witnessed) state = 'witnessed';
  return {
    registerId,
    seq,
    place: batch.annulledAtBlock === null ? await trees.countStanding(registerId, seq) : null,
    batchHash: hexOf(wordBytes(batch.batchHash)),
    entriesHash: hexOf(wordBytes(batch.entriesHash)),
    size: batch.size,
    root: hexOf(wordBytes(batch.claimedRoot)),
    rootIsRight: batch.root === batch.claimedRoot,
    transactionHash: hexOf(batch.txHash),
    blockNumber: batch.blockNumber,
    time: batch.blockTime,
    state,
    attestedBy: votes(attested),
    objectedBy: votes(events.filter((event) => event.name === 'BatchObjected')),
  };
}

interface Terms {
  readonly quorumRegions: number;
  readonly quietSeconds: bigint;
  readonly finalSeconds: bigint;
}

/** The parameters that a batch was appended under. */
async function termsAt(db: Database, batch: ReplayedBatchRow): Promise<Terms | undefined> {
  const changes = await new EventStore(db).events({ names: ['ParametersSet'], toBlock: batch.blockNumber });
  const last = changes.at(-1);
  if (last === undefined) return undefined;
  return {
    quorumRegions: Number(last.args['quorumRegions']),
    quietSeconds: BigInt(String(last.args['quietSeconds'])),
    finalSeconds: BigInt(String(last.args['finalSeconds'])),
  };
}

/** The attesting regions without the owner's: its own region's attestation witnesses nothing. */
async function otherRegions(
  db: Database,
  registerId: bigint,
  regions: readonly string[],
): Promise<Set<string>> {
  const store = new EventStore(db);
  const [opened] = await store.events({ registerId, names: ['RegisterOpened'] });
  const owner = opened === undefined ? undefined : String(opened.args['owner']);
  const admitted = await store.events({ names: ['MemberAdmitted'] });
  const home = admitted.find((event) => String(event.args['memberId']) === owner);
  const ownRegion = String(home?.args['region']);
  return new Set(regions.filter((region) => region !== ownRegion));
}
