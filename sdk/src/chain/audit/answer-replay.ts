import { requestDigest, type SigningDomain, STANDINGS } from '../../answer/index.ts';
import { dayAt, type Hex, predicateHashOf, toBytes32, unpackClause } from '../../protocol/index.ts';
import { encodeAbiParameters, keccak256, parseAbiParameters } from 'viem';
import type { LedgerEvent } from '../events.ts';
import type { Members } from '../members.ts';
import type { RegisterReplay } from './register-replay.ts';
import { codeOf, type Findings } from './report.ts';

type EventNamed<N extends LedgerEvent['name']> = Extract<LedgerEvent, { name: N }>;
type Published = Extract<EventNamed<'ApplicationPublished'>, { contract: 'applications' }>['args'];

const PUBLICATION = parseAbiParameters([
  'PredicateInput[] predicates',
  'struct PredicateInput { bytes32 predicateHash; uint8 class; uint256 clause0; uint256 clause1; bytes32[] circuits; }',
] as const);
const NO_LIST: Hex = `0x${'0'.repeat(64)}`;

/** The application list lived through again: preimages, versions, and the hash over all of it. */
export class ApplicationReplay {
  readonly #findings: Findings;
  readonly #versions = new Map<string, Published>();
  readonly #inForce = new Map<Hex, number>();
  listHash: Hex = NO_LIST;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  publish(args: Published, blockNumber: bigint): void {
    const { applicationId, version, title, legalBasisHash, gateway, historicalDays, predicates } = args;
    for (const { predicateHash, class: ledgerClass, clause0, clause1 } of predicates) {
      this.#findings.examined('applications');
      let hash: Hex | undefined;
      try {
        const first = unpackClause(clause0);
        hash = toBytes32(
          predicateHashOf({
            class: ledgerClass as 1,
            clauses: clause1 === 0n ? [first] : [first, unpackClause(clause1)],
          }),
        );
      } catch (error) {
        codeOf(error);
      }
      this.#findings.demand(
        hash === predicateHash,
        'applications',
        { en: 'A predicate’s hash is not that of its clauses.', zh: '判断条件的哈希与其条款不符。' },
        { applicationId, version, predicateHash, recomputed: hash },
        blockNumber,
      );
    }
    this.#versions.set(`${applicationId}/${version}`, args);
    this.#inForce.set(applicationId, version);
    const [predicatesType] = PUBLICATION;
    this.#roll(
      encodeAbiParameters(
        [...parseAbiParameters('bytes32, uint32, string, bytes32, uint8, bool'), predicatesType],
        [applicationId, version, title, legalBasisHash, gateway, historicalDays, predicates],
      ),
    );
  }

  withdraw(applicationId: Hex, version: number): void {
    this.#inForce.delete(applicationId);
    this.#roll(
      encodeAbiParameters(parseAbiParameters('string, bytes32, uint32'), [
        'withdrawn',
        applicationId,
        version,
      ]),
    );
  }

  #roll(publication: Hex): void {
    this.listHash = keccak256(
      encodeAbiParameters(parseAbiParameters('bytes32, bytes32'), [this.listHash, keccak256(publication)]),
    );
  }

  /** The version in force now, if it is this one. */
  inForce(applicationId: Hex, version: number): Published | undefined {
    return this.#inForce.get(applicationId) === version
      ? this.#versions.get(`${applicationId}/${version}`)
      : undefined;
  }
}

interface Grant {
  readonly terms: Extract<EventNamed<'GrantGiven'>, { contract: 'grants' }>['args'];
  revoked: boolean;
  uses: number;
}

/** Grants and the answer log lived through again. */
export class AnswerReplay {
  readonly #findings: Findings;
  readonly #domain: SigningDomain;
  readonly #members: Members;
  readonly #applications: ApplicationReplay;
  readonly #grants = new Map<Hex, Grant>();
  readonly #requests = new Set<string>();
  readonly #tags = new Map<string, Hex>();
  #logCount = 0n;

  constructor(findings: Findings, domain: SigningDomain, members: Members, applications: ApplicationReplay) {
    this.#findings = findings;
    this.#domain = domain;
    this.#members = members;
    this.#applications = applications;
  }

  get logCount(): bigint {
    return this.#logCount;
  }

  give(terms: Grant['terms'], blockNumber: bigint): void {
    this.#findings.examined('grants');
    const grantor = this.#members.get(terms.grantor);
    this.#findings.demand(
      grantor?.role === 'authority' && grantor.activeAt(blockNumber),
      'grants',
      { en: 'A grant was given by somebody who may not.', zh: '授权由无权者给出。' },
      { grantId: terms.grantId, grantor: terms.grantor },
      blockNumber,
    );
    this.#grants.set(terms.grantId, { terms, revoked: false, uses: 0 });
  }

  revoke(grantId: Hex): void {
    const grant = this.#grants.get(grantId);
    if (grant) grant.revoked = true;
  }

  use(grantId: Hex, requester: bigint, uses: number, time: bigint, blockNumber: bigint): void {
    this.#findings.examined('grants');
    const grant = this.#grants.get(grantId);
    if (grant) grant.uses += 1;
    const member = this.#members.get(requester);
    const good =
      grant !== undefined &&
      !grant.revoked &&
      grant.uses === uses &&
      (grant.terms.maxUses === 0 || uses <= grant.terms.maxUses) &&
      grant.terms.validFrom <= time &&
      time <= grant.terms.validUntil &&
      (grant.terms.granteeKind === 1
        ? grant.terms.grantee === requester
        : grant.terms.grantee === BigInt(member?.region ?? 0));
    this.#findings.demand(
      good,
      'grants',
      { en: 'A grant was used against its terms.', zh: '授权的使用不符合其条款。' },
      { grantId, requester, uses },
      blockNumber,
    );
  }

  refuse(event: EventNamed<'AnswerRefused'>): void {
    this.#entry(event.args.logId, event.args.requestDigest, event.args.request, event.blockNumber);
  }

  log(event: EventNamed<'AnswerLogged'>, register: RegisterReplay | undefined, time: bigint): void {
    const { args, blockNumber } = event;
    const { request, logId } = args;
    this.#entry(logId, args.requestDigest, request, blockNumber);
    const demand = (holds: boolean, en: string, zh: string): void =>
      this.#findings.demand(
        holds,
        'answers',
        { en, zh },
        { logId, registerId: request.registerId },
        blockNumber,
      );

    const standing = register?.standing(args.batchHash, time) ?? 'not-usable';
    demand(
      standing !== 'not-usable',
      'An answer was logged under a root that was not good.',
      '答案登记时所依据的根不可用。',
    );
    demand(
      STANDINGS[args.standing] === standing,
      'The log says of the root what is not so.',
      '日志所记根的状态与实际不符。',
    );

    demand(
      this.#members.get(request.requester)?.activeAt(blockNumber) ?? false,
      'The requester was not an active member.',
      '提问方当时不是有效成员。',
    );
    demand(
      this.#members.get(register?.owner ?? 0n)?.activeAt(blockNumber) ?? false,
      'The register’s owner was not an active member.',
      '登记册所有者当时不是有效成员。',
    );
    demand(request.expiry >= time, 'The question had expired.', '问题当时已过期。');

    const application = this.#applications.inForce(request.applicationId, request.applicationVersion);
    const listed = application?.predicates.find((each) => each.predicateHash === request.predicateHash);
    demand(
      listed !== undefined,
      'The application was not in force, or may not ask this.',
      '应用未生效或不得询问此内容。',
    );
    demand(
      listed?.circuits.includes(args.circuitId) ?? false,
      'The circuit may not answer this.',
      '该电路不得用于回答。',
    );
    const today = dayAt(time);
    const dayAllowed =
      request.asOfDay <= today + 1 &&
      (request.asOfDay + 1 >= today || (application?.historicalDays ?? false));
    demand(dayAllowed, 'The day may not be asked about.', '不得询问该日期。');

    const grant = this.#grants.get(request.grantId);
    demand(
      grant !== undefined &&
        grant.terms.grantor === register?.owner &&
        grant.terms.applicationId === request.applicationId &&
        listed !== undefined &&
        ((grant.terms.classes >> listed.class) & 1) === 1,
      'The grant is not the owner’s, or not for this.',
      '授权并非该所有者给出，或不适用。',
    );

    const tagOf = `${request.requester}/${request.subjectTag}`;
    const earlier = this.#tags.get(tagOf) ?? request.requestId;
    demand(earlier === request.requestId, 'A tag was used for two requests.', '同一标签用于两个请求。');
    this.#tags.set(tagOf, request.requestId);
  }

  #entry(
    logId: bigint,
    digest: Hex,
    request: EventNamed<'AnswerLogged'>['args']['request'],
    blockNumber: bigint,
  ): void {
    this.#findings.examined('answers');
    this.#logCount += 1n;
    const name = `${request.registerId}/${request.grantId}/${request.requestId}`;
    const holds =
      logId === this.#logCount &&
      !this.#requests.has(name) &&
      requestDigest(this.#domain, request) === digest;
    this.#requests.add(name);
    this.#findings.demand(
      holds,
      'answers',
      {
        en: 'The log entry is out of order, answers a request twice, or has another request’s digest.',
        zh: '日志条目顺序有误、重复答复同一请求或请求摘要不符。',
      },
      { logId },
      blockNumber,
    );
  }
}
