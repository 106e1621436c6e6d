import { id, keccak256, Wallet } from 'ethers';
import {
  dayAt,
  type Hex,
  itemIdOf,
  ledgerDomain,
  LETTER_TYPES,
  type LetterState,
  LETTER_STATES,
  letterRequestIdOf,
  REQUEST_TYPES,
  templateIdOf,
  toBytes32,
  WITHDRAWAL_TYPES,
} from '@credit-ledger/sdk/protocol';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import { freshProcesses, type ProcessWorld } from './processes.ts';
import { giveGrant, mockProof, type TestRequest } from './requests.ts';
import {
  APPLICATION,
  CIRCUIT_8,
  DAY,
  HOUR,
  loadFixture,
  makeEntries,
  networkHelpers,
  PREDICATE,
  type TestMember,
  TestRegister,
} from './world.ts';

type Hashes7 = [Hex, Hex, Hex, Hex, Hex, Hex, Hex];
type Hashes4 = [Hex, Hex, Hex, Hex];

/** What is told and confirmed by a complete template. */
export const TOLD = Array.from({ length: 7 }, (_, i) => id(`told ${i}`)) as Hashes7;
export const CONFIRMED = Array.from({ length: 4 }, (_, i) => id(`confirmed ${i}`)) as Hashes4;
export const SLUG = 'opening-a-warehouse';
export const CHECK = { none: 0, exempt: 1, routine: 2, onSite: 3 } as const;
export const OUTCOME = { none: 0, terminated: 1, rectification: 2, revoked: 3 } as const;
export const REASON = { none: 0, declined: 1, notEligible: 2 } as const;
export const PUBLIC = { none: 0, publicInterest: 1 } as const;

/** An item as the contract takes it. */
export interface TestItem {
  title: string;
  legalBasis: string;
  touchesStateSecurity: boolean;
  touchesPublicSafety: boolean;
  touchesLifeOrHealth: boolean;
  registers: bigint[];
  claimMaxAgeSeconds: number;
  publicReason: number;
}

/** What a letter is, as the contract takes it. */
export interface TestNotice {
  subjectTag: string;
  applicant: string;
  documentHash: string;
  publicScopeHash: string;
  publicUntil: number;
  promiseBy: number;
  drawId: bigint;
}

/** A claim as `makePromise` takes it. */
export interface TestClaim {
  logId: bigint;
  disputed: boolean;
  proof: ReturnType<typeof mockProof>;
}

/** An item that every check accepts, with these changes. */
export function makeItem(registers: readonly bigint[], changes: Partial<TestItem> = {}): TestItem {
  return {
    title: '设立仓储经营场所',
    legalBasis: '示例市告知承诺事项清单（2021年版）第一项',
    touchesStateSecurity: false,
    touchesPublicSafety: false,
    touchesLifeOrHealth: false,
    registers: [...registers],
    claimMaxAgeSeconds: DAY,
    publicReason: PUBLIC.none,
    ...changes,
  };
}

/** A register that was witnessed, and the grant of its owner to the deciding authority. */
export interface AskedRegister {
  readonly register: TestRegister;
  readonly batchHash: Hex;
  readonly grantId: string;
}

/**
 * The Beijing authority decides an item that names registers of others, with eligibility set and a template published:
 * letters can be brought to any state from here.
 */
export class LetterStage {
  readonly world: ProcessWorld;
  readonly asked: readonly AskedRegister[];
  readonly itemId: Hex;
  readonly templateId: Hex;
  readonly #applicants = new Map<bigint, Wallet>();
  #count = 0;

  private constructor(world: ProcessWorld, asked: readonly AskedRegister[]) {
    this.world = world;
    this.asked = asked;
    this.itemId = itemIdOf(world.beijing.id, SLUG);
    this.templateId = templateIdOf(this.itemId, TOLD, CONFIRMED);
  }

  /** @param count how many registers the item names: 1 to 3 */
  static async prepare(
    world: ProcessWorld,
    count = 1,
    item: Partial<TestItem> = {},
    predicate: { application: string; predicate: string } = {
      application: APPLICATION,
      predicate: PREDICATE,
    },
  ): Promise<LetterStage> {
    const asked: AskedRegister[] = [];
    for (const owner of [world.tianjin, world.hebei, world.tianjin2].slice(0, count)) {
      const register = await TestRegister.open(world, owner);
      const { batchHash } = await register.appendWitnessed(makeEntries(3, Number(owner.id)));
      const grantId = await giveGrant(
        world,
        { grantee: world.beijing.id, applicationId: predicate.application },
        owner,
      );
      asked.push({ register, batchHash, grantId });
    }
    return LetterStage.with(world, asked, item, predicate);
  }

  /** Sets eligibility, and publishes an item that names these registers, and a template of it. */
  static async with(
    world: ProcessWorld,
    asked: readonly AskedRegister[],
    item: Partial<TestItem>,
    predicate: { application: string; predicate: string },
  ): Promise<LetterStage> {
    const stage = new LetterStage(world, asked);
    await world.council(world.items, 'setEligibility', predicate.application, predicate.predicate);
    await stage.publish(item);
    await world.items.connect(world.beijing.operator).publishTemplate(stage.itemId, TOLD, CONFIRMED);
    return stage;
  }

  /** The deciding authority. */
  get authority(): TestMember {
    return this.world.beijing;
  }

  /** The deciding authority's letters. */
  get letters() {
    return this.world.letters.connect(this.authority.operator);
  }

  /** Publishes a version of the item. */
  async publish(changes: Partial<TestItem> = {}): Promise<void> {
    const input = makeItem(
      this.asked.map(({ register }) => register.id),
      changes,
    );
    await this.world.items.connect(this.authority.operator).publishItem(SLUG, input);
  }

  async offer(): Promise<bigint> {
    const version = await this.world.items.versionInForce(this.itemId);
    await this.letters.offer(this.itemId, version, this.templateId);
    return this.world.letters.letterCount();
  }

  /** An item of another authority that names the first register, with a template, and a letter of it. */
  async offerOf(member: TestMember): Promise<bigint> {
    const { items, letters } = this.world;
    const itemId = itemIdOf(member.id, SLUG);
    await items.connect(member.operator).publishItem(SLUG, makeItem([1n]));
    await items.connect(member.operator).publishTemplate(itemId, TOLD, CONFIRMED);
    await letters.connect(member.operator).offer(itemId, 1, templateIdOf(itemId, TOLD, CONFIRMED));
    return letters.letterCount();
  }

  /** A key that nobody has used. */
  freshApplicant(): Wallet {
    this.#count += 1;
    return new Wallet(id(`applicant ${this.#count}`));
  }

  /** A notice that every check accepts, with these changes. */
  async notice(changes: Partial<TestNotice> = {}): Promise<TestNotice> {
    this.#count += 1;
    return {
      subjectTag: toBytes32(7_000n + BigInt(this.#count)),
      applicant: new Wallet(id(`applicant ${this.#count}`)).address,
      documentHash: id(`document ${this.#count}`),
      publicScopeHash: toBytes32(0n),
      publicUntil: 0,
      promiseBy: (await networkHelpers.time.latest()) + 10 * DAY,
      drawId: 0n,
      ...changes,
    };
  }

  /** Informs a fresh applicant, whose key it keeps. */
  async inform(letterId: bigint, changes: Partial<TestNotice> = {}): Promise<void> {
    const applicant = this.freshApplicant();
    await this.letters.inform(letterId, await this.notice({ applicant: applicant.address, ...changes }));
    this.#applicants.set(letterId, applicant);
  }

  /** The key of the applicant whom `inform` made up. */
  applicantOf(letterId: bigint): Wallet {
    const applicant = this.#applicants.get(letterId);
    if (!applicant) throw new Error(`nobody was informed of letter ${letterId}`);
    return applicant;
  }

  async domain(): Promise<ReturnType<typeof ledgerDomain>> {
    return ledgerDomain(31_337n, (await this.world.letters.getAddress()) as Hex);
  }

  /** What both copies of a letter sign, as it stands. */
  async message(letterId: bigint): Promise<Record<string, unknown>> {
    const { authority, itemId, itemVersion, templateId, notice } = await this.world.letters.letter(letterId);
    const { subjectTag, applicant, documentHash, publicScopeHash, publicUntil, drawId } = notice;
    return {
      letterId,
      authority,
      itemId,
      itemVersion,
      templateId,
      subjectTag,
      applicant,
      documentHash,
      publicScopeHash,
      publicUntil,
      drawId,
    };
  }

  /** A copy of a letter as it stands, signed by this key. */
  async sign(letterId: bigint, signer: Wallet | HardhatEthersSigner): Promise<string> {
    return signer.signTypedData(
      await this.domain(),
      { Letter: [...LETTER_TYPES.Letter] },
      await this.message(letterId),
    );
  }

  async signWithdrawal(letterId: bigint, reasonHash: string, signer: Wallet): Promise<string> {
    return signer.signTypedData(
      await this.domain(),
      { Withdrawal: [...WITHDRAWAL_TYPES.Withdrawal] },
      { letterId, reasonHash },
    );
  }

  /** A question about the letter's subject in one of its registers, with these changes. */
  async request(letterId: bigint, index = 0, changes: Partial<TestRequest> = {}): Promise<TestRequest> {
    const { notice, applicationId, predicateHash } = await this.world.letters.letter(letterId);
    const time = await networkHelpers.time.latest();
    const asked = this.#askedAt(index);
    return {
      requestId: letterRequestIdOf(31_337n, (await this.world.letters.getAddress()) as Hex, letterId),
      requester: this.authority.id,
      registerId: asked.register.id,
      applicationId,
      applicationVersion: 1,
      predicateHash,
      asOfDay: dayAt(time),
      subjectTag: notice.subjectTag,
      grantId: asked.grantId,
      expiry: BigInt(time + HOUR),
      ...changes,
    };
  }

  /** Has a register's owner log its answer, and gives the claim of it: YES, undisputed, and rightly proved, unless said. */
  async claim(
    letterId: bigint,
    index = 0,
    changes: Partial<TestRequest> = {},
    options: {
      signer?: HardhatEthersSigner;
      answer?: boolean;
      disputed?: boolean;
      batchHash?: Hex;
    } = {},
  ): Promise<TestClaim> {
    const { answerLog, registers } = this.world;
    const { register, batchHash } = this.#askedAt(index);
    const request = await this.request(letterId, index, changes);
    const signature = await this.signRequest(request, options.signer);
    const log = answerLog.connect(register.owner.operator);
    await log.log(request, signature, options.batchHash ?? batchHash, CIRCUIT_8, id('commitment'));
    const { root, secretCommit } = await registers.register(register.id);
    const disputed = options.disputed ?? false;
    const signals = [
      options.answer === false ? 0n : 1n,
      disputed ? 1n : 0n,
      BigInt(root),
      BigInt(secretCommit),
      BigInt(request.subjectTag),
      BigInt(request.predicateHash),
      BigInt(request.asOfDay),
      await answerLog.contextOf(request),
    ];
    return { logId: await answerLog.logCount(), disputed, proof: mockProof(signals) };
  }

  async signRequest(
    request: TestRequest,
    signer: HardhatEthersSigner = this.authority.operator,
  ): Promise<string> {
    const domain = ledgerDomain(31_337n, (await this.world.answerLog.getAddress()) as Hex);
    return signer.signTypedData(domain, { Request: [...REQUEST_TYPES.Request] }, request);
  }

  /** A right claim for each register of the item. */
  async claims(letterId: bigint): Promise<TestClaim[]> {
    const claims: TestClaim[] = [];
    for (const index of this.asked.keys()) claims.push(await this.claim(letterId, index));
    return claims;
  }

  /** What a right promise is made with. */
  async promiseArguments(
    letterId: bigint,
    claims?: TestClaim[],
  ): Promise<[bigint, string, string, TestClaim[]]> {
    return [
      letterId,
      await this.sign(letterId, this.applicantOf(letterId)),
      await this.sign(letterId, this.authority.operator),
      claims ?? (await this.claims(letterId)),
    ];
  }

  /** Brings a letter up to the promise; its id, and the hash of the applicant's copy. */
  async promised(changes: Partial<TestNotice> = {}): Promise<{ letterId: bigint; applicantCopy: Hex }> {
    const letterId = await this.offer();
    await this.inform(letterId, changes);
    const promise = await this.promiseArguments(letterId);
    await this.letters.makePromise(...promise);
    return { letterId, applicantCopy: keccak256(promise[1]) as Hex };
  }

  /** Brings a letter to a state on the shortest way. */
  async reach(state: LetterState): Promise<bigint> {
    if (state === 'none') return (await this.world.letters.letterCount()) + 1n;
    const letterId = await this.offer();
    if (state === 'offered') return letterId;
    if (state === 'refused') {
      await this.letters.refuse(letterId, REASON.declined);
      return letterId;
    }
    await this.inform(letterId);
    if (state === 'informed') return letterId;
    if (state === 'terminated') {
      await this.letters.terminate(letterId, id('reason'));
      return letterId;
    }
    await this.letters.makePromise(...(await this.promiseArguments(letterId)));
    if (state === 'promised') return letterId;
    if (state === 'withdrawn') {
      await this.withdraw(letterId);
      return letterId;
    }
    await this.letters.decide(letterId, id('decision'), CHECK.routine, await this.daysAhead(10));
    if (state === 'decided') return letterId;
    await (state === 'checked-true' ? this.findKept(letterId) : this.findBroken(letterId));
    return letterId;
  }

  /** The applicant withdraws; the requester relays it. */
  async withdraw(letterId: bigint, relay: HardhatEthersSigner = this.world.requester.operator) {
    const signature = await this.signWithdrawal(letterId, id('reason'), this.applicantOf(letterId));
    return this.world.letters.connect(relay).withdraw(letterId, id('reason'), signature);
  }

  findKept(letterId: bigint) {
    return this.letters.check(letterId, true, id('finding'), OUTCOME.none, toBytes32(0n), toBytes32(0n));
  }

  findBroken(letterId: bigint) {
    return this.letters.check(letterId, false, id('finding'), OUTCOME.revoked, id('law'), id('entry'));
  }

  async stateOf(letterId: bigint): Promise<LetterState> {
    const { state } = await this.world.letters.letter(letterId);
    return LETTER_STATES[Number(state)] as LetterState;
  }

  async daysAhead(days: number): Promise<number> {
    return dayAt(await networkHelpers.time.latest()) + days;
  }

  #askedAt(index: number): AskedRegister {
    const asked = this.asked[index];
    if (!asked) throw new Error(`the item names no register ${index}`);
    return asked;
  }
}

/** Restores a world in which letters can be offered; the first call makes it. */
export function freshLetters(): Promise<LetterStage> {
  return loadFixture(prepareLetters);
}

async function prepareLetters(): Promise<LetterStage> {
  return LetterStage.prepare(await freshProcesses());
}

/** Every error of the letters' interface, by the test file that provokes it. */
export const LETTER_ERRORS = {
  steps: ['NotInForce', 'UnknownLetter', 'NotDecidingAuthority', 'WrongState'],
  notice: [
    'NotAnAuthority',
    'NotItemOwner',
    'ItemNotInForce',
    'TemplateOfOtherItem',
    'EligibilityNotSet',
    'InvalidTag',
    'TagUsed',
    'InvalidApplicant',
    'ApplicantKeyUsed',
    'InvalidHash',
    'InvalidPublication',
    'InvalidPromiseBy',
  ],
  promise: [
    'PromiseTooLate',
    'WrongAgencySignature',
    'WrongClaimCount',
    'ClaimOfOtherRegister',
    'ClaimOfOtherLetter',
    'ClaimOfOtherRequester',
    'ClaimOfOtherSubject',
    'ClaimOfOtherApplication',
    'ClaimOfOtherPredicate',
    'ClaimOfOtherDay',
    'ClaimTooOld',
    'ClaimNotProved',
  ],
  end: [
    'WrongApplicantSignature',
    'RefusalReasonMissing',
    'InvalidCheck',
    'InvalidOutcome',
    'LegalBasisMissing',
    'EntryMissing',
  ],
  draws: [
    'InvalidRate',
    'InvalidDrawPeriod',
    'InvalidSeedCommit',
    'UnknownDraw',
    'NotDrawOwner',
    'DrawClosed',
    'DrawStillOpen',
    'DrawAlreadyRevealed',
    'RevealTooLate',
    'WrongSeed',
  ],
} as const;
