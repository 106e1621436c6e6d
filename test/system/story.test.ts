import { creditRegistersAbi } from '@credit-ledger/sdk/chain';
import type { Uscc } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import {
  bytesToHex,
  concat,
  createWalletClient,
  type Hex,
  http,
  toFunctionSelector,
  toHex,
  getAbiItem,
} from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { CHAIN_CLOCK_TOLERANCE_SECONDS } from '../../node/src/clock.ts';
import { askAboutFive, isAsExpected, type Told } from '../../scripts/lib/acts/answers.ts';
import {
  authoritiesOf,
  chainDate,
  chainTime,
  companyOf,
  type Outcome,
  readerOf,
  registerOf,
} from '../../scripts/lib/acts/play.ts';
import { fillRegisters } from '../../scripts/lib/acts/registers.ts';
import { playProcesses } from '../../scripts/lib/acts/story.ts';
import { ANVIL_MNEMONIC } from '../../scripts/lib/anvil.ts';
import {
  type Finding,
  findPlaintext,
  type Secret,
  type Source,
  secretCode,
  secretText,
} from '../support/plaintext-scan.ts';
import { makeTempDir } from '../support/temp.ts';
import { type TestPlay, testPlay } from './support/play.ts';
import { COMPANY_CODE, COMPANY_NAME, entrySecrets, secretsOf } from './support/secrets.ts';
import { keySecretsOf, provokedErrors, writtenBy } from './support/written.ts';
import { walkThrough } from './support/walk-through.ts';
import {
  isTelling,
  type PublicTransaction,
  readWholeChain,
  sharedWords,
  sourcesOf,
  wordsOfAll,
} from './support/whole-chain.ts';

/** Which secrets are where, each once. */
const summary = (findings: readonly Finding[]): string[] => [
  ...new Set(findings.map(({ label, where }) => `${label}: ${where}`)),
];
const APPEND = toFunctionSelector(getAbiItem({ abi: creditRegistersAbi, name: 'append' }));

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

  it('answers about the five companies as the law has it, and every answer verifies', () => {
    expect(answers).to.have.length(5);
    for (const answer of answers) expect(isAsExpected(told.play, answer), answer.role).to.equal(true);
  });

  for (const [name, title] of [
    ['letter-kept', 'sees a commitment letter through to a check that finds it true, both copies verified'],
    ['letter-broken', 'makes a false commitment an entry, and the next answer a NO'],
    ['letter-refused', 'lets nobody promise who cannot prove that it may'],
    ['filing-overdue', 'counts seven working days across the holiday, then records the filing as overdue'],
    ['dispute', 'marks answers while a dispute is open, and corrects the record in one batch'],
    ['repair', 'grants a repair when its time has come, not before: the NO becomes a YES, publicity ends'],
    ['consent', 'lets a bank ask with a company’s consent only, and no longer once it is revoked'],
  ] as const) {
    it(title, () => {
      const found = outcomes.find((each) => each.name === name);
      expect(found?.asExpected, `${found?.act}: ${found?.outcome}`).to.equal(true);
    });
  }

  it('plays every act once, and nothing else', () => {
    expect(outcomes.map(({ name }) => name).sort()).to.deep.equal([
      'consent',
      'dispute',
      'filing-overdue',
      'letter-broken',
      'letter-kept',
      'letter-refused',
      'repair',
    ]);
  });

  describe('and on the chain, for everybody to read,', () => {
    let chain: readonly PublicTransaction[];
    let secrets: readonly Secret[];
    let appends: readonly PublicTransaction[];
    let processes: Readonly<Record<string, readonly PublicTransaction[]>>;

    before(async () => {
      chain = await readWholeChain(told.play.rpcUrl);
      secrets = await secretsOf(told);
      const { deployment } = told.play;
      const sentTo = (address: string): PublicTransaction[] =>
        chain.filter(({ to }) => to === address.toLowerCase());
      appends = sentTo(deployment.registers).filter(({ input }) => input.startsWith(APPEND));
      const { letters, filings, consents, cases } = deployment.processes;
      processes = {
        letters: sentTo(letters),
        filings: sentTo(filings),
        consents: sentTo(consents),
        cases: sentTo(cases),
      };
    });

    /** Sends bytes to a process as anybody could, and gives the transaction as everybody sees it. */
    async function planted(data: Hex): Promise<PublicTransaction> {
      const wallet = createWalletClient({
        account: mnemonicToAccount(ANVIL_MNEMONIC),
        transport: http(told.play.rpcUrl),
      });
      const to = told.play.deployment.processes.letters;
      const hash = await wallet.sendTransaction({ to, data, gas: 1_000_000n, chain: null });
      await readerOf(told.play).waitForTransactionReceipt({ hash });
      const all = await readWholeChain(told.play.rpcUrl);
      const found = all.find((transaction) => transaction.hash === hash);
      if (found === undefined) throw new Error('the canary is not on the chain');
      return found;
    }

    it('is no name, no code and no text of the run, no salt and no nonce, and no unsalted hash of one', () => {
      expect(chain.length).to.be.greaterThan(100);
      expect(secrets.length).to.be.greaterThan(1_000);
      expect(findPlaintext(sourcesOf(chain), secrets)).to.deep.equal([]);
    });

    it('a text would be found, had it got there (a canary, planted in a transaction of its own)', async () => {
      const company = companyOf(told.play, 'clean');
      const forms = [secretText('name', company.name), secretCode('code', company.uscc as Uscc)].flatMap(
        (secret) => secret.forms,
      );
      const canary = await planted(bytesToHex(Buffer.concat(forms.map(({ bytes }) => bytes))));
      const found = findPlaintext(sourcesOf([canary]), secrets);
      expect([...new Set(found.map(({ label }) => label))].sort()).to.deep.equal([
        COMPANY_CODE,
        COMPANY_NAME,
      ]);
      expect(new Set(found.map(({ form }) => form)).size).to.equal(
        new Set(forms.map(({ form }) => form)).size,
      );
    });

    it('no letter, filing, consent or case shares anything with a batch of a register but small numbers', () => {
      expect(appends.length).to.be.greaterThan(5);
      for (const [name, transactions] of Object.entries(processes)) {
        expect(transactions.length, name).to.be.greaterThan(2);
        expect(sharedWords(transactions, appends), name).to.deep.equal([]);
      }
    });

    it('no subject key, no body and no commitment of one, made without a secret, is in a process', async () => {
      const registerIds = await Promise.all(
        authoritiesOf(told.play).map(async (player) => BigInt(await registerOf(player))),
      );
      const wide = [...wordsOfAll(appends)].filter(isTelling);
      expect(wide.length).to.be.greaterThan(500);
      const all = Object.values(processes).flat();
      expect(findPlaintext(sourcesOf(all), entrySecrets(registerIds, wide))).to.deep.equal([]);
    });

    it('nothing links processes of different kinds, though one company was in several', () => {
      const kinds = Object.entries(processes);
      for (const [i, [name, transactions]] of kinds.entries()) {
        for (const [other, others] of kinds.slice(i + 1)) {
          expect(sharedWords(transactions, others), `${name}, ${other}`).to.deep.equal([]);
        }
      }
    });

    it('a subject key in a process would be seen (a canary)', async () => {
      const key = [...wordsOfAll(appends)].find((word) => isTelling(word) && word >> 248n === 0n) ?? 0n;
      const canary = await planted(concat(['0x12345678', toHex(key, { size: 32 })]));
      expect(sharedWords([canary], appends)).to.deep.equal([key]);
      expect(findPlaintext(sourcesOf([canary]), entrySecrets([1n], [key]))).to.not.deep.equal([]);
    });
  });

  describe('and in what the nodes write of themselves', () => {
    let written: readonly Source[];
    let errors: readonly Source[];
    let secrets: readonly Secret[];

    before(async () => {
      // What is left out is of a vocabulary, or six digits that any number may have.
      const known = (await secretsOf(told)).filter(
        ({ label }) => !/^(about|caseType|areaCode) of/.test(label),
      );
      secrets = [...known, ...(await keySecretsOf(told.stage.nodes))];
      errors = await provokedErrors(told);
      written = await writtenBy(told);
    });

    it('(logs to the last detail, metrics, health) is no name, code, text, salt or key of the run', () => {
      expect(written.map(({ where }) => where)).to.include.members(['log of node 0', 'metrics of node 0']);
      expect(written.reduce((bytes, source) => bytes + source.bytes.length, 0)).to.be.greaterThan(100_000);
      expect(summary(findPlaintext(written, secrets))).to.deep.equal([]);
    });

    it('(errors, to every call with a wrong body or a subject that is not there) is none either', () => {
      expect(errors.length).to.be.greaterThan(100);
      expect(summary(findPlaintext(errors, secrets))).to.deep.equal([]);
    });

    it('a secret would be found, had it got there (canaries, logged and answered on purpose)', async () => {
      const [node] = told.nodes;
      const { uscc, name } = companyOf(told.play, 'clean');
      node?.rooms.logger.info({ uscc, name }, 'a canary');
      const found = findPlaintext(await writtenBy(told), secrets).map(({ label }) => label);
      expect(found).to.include.members([COMPANY_CODE, COMPANY_NAME]);
    });
  });

  it('keeps every node on the chain’s time, as far as that was moved', async () => {
    expect(await chainDate(told.play)).to.equal('2026-11-20');
    const chain = await chainTime(told.play);
    for (const { rooms } of told.nodes) {
      const apart = rooms.clock.now().getTime() / 1000 - chain;
      expect(Math.abs(apart)).to.be.below(CHAIN_CLOCK_TOLERANCE_SECONDS + 30);
    }
  });

  it('can be carried on by command, line by line as docs/processes/README.md says', async () => {
    const { path, remove } = await makeTempDir();
    const outcomes = await walkThrough(path, told.play.directory);
    await remove();
    expect(outcomes.get('letter check')).to.deep.include({ state: 'checked-true' });
    expect(outcomes.get('filing supply')).to.deep.include({ state: 'supplied' });
    const { items } = outcomes.get('ask --register') as { items: { answer: boolean }[] };
    expect(items.map(({ answer }) => answer)).to.deep.equal([true]);
  });
});
