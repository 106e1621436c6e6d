import { catalogueHash, circuitIdOf, type Hex, type VerificationKey } from '../../protocol/index.ts';
import { type LedgerDeployment, lowerCase } from '../deployment.ts';
import { type LedgerEvent, ledgerEvents } from '../events.ts';
import { CONTRACT_NAMES } from '../facts.ts';
import { Members } from '../members.ts';
import type { CircuitWithKey } from '../network.ts';
import { asked, LedgerView, type ReadClient } from '../view.ts';
import { AnswerReplay, ApplicationReplay } from './answer-replay.ts';
import { type BatchTerms, RegisterReplay } from './register-replay.ts';
import { type AuditReport, Findings } from './report.ts';

/** How far an audit is; `total` in the same unit as `done`. */
export interface AuditProgress {
  readonly step: 'events' | 'times' | 'replay' | 'state';
  readonly done: number;
  readonly total: number;
}

export interface AuditOptions {
  /** Verification keys that the auditor holds; each circuit in force must be one of them. */
  readonly circuits: readonly CircuitWithKey[];
  /** Up to which block; the latest by default. */
  readonly toBlock?: bigint;
  readonly progress?: (progress: AuditProgress) => void;
}

const AT_ONCE = 50;

/**
 * Replays everything that ever happened on the ledger, from the deployment on, and says what holds.
 * It trusts the chain to hand over its blocks, and nobody else: hashes, roots, rulings, attestations
 * and the conditions of every logged answer are worked out again from the events (protocol §5, §6, §8).
 *
 * Not seen from events, and so not judged here: the signatures that the contracts checked when they
 * were called, and whether what an authority anchored is true.
 * @throws LedgerError CHAIN_UNREACHABLE, CHAIN_EVENT_UNDECODABLE
 */
export async function auditChain(
  client: ReadClient,
  deployment: LedgerDeployment,
  options: AuditOptions,
): Promise<AuditReport> {
  const view = new LedgerView(client, deployment);
  const progress = options.progress ?? ((): void => undefined);
  const fromBlock = BigInt(deployment.deployedAtBlock);
  const toBlock = options.toBlock ?? (await asked(client.getBlockNumber({ cacheTime: 0 })));
  const blocks = Number(toBlock - fromBlock) + 1;
  const events = await ledgerEvents(client, deployment, fromBlock, toBlock, (block) =>
    progress({ step: 'events', done: Number(block - fromBlock) + 1, total: blocks }),
  );
  const times = await blockTimes(client, events, progress);
  const findings = new Findings();
  const replay = new LedgerReplay(findings, await regionsOf(view), {
    chainId: BigInt(await asked(client.getChainId())),
    answerLog: lowerCase(deployment.answerLog),
  });
  events.forEach((event, i) => {
    replay.follow(event, times.get(event.blockNumber) ?? 0n);
    if (i % 200 === 0) progress({ step: 'replay', done: i, total: events.length });
  });
  replay.finish();
  progress({ step: 'replay', done: events.length, total: events.length });
  await compareState(view, replay, findings, toBlock, times, progress);
  await compareRules(view, replay, findings, toBlock, options.circuits);
  return findings.report(fromBlock, toBlock);
}

async function regionsOf(view: LedgerView): Promise<readonly number[]> {
  return asked(view.consortium.read.regions());
}

/** Times of the blocks in which something happened that depends on time. */
async function blockTimes(
  client: ReadClient,
  events: readonly LedgerEvent[],
  progress: (progress: AuditProgress) => void,
): Promise<Map<bigint, bigint>> {
  const timed = new Set(['RegisterOpened', 'BatchAppended', 'AnswerLogged', 'GrantUsed']);
  const numbers = [
    ...new Set(events.filter((event) => timed.has(event.name)).map((event) => event.blockNumber)),
  ];
  const times = new Map<bigint, bigint>();
  for (let i = 0; i < numbers.length; i += AT_ONCE) {
    const some = numbers.slice(i, i + AT_ONCE);
    const blocks = await asked(Promise.all(some.map((blockNumber) => client.getBlock({ blockNumber }))));
    for (const block of blocks) times.set(block.number, block.timestamp);
    progress({ step: 'times', done: times.size, total: numbers.length });
  }
  return times;
}

/** Everything on the ledger, lived through again event by event. */
class LedgerReplay {
  readonly members = new Members();
  readonly registers = new Map<bigint, RegisterReplay>();
  readonly applications: ApplicationReplay;
  readonly answers: AnswerReplay;
  readonly circuits = new Map<Hex, { readonly size: number; readonly verifier: Hex; toBlock?: bigint }>();
  readonly #findings: Findings;
  readonly #regions: readonly number[];
  readonly #secrets = new Set<Hex>();
  #terms: BatchTerms = { quorumRegions: 0, quietSeconds: 0, finalSeconds: 0, graceSeconds: 0 };

  constructor(
    findings: Findings,
    regions: readonly number[],
    domain: { readonly chainId: bigint; readonly answerLog: Hex },
  ) {
    this.#findings = findings;
    this.#regions = regions;
    this.applications = new ApplicationReplay(findings);
    this.answers = new AnswerReplay(findings, domain, this.members, this.applications);
  }

  follow(event: LedgerEvent, time: bigint): void {
    this.members.follow(event);
    switch (event.contract) {
      case 'consortium':
        return this.#followCouncil(event);
      case 'registers':
        return this.#followRegister(event, time);
      case 'applications':
        if (event.name === 'ApplicationPublished') this.applications.publish(event.args, event.blockNumber);
        if (event.name === 'ApplicationWithdrawn') {
          this.applications.withdraw(event.args.applicationId, event.args.version);
        }
        return;
      case 'grants':
        return this.#followGrant(event, time);
      case 'answerLog':
        if (event.name === 'AnswerLogged') {
          this.#requireCircuit(event.args.circuitId, event.blockNumber);
          this.answers.log(event, this.registers.get(event.args.registerId), time);
        }
        if (event.name === 'AnswerRefused') this.answers.refuse(event);
    }
  }

  finish(): void {
    for (const register of this.registers.values()) register.finish();
  }

  #followCouncil(event: Extract<LedgerEvent, { contract: 'consortium' }>): void {
    if (event.name === 'CircuitPutInForce') {
      const { circuitId, size, verifier } = event.args;
      this.circuits.set(circuitId, { size, verifier });
    }
    if (event.name === 'CircuitRetired') {
      const circuit = this.circuits.get(event.args.circuitId);
      if (circuit) circuit.toBlock = event.args.toBlock;
    }
  }

  #requireCircuit(circuitId: Hex, blockNumber: bigint): void {
    const circuit = this.circuits.get(circuitId);
    this.#findings.demand(
      circuit !== undefined && (circuit.toBlock === undefined || blockNumber < circuit.toBlock),
      'answers',
      { en: 'An answer was logged with a circuit that was not in force.', zh: '答案登记时所用电路未生效。' },
      { circuitId },
      blockNumber,
    );
  }

  #followGrant(event: Extract<LedgerEvent, { contract: 'grants' }>, time: bigint): void {
    const { blockNumber } = event;
    if (event.name === 'GrantGiven') this.answers.give(event.args, blockNumber);
    if (event.name === 'GrantRevoked') this.answers.revoke(event.args.grantId);
    if (event.name === 'GrantUsed') {
      const { grantId, requester, uses } = event.args;
      this.answers.use(grantId, requester, uses, time, blockNumber);
    }
  }

  #followRegister(event: Extract<LedgerEvent, { contract: 'registers' }>, time: bigint): void {
    const { blockNumber } = event;
    switch (event.name) {
      case 'ParametersSet':
        this.#terms = event.args;
        return;
      case 'RegisterOpened':
        return this.#open(event, time);
      case 'BatchAppended':
        this.#register(event.args.registerId)?.append({ ...event.args, blockNumber, time }, this.#terms);
        this.#requireActing(this.#register(event.args.registerId)?.owner, 'batches', blockNumber);
        return;
      case 'Heartbeat':
        return this.#register(event.args.registerId)?.heartbeat(
          event.args.root,
          event.args.time,
          blockNumber,
        );
      case 'BatchAttested': {
        const { registerId, batchHash, memberId, region } = event.args;
        this.#requireActing(memberId, 'witnesses', blockNumber, region);
        return this.#register(registerId)?.attest(batchHash, memberId, region, blockNumber);
      }
      case 'BatchObjected': {
        const { registerId, batchHash, memberId } = event.args;
        this.#requireActing(memberId, 'witnesses', blockNumber);
        return this.#register(registerId)?.object(batchHash, memberId, blockNumber);
      }
      case 'BatchRuled':
        return this.#register(event.args.registerId)?.rule(
          Number(event.args.seq),
          event.args.upheld,
          blockNumber,
        );
      case 'RootsAnnulled': {
        const { registerId, fromPosition, headSeq, root } = event.args;
        return this.#register(registerId)?.annul(Number(fromPosition), Number(headSeq), root, blockNumber);
      }
      default:
    }
  }

  #register(id: bigint): RegisterReplay | undefined {
    return this.registers.get(id);
  }

  #open(event: Extract<LedgerEvent, { name: 'RegisterOpened' }>, time: bigint): void {
    const { registerId, owner, secretCommit, promiseSeconds } = event.args;
    const { blockNumber } = event;
    this.#requireActing(owner, 'batches', blockNumber);
    this.#findings.demand(
      registerId === BigInt(this.registers.size + 1) && !this.#secrets.has(secretCommit),
      'batches',
      {
        en: 'A register was opened out of order, or with another’s secret.',
        zh: '登记册编号有误或使用了他人的密钥承诺。',
      },
      { registerId },
      blockNumber,
    );
    this.#secrets.add(secretCommit);
    this.registers.set(
      registerId,
      new RegisterReplay(this.#findings, {
        registerId,
        owner,
        ownerRegion: this.members.get(owner)?.region ?? 0,
        secretCommit,
        promiseSeconds,
        regions: this.#regions,
        blockNumber,
        time,
        terms: this.#terms,
      }),
    );
  }

  /** Only an authority that is active in that block keeps, attests or objects. */
  #requireActing(
    memberId: bigint | undefined,
    check: 'batches' | 'witnesses',
    blockNumber: bigint,
    region?: number,
  ): void {
    const member = memberId === undefined ? undefined : this.members.get(memberId);
    if (check === 'witnesses') this.#findings.examined(check);
    this.#findings.demand(
      member?.role === 'authority' &&
        member.activeAt(blockNumber) &&
        (region === undefined || member.region === region),
      check,
      {
        en: 'Somebody acted who was not an active authority in that block.',
        zh: '操作者在该区块不是有效的机构成员。',
      },
      { memberId },
      blockNumber,
    );
  }
}

/** What the contracts say today against what the replay gives. */
async function compareState(
  view: LedgerView,
  replay: LedgerReplay,
  findings: Findings,
  toBlock: bigint,
  times: ReadonlyMap<bigint, bigint>,
  progress: (progress: AuditProgress) => void,
): Promise<void> {
  const at = { blockNumber: toBlock };
  const now = times.get(toBlock) ?? (await asked(view.client.getBlock({ blockNumber: toBlock }))).timestamp;
  const demand = (holds: boolean, what: string, operands: Record<string, bigint | number | string>): void => {
    findings.examined('state');
    findings.demand(
      holds,
      'state',
      {
        en: `The contract says something else than the replay: ${what}.`,
        zh: `合约状态与重放结果不一致：${what}。`,
      },
      operands,
    );
  };
  const regionIndex = await regionsOf(view);
  demand(
    (await asked(view.registers.read.registerCount(at))) === BigInt(replay.registers.size),
    'registers',
    {},
  );
  demand((await asked(view.answerLog.read.logCount(at))) === replay.answers.logCount, 'log entries', {});
  demand(
    (await asked(view.applications.read.listHash(at))) === replay.applications.listHash,
    'application list',
    {},
  );
  const total = [...replay.registers.values()].reduce((sum, register) => sum + register.all().length, 0);
  let done = 0;
  for (const [id, register] of replay.registers) {
    const said = await asked(view.registers.read.register([id], at));
    const { head } = register;
    demand(
      said.owner === register.owner &&
        said.secretCommit === register.secretCommit &&
        said.root === head.root &&
        said.headSeq === BigInt(head.seq) &&
        said.size === head.totalEntries &&
        said.lastStoodAt === head.stoodAt &&
        said.contested === (register.contestedFrom !== undefined) &&
        said.owedBatches === BigInt(register.owedBatches),
      'register',
      { registerId: id },
    );
    const batches = register.all();
    for (let i = 0; i < batches.length; i += AT_ONCE) {
      const some = batches.slice(i, i + AT_ONCE);
      const views = await asked(
        Promise.all(some.map((batch) => view.registers.read.batch([id, BigInt(batch.seq)], at))),
      );
      some.forEach((batch, k) => {
        const told = views[k];
        const mask = [...batch.regions].reduce(
          (bits, region) => bits | (1 << regionIndex.indexOf(region)),
          0,
        );
        const holds = register.holds(batch);
        demand(
          told?.batchHash === batch.hash &&
            told.newRoot === batch.root &&
            told.annulled === !holds &&
            told.contested === register.contested(batch) &&
            told.witnessed === (holds && register.witnessed(batch, now)) &&
            told.regionsAttested === mask &&
            told.attestations === batch.attestedBy.size,
          'batch',
          { registerId: id, seq: batch.seq },
        );
      });
      done += some.length;
      progress({ step: 'state', done, total });
    }
  }
}

/** The rules in force: contracts, catalogue, circuits. */
async function compareRules(
  view: LedgerView,
  replay: LedgerReplay,
  findings: Findings,
  toBlock: bigint,
  circuits: readonly CircuitWithKey[],
): Promise<void> {
  const at = { blockNumber: toBlock };
  for (const [contract, name] of Object.entries(CONTRACT_NAMES) as [keyof typeof CONTRACT_NAMES, Hex][]) {
    const inForce = lowerCase(await asked(view.consortium.read.contractInForce([name], at)));
    findings.examined('contracts');
    findings.demand(
      inForce === lowerCase(view.deployment[contract]),
      'contracts',
      { en: 'The council has put another contract in force.', zh: '理事会已启用另一合约。' },
      { contract, inForce },
    );
  }
  const [version, hash] = await asked(view.consortium.read.catalogue(at));
  findings.examined('catalogue');
  findings.demand(
    hash === catalogueHash(),
    'catalogue',
    {
      en: 'The catalogue in force is not the one that this program knows.',
      zh: '生效的目录与本程序所知不同。',
    },
    { version, hash },
  );
  const known = new Map(
    circuits.map((circuit) => [circuitIdOf(circuit.name, circuit.size, circuit.verificationKey), circuit]),
  );
  for (const [circuitId, { size, verifier, toBlock: retired }] of replay.circuits) {
    if (retired !== undefined) continue;
    findings.examined('circuits');
    const circuit = known.get(circuitId);
    const code = await asked(view.client.getCode({ address: verifier, ...at }));
    findings.demand(
      circuit !== undefined &&
        circuit.size === size &&
        code !== undefined &&
        holdsKey(code, circuit.verificationKey),
      'circuits',
      {
        en: 'A circuit in force is not one of the auditor’s, or its verifier does not hold its verification key.',
        zh: '生效的电路不在审计方所持之列，或其验证合约未含该验证密钥。',
      },
      { circuitId, size, verifier },
    );
  }
}

/**
 * Whether the verifier's code holds every number of the key. This tells a verifier with another key;
 * it does not prove the code right: for that, compile the verifier from the key and compare.
 */
function holdsKey(code: Hex, key: VerificationKey): boolean {
  const numbers = [
    ...key.vk_alpha_1.slice(0, 2),
    ...[key.vk_beta_2, key.vk_gamma_2, key.vk_delta_2].flatMap((point) => point.slice(0, 2).flat()),
    ...key.IC.flatMap((point) => point.slice(0, 2)),
  ];
  // PUSHn and the constant without leading zero bytes: PUSH1 is 0x60, PUSH32 is 0x7f.
  return numbers.every((number) => {
    const hex = BigInt(number).toString(16);
    const bytes = hex.length % 2 === 0 ? hex : `0${hex}`;
    return code.includes((0x5f + bytes.length / 2).toString(16) + bytes);
  });
}
