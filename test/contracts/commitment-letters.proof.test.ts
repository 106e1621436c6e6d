import { expect } from 'chai';
import {
  type Context,
  dayAt,
  type Day,
  type Nonce,
  parseUscc,
  SEVERITY,
  subjectTagOf,
  toBytes32,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { id } from 'ethers';
import { endSnarkWorkers } from '../../circuits/tools/snarkjs.ts';
import { LetterStage, type TestClaim } from './support/letters.ts';
import type { TestRequest } from './support/requests.ts';
import { freshProcesses, type ProcessWorld } from './support/processes.ts';
import {
  ELIGIBILITY,
  type Fact,
  listEligibility,
  ProvedRegister,
  REFERENCE_CIRCUIT_8,
  wide,
} from './support/proofs.ts';
import { loadFixture, networkHelpers } from './support/world.ts';

const FINE = 3;
const BROKEN_COMMITMENT = 15;
/** Companies that are made up. */
const HONEST = parseUscc('91110000600037341L');
const BROKEN = parseUscc('91110108MA000ABC2K');

/** In Tianjin: a minor fine, which bars nobody; and a broken commitment that was never repaired. */
const IN_TIANJIN = new Map<Uscc, readonly Fact[]>([
  [HONEST, [{ op: 'RECORD', kind: FINE, severity: SEVERITY.general }]],
  [BROKEN, [{ op: 'RECORD', kind: BROKEN_COMMITMENT, severity: SEVERITY.general }]],
]);
/** In Hebei: nothing about either. */
const IN_HEBEI = new Map<Uscc, readonly Fact[]>();
/** At the second authority of Tianjin: a broken commitment that was repaired. */
const AT_TIANJIN_2 = new Map<Uscc, readonly Fact[]>([
  [
    HONEST,
    [
      { op: 'RECORD', kind: BROKEN_COMMITMENT, severity: SEVERITY.serious },
      { op: 'REPAIR', ref: 0 },
    ],
  ],
]);

interface Staged {
  readonly world: ProcessWorld;
  readonly registers: readonly ProvedRegister[];
}

describe('A promise with real proofs of eligibility', () => {
  let world: ProcessWorld;
  let registers: readonly ProvedRegister[];
  let today: Day;
  before(async () => {
    ({ world, registers } = await loadFixture(stageRegisters));
  });
  after(endSnarkWorkers);
  beforeEach(async () => {
    ({ world, registers } = await loadFixture(stageRegisters));
    today = dayAt(await networkHelpers.time.latest());
  });

  /** A letter about a company, of an item that names the first registers. */
  const informed = async (uscc: Uscc, count: number) => {
    const stage = await LetterStage.with(world, registers.slice(0, count), {}, ELIGIBILITY);
    const letterId = await stage.offer();
    const nonce = wide(`nonce of ${letterId}`) as Nonce;
    await stage.inform(letterId, { subjectTag: toBytes32(subjectTagOf(uscc, nonce)) });
    return { stage, letterId, nonce };
  };

  /** The owner proves its answer to this question. */
  const proved = async (index: number, request: TestRequest, uscc: Uscc, nonce: Nonce) => {
    const context = (await world.answerLog.contextOf(request)) as Context;
    return (registers[index] as ProvedRegister).prove(uscc, nonce, today, context);
  };

  /** The owner logs its answer to this question; the claim that the deciding authority gets. */
  const logged = async (
    stage: LetterStage,
    index: number,
    request: TestRequest,
    { disputed, proof }: { disputed: boolean; proof: TestClaim['proof'] },
  ): Promise<TestClaim> => {
    const { register, batchHash } = registers[index] as ProvedRegister;
    await world.answerLog
      .connect(register.owner.operator)
      .log(request, await stage.signRequest(request), batchHash, REFERENCE_CIRCUIT_8, id('commitment'));
    return { logId: await world.answerLog.logCount(), disputed, proof };
  };

  const answered = async (stage: LetterStage, letterId: bigint, index: number, uscc: Uscc, nonce: Nonce) => {
    const request = await stage.request(letterId, index);
    const answer = await proved(index, request, uscc, nonce);
    return { answer: answer.answer, claim: await logged(stage, index, request, answer) };
  };

  const promise = async (stage: LetterStage, letterId: bigint, claims: TestClaim[]) => {
    const transaction = await stage.letters.makePromise(...(await stage.promiseArguments(letterId, claims)));
    const receipt = await transaction.wait();
    return Number(receipt?.gasUsed ?? 0n);
  };

  it('in one register is accepted, for less than 500,000 gas', async () => {
    const { stage, letterId, nonce } = await informed(HONEST, 1);
    const { answer, claim } = await answered(stage, letterId, 0, HONEST, nonce);
    expect(answer).to.equal(true);
    const gas = await promise(stage, letterId, [claim]);
    expect(await stage.stateOf(letterId)).to.equal('promised');
    expect(gas).to.be.greaterThan(250_000).and.lessThan(500_000);
  });

  it('in three registers, a minor fine, nothing, and a repaired default, is accepted, for less than 1,150,000 gas', async () => {
    const { stage, letterId, nonce } = await informed(HONEST, 3);
    const claims: TestClaim[] = [];
    for (const index of [0, 1, 2]) {
      const { answer, claim } = await answered(stage, letterId, index, HONEST, nonce);
      expect(answer).to.equal(true);
      claims.push(claim);
    }
    const gas = await promise(stage, letterId, claims);
    expect(await stage.stateOf(letterId)).to.equal('promised');
    expect(gas).to.be.greaterThan(750_000).and.lessThan(1_150_000);
  });

  it('is refused to a company with a broken commitment: what is proved is NO', async () => {
    const { stage, letterId, nonce } = await informed(BROKEN, 1);
    const { answer, claim } = await answered(stage, letterId, 0, BROKEN, nonce);
    expect(answer).to.equal(false);
    await expect(promise(stage, letterId, [claim]))
      .to.be.revertedWithCustomError(world.letters, 'ClaimNotProved')
      .withArgs(claim.logId);
    expect(await stage.stateOf(letterId)).to.equal('informed');
  });

  it('is refused with the proof of another company, logged under the letter’s tag or under its own', async () => {
    const { stage, letterId } = await informed(BROKEN, 1);
    const { answerLog, letters } = world;
    // A right proof that the honest company may promise, made for this very request.
    const nonce = wide('nonce of the honest') as Nonce;
    const request = await stage.request(letterId, 0);
    const answer = await proved(0, request, HONEST, nonce);
    expect(answer.answer).to.equal(true);
    const before = await networkHelpers.takeSnapshot();

    const underLetters = await logged(stage, 0, request, answer);
    await expect(promise(stage, letterId, [underLetters]))
      .to.be.revertedWithCustomError(letters, 'ClaimNotProved')
      .withArgs(underLetters.logId);
    await before.restore();

    const subjectTag = toBytes32(subjectTagOf(HONEST, nonce));
    const underOwn = await logged(stage, 0, { ...request, subjectTag }, answer);
    // The proof holds, and says nothing about this letter's subject.
    expect(await answerLog.verifyClaim(underOwn.logId, true, answer.disputed, answer.proof)).to.equal(true);
    await expect(promise(stage, letterId, [underOwn]))
      .to.be.revertedWithCustomError(letters, 'ClaimOfOtherSubject')
      .withArgs(underOwn.logId, request.subjectTag, subjectTag);
    expect(await stage.stateOf(letterId)).to.equal('informed');
  });
});

async function stageRegisters(): Promise<Staged> {
  const world = await freshProcesses();
  await listEligibility(world);
  const today = dayAt(await networkHelpers.time.latest());
  const registers: ProvedRegister[] = [];
  for (const [owner, facts] of [
    [world.tianjin, IN_TIANJIN],
    [world.hebei, IN_HEBEI],
    [world.tianjin2, AT_TIANJIN_2],
  ] as const) {
    registers.push(await ProvedRegister.open(world, owner, today, facts));
  }
  return { world, registers };
}
