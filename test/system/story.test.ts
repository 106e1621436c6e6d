import { CATALOGUE, type Uscc } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { createWalletClient, http } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { RecordStore } from '../../node/src/store/records.ts';
import { askAboutFive, isAsExpected, type Told } from '../../scripts/lib/acts/answers.ts';
import { type Outcome, readerOf } from '../../scripts/lib/acts/play.ts';
import { fillRegisters } from '../../scripts/lib/acts/registers.ts';
import { playProcesses } from '../../scripts/lib/acts/story.ts';
import { ANVIL_MNEMONIC } from '../../scripts/lib/anvil.ts';
import { findNeedles, needlesOfCode, needlesOfText, type Needle } from './support/needles.ts';
import { type TestPlay, testPlay } from './support/play.ts';
import { digitsOf, type PublicTransaction, readWholeChain } from './support/whole-chain.ts';

describe('the whole story on fixed dates', function () {
  this.timeout(600_000);
  let told: TestPlay;
  let answers: readonly Told[];
  let outcomes: readonly Outcome[];
  let chain: readonly PublicTransaction[];

  before(async () => {
    told = await testPlay();
    await fillRegisters(told.play);
    answers = await askAboutFive(told.play);
    outcomes = await playProcesses(told.play);
  });
  after(() => told.dispose());

  function expectOutcome(name: Outcome['name']): void {
    const found = outcomes.find((each) => each.name === name);
    expect(found?.asExpected, `${found?.act}: ${found?.outcome}`).to.equal(true);
  }

  it('answers about the five companies as the law has it, and every answer verifies', () => {
    expect(answers).to.have.length(5);
    for (const answer of answers) expect(isAsExpected(told.play, answer), answer.role).to.equal(true);
  });

  it('lets a bank ask with a company’s consent only, and no longer once it is revoked', () => {
    expectOutcome('consent');
  });

  describe('and on the chain, for everybody to read,', () => {
    let digits: string;
    let needles: readonly Needle[];

    before(async () => {
      chain = await readWholeChain(told.play.rpcUrl);
      digits = chain.map(digitsOf).join('|');
      needles = await needlesOf(told);
    });

    it('is no name, no code and no text of the run, and no unsalted hash of one', () => {
      expect(chain.length).to.be.greaterThan(40);
      expect(needles.length).to.be.greaterThan(10_000);
      expect(findNeedles(digits, needles)).to.deep.equal([]);
    });

    it('a text would be found, had it got there (a canary, planted in a transaction of its own)', async () => {
      const [company] = told.play.cast.companies;
      const secrets = needlesOfText(company?.name ?? '').concat(needlesOfCode((company?.uscc ?? '') as Uscc));
      const wallet = createWalletClient({
        account: mnemonicToAccount(ANVIL_MNEMONIC),
        transport: http(told.play.rpcUrl),
      });
      for (const { digits: planted } of secrets) {
        const hash = await wallet.sendTransaction({
          to: told.play.deployment.processes.letters,
          data: `0x00${planted}`,
          gas: 100_000n,
          chain: null,
        });
        await readerOf(told.play).waitForTransactionReceipt({ hash });
      }
      const after = (await readWholeChain(told.play.rpcUrl)).slice(chain.length);
      expect(secrets.length).to.be.greaterThan(20);
      expect(findNeedles(after.map(digitsOf).join('|'), needles)).to.have.members(
        secrets.map(({ what }) => what),
      );
    });
  });
});

/**
 * Everything that the nodes know of subjects. Not the members' own names and codes: those are public, in
 * `Consortium.admit`; nor what the catalogue says of everybody.
 */
async function needlesOf({ play, nodes }: TestPlay): Promise<Needle[]> {
  const { authorities } = play.cast;
  const isPublic = new Set([
    ...Object.values(authorities).flatMap(({ name, uscc }) => [name, uscc]),
    ...CATALOGUE.applications.flatMap(({ name, legalBasis }) => [name.zh, legalBasis]),
  ]);
  const [codes, texts] = [new Set<string>(), new Set<string>()];
  for (const { rooms } of nodes) {
    for (const record of await new RecordStore(rooms.db).list({ limit: 10_000 })) {
      codes.add(record.uscc);
      texts.add(record.subjectName).add(record.documentNumber);
      for (const { value } of record.fields) texts.add(value);
    }
  }
  for (const { uscc, name } of play.cast.companies) {
    codes.add(uscc);
    texts.add(name);
  }
  return [
    ...[...codes].filter((code) => !isPublic.has(code)).flatMap((code) => needlesOfCode(code as Uscc)),
    ...[...texts].filter((text) => !isPublic.has(text)).flatMap(needlesOfText),
  ];
}
