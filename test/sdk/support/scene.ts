import {
  type BatchFact,
  buildAnswer,
  type ChainFacts,
  type Checkpoint,
  CHECKPOINT_FORMAT,
  checkpointHash,
  type CreditAnswer,
  documentHash,
  type GrantFact,
  logEntryHash,
  type LogEntryFact,
  type NetworkFile,
  parseNetworkFile,
  type RegisterFact,
  requestDigest,
  signedAnswer,
  signedCheckpoint,
  type SignedRequestJson,
  type UnsignedCheckpoint,
} from '@credit-ledger/sdk/answer';
import {
  ANSWER_TYPES,
  answerCommitmentOf,
  batchHash,
  bodyOf,
  catalogueHash,
  CHECKPOINT_TYPES,
  circuitInput,
  contentOf,
  contextOf,
  type Day,
  dayOfDate,
  EMPTY_ROOT,
  entriesHash,
  type Entry,
  findApplication,
  findPredicate,
  type Hex,
  ledgerDomain,
  type Nonce,
  OP,
  OPEN_END,
  type OpenedEntry,
  packEntry,
  packOperation,
  predicateHashOf,
  REQUEST_TYPES,
  type RegisterSecret,
  RegisterTree,
  secretCommitOf,
  SEVERITY,
  sortForBatch,
  subjectKeyOf,
  subjectTagOf,
  toBytes32,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { keccak256, stringToBytes } from 'viem';
import { privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts';
import { snarkjs } from '../../../circuits/tools/snarkjs.ts';
import { company } from './companies.ts';
import { referenceCircuit } from './keys.ts';

const word = (text: string): Hex => keccak256(stringToBytes(text));
const account = (name: string): PrivateKeyAccount => privateKeyToAccount(word(`key of ${name}`));
const place = (name: string): Hex => `0x${word(`contract ${name}`).slice(2, 42)}`;
const lower = (address: string): Hex => address.toLowerCase() as Hex;

/** A question of the requester in Hebei to the register in Beijing, from made-up but real material. */
export const OPERATORS = {
  beijing: account('beijing operator'),
  tianjin: account('tianjin operator'),
  hebei: account('hebei operator'),
} as const;
export const WITNESSES = {
  beijing: account('beijing witness'),
  tianjin: account('tianjin witness'),
  hebei: account('hebei witness'),
} as const;

export const CHAIN_ID = 31337n;
export const CONTRACTS = {
  consortium: place('consortium'),
  registers: place('registers'),
  applications: place('applications'),
  grants: place('grants'),
  answerLog: place('answerLog'),
} as const;
export const DOMAIN = { chainId: CHAIN_ID, answerLog: CONTRACTS.answerLog };
const TYPED_DOMAIN = ledgerDomain(CHAIN_ID, CONTRACTS.answerLog);

export const SECRET = (BigInt(word('secret of register 1')) >> 8n) as RegisterSecret;
const OTHER_SECRET = (BigInt(word('secret of register 2')) >> 8n) as RegisterSecret;
export const INVENTED_SECRET = (BigInt(word('an invented secret')) >> 8n) as RegisterSecret;

export const SUBJECT = company(12345678);
export const OTHER_SUBJECT = company(87654321);
export const TODAY = dayOfDate('2026-11-23');
/** The block of the log entry. */
export const LOG_BLOCK = 120n;
export const LOG_TIME = 1_795_400_000;
export const NOW = LOG_TIME + 3_600;
export const GRACE_SECONDS = 600;
export const PROMISE_SECONDS = 86_400;

export const CLAIM8 = referenceCircuit(8);
export const CLAIM40 = referenceCircuit(40);

const member = (
  id: number,
  name: keyof typeof OPERATORS,
  region: number,
  registers: readonly { id: string; secretCommit: Hex; promiseSeconds: number }[],
): unknown => ({
  id: id.toString(),
  name: `${name} agency`,
  region,
  regionCode: region + 100,
  creditCode: company(id),
  role: 'authority',
  operatorKeys: [{ address: lower(OPERATORS[name].address), fromBlock: '10', toBlock: null }],
  witnessKeys: [{ address: lower(WITNESSES[name].address), fromBlock: '10', toBlock: null }],
  registers,
});

/** The pinned network file, before reading; for tests that bend it. */
export function networkJson(): Record<string, unknown> {
  return {
    format: 'credit-network/1',
    chainId: CHAIN_ID.toString(),
    contracts: { ...CONTRACTS },
    circuits: [CLAIM8, CLAIM40].map(({ id, name, size, verificationKey }) => ({
      id,
      name,
      size,
      verificationKey,
    })),
    catalogue: { version: 1, hash: catalogueHash() },
    members: [
      member(1, 'beijing', 110000, [
        { id: '1', secretCommit: toBytes32(secretCommitOf(SECRET)), promiseSeconds: PROMISE_SECONDS },
      ]),
      member(2, 'tianjin', 120000, [
        { id: '2', secretCommit: toBytes32(secretCommitOf(OTHER_SECRET)), promiseSeconds: PROMISE_SECONDS },
      ]),
      member(3, 'hebei', 130000, []),
    ],
    graceSeconds: GRACE_SECONDS,
    madeAt: LOG_TIME - 1_000,
  };
}

export const NETWORK: NetworkFile = parseNetworkFile(networkJson());

const record = (severity: 0 | 1 | 2 | 3, day: Day): OpenedEntry => ({
  op: OP.RECORD,
  packed: packEntry(OP.RECORD, {
    kind: 3,
    domain: 2,
    severity,
    day,
    until: OPEN_END,
    amountFen: 1_234_500n,
    ref: 0,
  }),
  content: contentOf([{ name: 'document', value: 'No 1', salt: '00112233445566778899aabbccddeeff' }]),
});
const operation = (op: 1 | 2 | 3 | 4, day: Day, ref: number): OpenedEntry => ({
  op,
  packed: packOperation(op, day, ref),
  content: contentOf([{ name: 'reason', value: 'granted', salt: 'ffeeddccbbaa99887766554433221100' }]),
});

/** A severe penalty that was repaired: the predicate holds. */
export const CHAIN: readonly OpenedEntry[] = [
  record(SEVERITY.severe, (TODAY - 100) as Day),
  operation(OP.REPAIR, (TODAY - 10) as Day, 0),
];

function entriesOf(uscc: Uscc, chain: readonly OpenedEntry[]): Entry[] {
  const key = subjectKeyOf(uscc, 1, SECRET);
  return chain.map((entry) => ({ key, op: entry.op, body: bodyOf(entry.packed, entry.content) }));
}

/** The register of member 1: two batches, of which the second holds the subject's chain. */
export const TREE = new RegisterTree();
const batches: { hash: Hex; root: bigint }[] = [{ hash: `0x${'0'.repeat(64)}`, root: EMPTY_ROOT }];
function anchor(entries: readonly Entry[]): void {
  const seq = batches.length;
  const sorted = sortForBatch(entries);
  const prevRoot = TREE.root();
  const { root } = TREE.append(sorted, seq);
  batches.push({ hash: batchHash(1n, BigInt(seq), prevRoot, root, entriesHash(sorted)), root });
}
anchor(entriesOf(OTHER_SUBJECT, [record(SEVERITY.general, (TODAY - 50) as Day)]));
anchor(entriesOf(SUBJECT, CHAIN));
export const BATCHES: readonly { readonly hash: Hex; readonly root: bigint }[] = batches;

export const APPLICATION = findApplication('procurement-qualification');
export const PREDICATE = findPredicate('procurement-qualification', 'no-severe-default').predicate;

/** What a question to one register is made of; each part can be bent by a test. */
export interface SceneOptions {
  readonly secret?: RegisterSecret;
  readonly seq?: number;
  readonly request?: Partial<Omit<SignedRequestJson, 'signature'>>;
}

export interface Scene {
  readonly answer: CreditAnswer;
  /** What the log stored, consistent with the answer. */
  readonly entry: LogEntryFact;
}

/** Asks, proves with the real circuit, logs and signs: everything as the programs would do it. */
export async function makeScene(options: SceneOptions = {}): Promise<Scene> {
  const secret = options.secret ?? SECRET;
  const seq = options.seq ?? 2;
  const batch = BATCHES[seq];
  if (!batch) throw new Error(`no batch ${seq}`);
  const nonce = (BigInt(word('nonce')) >> 8n) as Nonce;
  const unsigned = {
    requestId: word('request'),
    requester: '3',
    registerId: '1',
    applicationId: APPLICATION.id,
    applicationVersion: 1,
    predicateHash: toBytes32(predicateHashOf(PREDICATE)),
    asOfDay: TODAY as number,
    subjectTag: toBytes32(subjectTagOf(SUBJECT, nonce)),
    grantId: word('grant'),
    expiry: LOG_TIME + 60,
    ...options.request,
  };
  const signature = await OPERATORS.hebei.signTypedData({
    domain: TYPED_DOMAIN,
    types: REQUEST_TYPES,
    primaryType: 'Request',
    message: {
      ...unsigned,
      requester: BigInt(unsigned.requester),
      registerId: BigInt(unsigned.registerId),
      expiry: BigInt(unsigned.expiry),
    },
  });
  const context = contextOf({
    ...DOMAIN,
    registerId: BigInt(unsigned.registerId),
    requestId: unsigned.requestId,
    grantId: unsigned.grantId,
    requester: BigInt(unsigned.requester),
    applicationId: unsigned.applicationId,
    expiry: BigInt(unsigned.expiry),
  });
  const key = subjectKeyOf(SUBJECT, 1, secret);
  const path = TREE.path(key, seq);
  const input = circuitInput({
    size: 8,
    uscc: SUBJECT,
    secret,
    nonce,
    predicate: PREDICATE,
    chain: path.kind === 'member' ? CHAIN : [],
    path,
    root: TREE.root(seq),
    asOfDay: unsigned.asOfDay as Day,
    context,
  });
  const { proof, publicSignals } = await snarkjs.groth16.fullProve(input, CLAIM8.wasm, CLAIM8.zkey);
  const commitment = answerCommitmentOf({
    registerId: 1n,
    batchHash: batch.hash,
    circuitId: CLAIM8.id,
    signals: publicSignals.map(BigInt),
    nonce,
  });
  const answer = buildAnswer({
    request: { ...unsigned, signature },
    register: { id: 1n, owner: 1n, secretCommit: secretCommitOf(SECRET) },
    batchHash: batch.hash,
    seq: BigInt(seq),
    predicate: PREDICATE,
    nonce,
    circuitId: CLAIM8.id,
    proof,
    publicSignals,
    log: {
      contract: CONTRACTS.answerLog,
      logId: 7n,
      transactionHash: word('transaction'),
      blockNumber: LOG_BLOCK,
      time: LOG_TIME,
    },
  });
  const entry: LogEntryFact = {
    requestDigest: requestDigest(DOMAIN, answer.request),
    registerId: 1n,
    batchHash: batch.hash,
    seq: BigInt(seq),
    standing: 'current',
    circuitId: CLAIM8.id,
    answerCommitment: commitment,
    refusalCode: 0,
    time: BigInt(LOG_TIME),
    blockNumber: LOG_BLOCK,
  };
  return { answer: await signAnswer(answer), entry };
}

/** The responder's signature over whatever the document says. */
export async function signAnswer(
  answer: Parameters<typeof documentHash>[0],
  signer: PrivateKeyAccount = OPERATORS.beijing,
): Promise<CreditAnswer> {
  const signature = await signer.signTypedData({
    domain: TYPED_DOMAIN,
    types: ANSWER_TYPES,
    primaryType: 'Answer',
    message: { documentHash: documentHash(answer) },
  });
  return signedAnswer({ ...answer, responder: { member: answer.responder.member } }, signature);
}

/** The state of the chain as far as verification asks; tests change what they are about. */
export interface FakeChain extends ChainFacts {
  entries: Map<bigint, LogEntryFact>;
  registers: Map<bigint, RegisterFact>;
  batches: Map<string, BatchFact>;
  grants: Map<Hex, GrantFact>;
  id: bigint;
  down: boolean;
  operators: Map<bigint, Hex>;
}

export function fakeChain({ answer, entry }: Scene): FakeChain {
  const ask = <T>(value: T): Promise<T> =>
    chain.down ? Promise.reject(new Error('connect ECONNREFUSED')) : Promise.resolve(value);
  const chain: FakeChain = {
    id: CHAIN_ID,
    down: false,
    entries: new Map([[BigInt(answer.log.logId), entry]]),
    registers: new Map([
      [1n, { owner: 1n, secretCommit: secretCommitOf(SECRET), promiseSeconds: PROMISE_SECONDS }],
      [2n, { owner: 2n, secretCommit: secretCommitOf(OTHER_SECRET), promiseSeconds: PROMISE_SECONDS }],
    ]),
    batches: new Map(
      BATCHES.map(({ hash, root }, seq) => [
        `1/${seq}`,
        {
          batchHash: hash,
          root,
          witnessed: true,
          contested: false,
          annulled: false,
          supersededAt: seq === BATCHES.length - 1 ? 0n : BigInt(LOG_TIME - 10_000 + seq),
          lastStoodAt: BigInt(LOG_TIME - 1_000),
        },
      ]),
    ),
    grants: new Map([
      [
        answer.request.grantId,
        {
          grantor: 1n,
          grantee: { kind: 'member', id: 3n },
          applicationId: answer.request.applicationId,
          classes: 0b1110,
          validFrom: BigInt(LOG_TIME - 100),
          validUntil: BigInt(LOG_TIME + 100),
          revokedAt: 0n,
          uses: 1,
        },
      ],
    ]),
    operators: new Map([
      [1n, lower(OPERATORS.beijing.address)],
      [2n, lower(OPERATORS.tianjin.address)],
      [3n, lower(OPERATORS.hebei.address)],
    ]),
    chainId: () => ask(chain.id),
    answerLogAt: () => ask(CONTRACTS.answerLog as Hex | undefined),
    logEntry: (logId) => ask(chain.entries.get(logId)),
    register: (registerId) => ask(chain.registers.get(registerId)),
    registersOf: (memberId) =>
      ask([...chain.registers].filter(([, register]) => register.owner === memberId).map(([id]) => id)),
    batch: (registerId, seq) => ask(chain.batches.get(`${registerId}/${seq}`)),
    operatorAt: (memberId) => ask(chain.operators.get(memberId)),
    circuit: (circuitId) =>
      ask([CLAIM8.id, CLAIM40.id].includes(circuitId) ? { size: 8, fromBlock: 20n, toBlock: 0n } : undefined),
    grant: (grantId) => ask(chain.grants.get(grantId)),
    listedPredicate: (applicationId, version, predicateHash) =>
      ask(
        applicationId === APPLICATION.id && version === 1
          ? {
              listed: predicateHash === toBytes32(predicateHashOf(PREDICATE)),
              circuits: [CLAIM8.id, CLAIM40.id],
              gateway: 'government-sharing' as const,
            }
          : undefined,
      ),
  };
  return chain;
}

/** A checkpoint of the register's latest batch that covers the log entry, as the witnesses would write it. */
export function checkpointOf(scene: Scene, changes: Partial<UnsignedCheckpoint> = {}): UnsignedCheckpoint {
  const { answer, entry } = scene;
  return {
    format: CHECKPOINT_FORMAT,
    chainId: CHAIN_ID.toString(),
    contracts: CONTRACTS,
    registerId: '1',
    owner: '1',
    secretCommit: toBytes32(secretCommitOf(SECRET)),
    seq: answer.seq,
    batchHash: answer.batchHash,
    root: answer.publicSignals[2] ?? toBytes32(0n),
    status: 'witnessed',
    blockNumber: '130',
    time: LOG_TIME + 100,
    lastStoodAt: LOG_TIME - 1_000,
    supersededAt: 0,
    circuitIds: [CLAIM8.id, CLAIM40.id].sort(),
    applicationListHash: word('application list'),
    logEntries: [logEntryHash({ ...entry, logId: BigInt(answer.log.logId) })],
    expiry: NOW + 1_000,
    ...changes,
  };
}

export async function witnessSignature(
  checkpoint: UnsignedCheckpoint,
  name: keyof typeof WITNESSES,
  signer: PrivateKeyAccount = WITNESSES[name],
): Promise<{ member: string; signature: Hex }> {
  const signature = await signer.signTypedData({
    domain: TYPED_DOMAIN,
    types: CHECKPOINT_TYPES,
    primaryType: 'Checkpoint',
    message: { documentHash: checkpointHash(checkpoint) },
  });
  return { member: { beijing: '1', tianjin: '2', hebei: '3' }[name], signature };
}

/** Signed by the witnesses of the two other regions, or by those named. */
export async function witnessed(
  checkpoint: UnsignedCheckpoint,
  ...names: (keyof typeof WITNESSES)[]
): Promise<Checkpoint> {
  const signers = names.length > 0 ? names : (['tianjin', 'hebei'] as const);
  return signedCheckpoint(
    checkpoint,
    await Promise.all(signers.map((name) => witnessSignature(checkpoint, name))),
  );
}

/** What the verifier asked for. */
export const EXPECTED = {
  subject: SUBJECT as string,
  predicate: { application: 'procurement-qualification', predicate: 'no-severe-default' },
  asOfDay: TODAY as number,
  requester: 3,
  registerId: 1,
  authority: 1,
  maxAgeSeconds: 86_400,
  now: NOW,
};
