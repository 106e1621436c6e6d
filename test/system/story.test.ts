import { CATALOGUE, type Uscc } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { bytesToHex, createWalletClient, http } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { RecordStore } from '../../node/src/store/records.ts';
import { askAboutFive, isAsExpected, type Told } from '../../scripts/lib/acts/answers.ts';
import { agenciesOf, companyOf, type Outcome, readerOf } from '../../scripts/lib/acts/play.ts';
import { fillRegisters } from '../../scripts/lib/acts/registers.ts';
import { playProcesses } from '../../scripts/lib/acts/story.ts';
import { ANVIL_MNEMONIC } from '../../scripts/lib/anvil.ts';
import { findPlaintext, type Secret, secretCode, secretText } from '../support/plaintext-scan.ts';
import { type TestPlay, testPlay } from './support/play.ts';
import { type PublicTransaction, readWholeChain, sourcesOf } from './support/whole-chain.ts';

describe('the whole story on fixed dates', function () {
  this.timeout(600_000);
  let told: TestPlay;
  let answers: readonly Told[];
  let outcomes: readonly Outcome[];

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
    let chain: readonly PublicTransaction[];
    let secrets: readonly Secret[];

    before(async () => {
      chain = await readWholeChain(told.play.rpcUrl);
      secrets = await secretsOf(told);
    });

    it('is no name, no code and no text of the run, and no unsalted hash of one', () => {
      expect(chain.length).to.be.greaterThan(40);
      expect(secrets.length).to.be.greaterThan(1_000);
      expect(findPlaintext(sourcesOf(chain), secrets)).to.deep.equal([]);
    });

    it('a text would be found, had it got there (a canary, planted in a transaction of its own)', async () => {
      const company = companyOf(told.play, 'clean');
      const planted = [secretText('name', company.name), secretCode('code', company.uscc as Uscc)];
      const bytes = Buffer.concat(planted.flatMap(({ forms }) => forms.map((form) => form.bytes)));
      const wallet = createWalletClient({
        account: mnemonicToAccount(ANVIL_MNEMONIC),
        transport: http(told.play.rpcUrl),
      });
      const hash = await wallet.sendTransaction({
        to: told.play.deployment.processes.letters,
        data: bytesToHex(bytes),
        gas: 1_000_000n,
        chain: null,
      });
      await readerOf(told.play).waitForTransactionReceipt({ hash });
      const all = await readWholeChain(told.play.rpcUrl);
      const canary = all.filter((transaction) => transaction.hash === hash);
      expect(canary).to.have.length(1);
      const found = new Set(findPlaintext(sourcesOf(canary), secrets).map(({ label }) => label));
      expect([...found].sort()).to.deep.equal(['a company of the cast: code', 'a company of the cast: name']);
    });
  });
});

/** Shorter texts are found by chance: six bytes in every encoding, a Chinese character has two in the shortest. */
function isTelling(text: string): boolean {
  const bytes = [...text].reduce((sum, character) => sum + (character.charCodeAt(0) < 128 ? 1 : 2), 0);
  return bytes >= 6 && new Set(text).size > 1;
}

/**
 * Everything that the nodes know of subjects. Not the members' own names and codes: those are public, in
 * `Consortium.admit`; nor what the catalogue says of everybody.
 */
async function secretsOf({ play, nodes }: TestPlay): Promise<Secret[]> {
  const isPublic = new Set([
    ...agenciesOf(play.cast).flatMap(({ name, creditCode }) => [name, creditCode]),
    ...CATALOGUE.applications.flatMap(({ name, legalBasis }) => [name.zh, legalBasis]),
  ]);
  const [codes, texts] = [new Map<string, string>(), new Map<string, string>()];
  for (const { uscc, name } of play.cast.companies) {
    codes.set(uscc, 'a company of the cast: code');
    texts.set(name, 'a company of the cast: name');
  }
  const note = (to: Map<string, string>, text: string, label: string): void => {
    if (!to.has(text) && !isPublic.has(text)) to.set(text, label);
  };
  for (const { rooms } of nodes) {
    for (const record of await new RecordStore(rooms.db).list({ limit: 10_000 })) {
      note(codes, record.uscc, `code of record ${record.id}`);
      note(texts, record.subjectName, `name of record ${record.id}`);
      note(texts, record.documentNumber, `document number of record ${record.id}`);
      for (const { name, value } of record.fields) note(texts, value, `${name} of record ${record.id}`);
    }
  }
  return [
    ...[...codes].map(([code, label]) => secretCode(label, code as Uscc)),
    ...[...texts].filter(([text]) => isTelling(text)).map(([text, label]) => secretText(label, text)),
  ];
}
