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
import { LetterStage } from './support/letters.ts';
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

  /** The owner proves and logs its answer; what the deciding authority gets. */
  const answered = async (stage: LetterStage, letterId: bigint, index: number, uscc: Uscc, nonce: Nonce) => {
    const { answerLog } = world;
    const proved = registers[index] as ProvedRegister;
    const request = await stage.request(letterId, index);
    const context = (await answerLog.contextOf(request)) as Context;
    const { answer, disputed, proof } = await proved.prove(uscc, nonce, today, context);
    await answerLog
      .connect(proved.register.owner.operator)
      .log(
        request,
        await stage.signRequest(request),
        proved.batchHash,
        REFERENCE_CIRCUIT_8,
        id('commitment'),
      );
    const logId = await answerLog.logCount();
    const mutable = {
      a: [...proof.a] as [bigint, bigint],
      b: [[...proof.b[0]], [...proof.b[1]]] as [[bigint, bigint], [bigint, bigint]],
      c: [...proof.c] as [bigint, bigint],
    };
    return { answer, claim: { logId, disputed, proof: mutable } };
  };

  const promise = async (
    stage: LetterStage,
    letterId: bigint,
    claims: Parameters<LetterStage['promiseArguments']>[1],
  ) => {
    const transaction = await stage.letters.makePromise(...(await stage.promiseArguments(letterId, claims)));
    const receipt = await transaction.wait();
    return Number(receipt?.gasUsed ?? 0n);
  };

  it('in one register is accepted, for less than 600,000 gas', async () => {
    const { stage, letterId, nonce } = await informed(HONEST, 1);
    const { answer, claim } = await answered(stage, letterId, 0, HONEST, nonce);
    expect(answer).to.equal(true);
    const gas = await promise(stage, letterId, [claim]);
    expect(await stage.stateOf(letterId)).to.equal('promised');
    expect(gas).to.be.greaterThan(250_000).and.lessThan(600_000);
  });

  it('in three registers, a minor fine, nothing, and a repaired default, is accepted, for less than 1,400,000 gas', async () => {
    const { stage, letterId, nonce } = await informed(HONEST, 3);
    const claims = [];
    for (const index of [0, 1, 2]) {
      const { answer, claim } = await answered(stage, letterId, index, HONEST, nonce);
      expect(answer).to.equal(true);
      claims.push(claim);
    }
    const gas = await promise(stage, letterId, claims);
    expect(await stage.stateOf(letterId)).to.equal('promised');
    expect(gas).to.be.greaterThan(750_000).and.lessThan(1_400_000);
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

  it('is refused with the proof of another company, under its own tag or under the letter’s', async () => {
    const { stage, letterId } = await informed(BROKEN, 1);
    // A right proof that the honest company may promise, for this very request, under a tag of its own.
    const nonce = wide('nonce of the honest') as Nonce;
    const { answer, claim } = await answered(stage, letterId, 0, HONEST, nonce);
    expect(answer).to.equal(true);
    await expect(promise(stage, letterId, [claim]))
      .to.be.revertedWithCustomError(world.letters, 'ClaimNotProved')
      .withArgs(claim.logId);
  });

  it('is refused with a right proof for a tag that is not the letter’s', async () => {
    const { stage, letterId } = await informed(BROKEN, 1);
    const { answerLog, letters } = world;
    const [proved] = registers as [ProvedRegister];
    const nonce = wide('nonce of the honest') as Nonce;
    const subjectTag = toBytes32(subjectTagOf(HONEST, nonce));
    const request = await stage.request(letterId, 0, { subjectTag });
    const context = (await answerLog.contextOf(request)) as Context;
    const { answer, disputed, proof } = await proved.prove(HONEST, nonce, today, context);
    await answerLog
      .connect(proved.register.owner.operator)
      .log(
        request,
        await stage.signRequest(request),
        proved.batchHash,
        REFERENCE_CIRCUIT_8,
        id('commitment'),
      );
    expect(answer).to.equal(true);
    const { a, b, c } = proof;
    const claim = { logId: 1n, disputed, proof: { a, b, c } } as unknown as Awaited<
      ReturnType<LetterStage['claim']>
    >;
    // The proof holds, and says nothing about this letter's subject.
    expect(await answerLog.verifyClaim(1, true, disputed, claim.proof)).to.equal(true);
    await expect(promise(stage, letterId, [claim]))
      .to.be.revertedWithCustomError(letters, 'ClaimOfOtherSubject')
      .withArgs(1, (await letters.letter(letterId)).notice.subjectTag, subjectTag);
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
