import { createHash, randomBytes } from 'node:crypto';
import { creditCasesAbi, subjectConsentsAbi, voluntaryPledgesAbi } from '@credit-ledger/sdk/chain';
import {
  bindingCommitOf,
  type EntryBody,
  entryCommitmentOf,
  H1,
  type Hex,
  keccakHex,
  LEDGER_CLASS,
  ledgerDomain,
  makeCaseDecision,
  makeCaseDocument,
  OP,
  PLEDGE_KIND,
  PLEDGE_TYPES,
  PLEDGE_WITHDRAWAL_TYPES,
  randomNonce,
  randomSalt256,
  type RegisterSecret,
  saltedHash,
  secretCommitOf,
  type SubjectKey,
  subjectKeyOf,
  subjectTagOf,
  toBytes32,
  type Uscc,
  usccNumber,
  wordHex,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { id, toUtf8Bytes } from 'ethers';
import { company } from '../sdk/support/companies.ts';
import {
  bytesOfHex,
  findPlaintext,
  type Secret,
  secretCode,
  secretText,
  secretWord,
} from '../support/plaintext-scan.ts';
import { coverYears } from './support/calendar.ts';
import { CHAIN_ID, Consenting } from './support/consenting.ts';
import { caseStateNumber, caseTypeNumber, RULES, today } from './support/docket.ts';
import type { ProcessWorld } from './support/processes.ts';
import { sourcesOf, trafficFrom, trafficOf, widestWords } from './support/traffic.ts';
import { ethers, TestRegister } from './support/world.ts';

const USCC = company(31_415);
const NAME = '北京样例机电设备有限公司';
const GROUNDS = '处罚决定所载金额与缴款凭证不符，请予核实更正。';
const REASONS = '经核实，原记录金额登记有误，予以更正。';
const PLEDGED = '我单位承诺依法诚信经营，保证产品质量。';
const DOCUMENT_NUMBER = '京海市监罚〔2021〕0042号';
const SECRETS: readonly Secret[] = [
  secretCode('the credit code', USCC),
  secretText('the name', NAME),
  secretText('the grounds', GROUNDS),
  secretText('the reasons', REASONS),
  secretText('the pledge', PLEDGED),
  secretText('the document’s number', DOCUMENT_NUMBER),
];
const ABIS = [subjectConsentsAbi, creditCasesAbi, voluntaryPledgesAbi];

describe('What consents, cases and pledges leave on the chain', () => {
  it('the search finds each form that is planted, wherever it stands, and nothing in noise', () => {
    const noise = (length: number): Uint8Array => randomBytes(length);
    for (const { label, forms } of SECRETS) {
      for (const { form, bytes } of forms) {
        const before = noise(37);
        const planted = Buffer.concat([before, bytes, noise(11)]);
        const findings = findPlaintext([{ where: 'planted', bytes: planted }], SECRETS);
        expect(
          findings.some((found) => found.label === label && found.form === form && found.at === 37),
          `${label}, ${form}`,
        ).to.equal(true);
      }
    }
    expect(findPlaintext([{ where: 'noise', bytes: noise(100_000) }], SECRETS)).to.deep.equal([]);
    expect(() => secretText('two letters', 'ab')).to.throw('too short');
    expect(() => secretWord('a small number', 7n)).to.throw('everywhere');
  });

  it('is no code, no name, no text and no unsalted hash of one, in any calldata or event of a whole run', async () => {
    const run = await Run.start();
    await run.everything();
    const traffic = await trafficFrom(run.firstBlock);
    expect(findPlaintext(sourcesOf(traffic), SECRETS)).to.deep.equal([]);
    // All of it was there to be searched: every transaction of the interfaces was sent, every event told.
    const selectors = new Set(traffic.calls.map(({ data }) => data.slice(0, 10)));
    const topics = new Set(traffic.events.map(({ topics }) => topics[0]));
    for (const contract of [run.world.consents, run.world.cases, run.world.pledges]) {
      contract.interface.forEachEvent(({ name, topicHash }) => {
        if (name === 'EIP712DomainChanged') return;
        expect(topics.has(topicHash), name).to.equal(true);
      });
      contract.interface.forEachFunction(({ name, selector, stateMutability }) => {
        // The council's calls and the log's are made by contracts: their events show that they were.
        const inner = ['setRules', 'setSuperior', 'consume'].includes(name);
        if (stateMutability !== 'nonpayable' || inner) return;
        expect(selectors.has(selector), name).to.equal(true);
      });
    }
    expect(ABIS.flatMap((abi) => abi.filter(({ type }) => type === 'event')).length).to.be.greaterThan(15);
  });

  it('leads to no subject key: nothing but small numbers is both in it and in the registers’ traffic', async () => {
    const run = await Run.start();
    await run.everything();
    const { world } = run;
    const traffic = await trafficFrom(0);
    const addresses = async (contracts: readonly { getAddress(): Promise<string> }[]): Promise<string[]> =>
      Promise.all(contracts.map((contract) => contract.getAddress()));
    const processes = trafficOf(traffic, await addresses([world.consents, world.cases, world.pledges]));
    const registers = trafficOf(traffic, await addresses([world.registers]));
    const keys = Object.values(LEDGER_CLASS).map((ledgerClass) =>
      secretWord(`the key of class ${ledgerClass}`, subjectKeyOf(USCC, ledgerClass, run.secret)),
    );
    // The key is there to be found, in the register’s own batches.
    expect(findPlaintext(sourcesOf(registers), keys)).to.not.deep.equal([]);
    expect(findPlaintext(sourcesOf(processes), keys)).to.deep.equal([]);
    const shared = [...widestWords(registers)].filter((word) => widestWords(processes).has(word));
    expect(shared).to.deep.equal([]);
    // Nor does anything that a register or an answer says name the key that consents.
    const elsewhere = trafficOf(traffic, await addresses([world.registers, world.answerLog]));
    const subject = {
      label: 'the subject’s key',
      forms: [{ form: 'address', bytes: bytesOfHex(run.subject) }],
    };
    expect(findPlaintext(sourcesOf(elsewhere), [subject])).to.deep.equal([]);
  });

  it('would be found by this test if somebody forgot a salt', async () => {
    const run = await Run.start();
    const { world, consenting } = run;
    const [, another] = world.spare;
    if (!another) throw new Error('too few accounts');
    const code = toUtf8Bytes(USCC);
    const sm3 = (text: string): string => `0x${createHash('sm3').update(text).digest('hex')}`;
    const sha256 = (text: string): string => `0x${createHash('sha256').update(text).digest('hex')}`;
    const careless: [string, string, () => Promise<unknown>][] = [
      [
        'the credit code',
        'keccak of abi.encode("credit-ledger/binding", code, 0), first half',
        () => consenting.bind(world.beijing, another, bindingCommitOf(USCC, wordHex(0n))),
      ],
      ['the credit code', 'keccak-256 of UTF-8, first half', () => run.file('dispute', keccakHex(code))],
      [
        'the credit code',
        'Poseidon H1 of the number, first half',
        () => run.file('dispute', toBytes32(H1(usccNumber(USCC)))),
      ],
      ['the credit code', 'SM3 of UTF-8, second half', () => run.file('repair', sm3(USCC))],
      ['the name', 'SHA-256 of UTF-8, first half', () => run.file('repair', sha256(NAME))],
    ];
    for (const [label, form, act] of careless) {
      const from = (await ethers.provider.getBlockNumber()) + 1;
      await act();
      const findings = findPlaintext(sourcesOf(await trafficFrom(from)), SECRETS);
      const found = findings.map((finding) => `${finding.label}, ${finding.form}`);
      expect(found, form).to.include(`${label}, ${form}`);
      // In what was sent and in what was told.
      expect(new Set(findings.map(({ where }) => where.split(' ')[0]))).to.deep.equal(
        new Set(['call', 'event']),
      );
    }
  });
});

/** A company goes through every step of the three contracts, with documents as the nodes make them. */
class Run {
  readonly world: ProcessWorld;
  readonly consenting: Consenting;
  readonly firstBlock: number;
  /** Of Hebei’s register, which holds entries about the company. */
  readonly secret: RegisterSecret;
  readonly #registerId: bigint;

  private constructor(
    consenting: Consenting,
    firstBlock: number,
    secret: RegisterSecret,
    registerId: bigint,
  ) {
    this.world = consenting.world;
    this.consenting = consenting;
    this.firstBlock = firstBlock;
    this.secret = secret;
    this.#registerId = registerId;
  }

  static async start(): Promise<Run> {
    const consenting = await Consenting.fresh();
    const firstBlock = (await ethers.provider.getBlockNumber()) + 1;
    const { world } = consenting;
    const { cases, hebei, tianjin } = world;
    await coverYears(world, 2020, 2021);
    await world.decide(
      await world.call(cases, 'setRules', [RULES]),
      await world.call(cases, 'setSuperior', [hebei.id, tianjin.id]),
    );
    const secret = 0x5ec2e7_0123_4567_89ab_cdef_5ec2e7_0123_4567_89ab_cdefn as RegisterSecret;
    const register = await TestRegister.open(world, hebei, toBytes32(secretCommitOf(secret)));
    await register.appendWitnessed(
      [OP.RECORD, OP.DISPUTE].map((op, i) => ({
        key: subjectKeyOf(USCC, LEDGER_CLASS.adverse, secret) as SubjectKey,
        op,
        body: (BigInt(id(`body ${i}`)) >> 8n) as EntryBody,
      })),
    );
    return new Run(consenting, firstBlock, secret, register.id);
  }

  get subject(): Hex {
    return this.#key(5).address as Hex;
  }

  async everything(): Promise<void> {
    await this.#consents();
    await this.#cases();
    await this.#pledges();
  }

  async file(caseType: 'dispute' | 'repair', documentHash: string): Promise<bigint> {
    const { cases, requester } = this.world;
    await cases.connect(requester.operator).file(caseTypeNumber(caseType), this.#registerId, documentHash);
    return cases.caseCount();
  }

  /** A key is bound, consents, asks to be asked, takes back, and is given up. */
  async #consents(): Promise<void> {
    const { consenting, world } = this;
    const { consents, beijing, stranger } = world;
    const subject = this.#key(5);
    await consenting.bind(beijing, subject, bindingCommitOf(USCC, `0x${randomSalt256()}`));
    const bindingId = await consents.bindingCount();
    const salt = `0x${randomSalt256()}` as const;
    const consentId = await consenting.give({ bindingId, salt }, subject);
    const { request, digest } = await consenting.question({
      subjectTag: toBytes32(subjectTagOf(USCC, randomNonce())),
    });
    await consenting.cite(consentId, digest);
    await consenting.asking.log(request);
    await consents.connect(stranger).revoke(consentId, await consenting.signRevocation(consentId, subject));
    await consents
      .connect(stranger)
      .endBindingBySubject(bindingId, await consenting.signBindingEnd(subject, bindingId));
    await consenting.bind(beijing, this.#key(6), bindingCommitOf(USCC, `0x${randomSalt256()}`));
    await consents.connect(beijing.operator).endBinding(await consents.bindingCount());
  }

  async #cases(): Promise<void> {
    const { cases, hebei, tianjin, requester, stranger } = this.world;
    const source = cases.connect(hebei.operator);
    const filed = async (caseType: 'dispute' | 'repair') => {
      const caseId = await this.file(caseType, saltedHash(this.#document(caseType)));
      await source.acknowledge(caseId);
      return caseId;
    };
    const decision = (outcome: 'corrected' | 'granted' | 'denied'): string =>
      saltedHash(
        makeCaseDecision({
          documentHash: wordHex(1n),
          filedBy: String(requester.id),
          decidedBy: String(hebei.id),
          outcome,
          date: '2021-01-04',
          reasons: REASONS,
        }),
      );
    const entry = (): Hex =>
      entryCommitmentOf(`0x${randomSalt256()}`, this.#registerId, 12_345n as EntryBody);
    await source.decideDispute(
      await filed('dispute'),
      caseStateNumber('corrected'),
      decision('corrected'),
      entry(),
    );
    await source.decideRepair(await filed('repair'), true, decision('granted'), entry());
    const granted = await filed('repair');
    await cases.connect(tianjin.operator).decideRepair(granted, true, decision('granted'), wordHex(0n));
    await source.carryOut(granted, entry());
    await source.dismiss(await filed('repair'), 7);
    await cases.connect(requester.operator).withdraw(await filed('dispute'));
    const late = await filed('dispute');
    await ethers.provider.send('evm_increaseTime', [60 * 86_400]);
    await cases.connect(stranger).markOverdue(late);
  }

  async #pledges(): Promise<void> {
    const { pledges, association, beijing, stranger } = this.world;
    const pledger = this.#key(7);
    const domain = ledgerDomain(CHAIN_ID, (await pledges.getAddress()) as Hex);
    const salted = (said: object): Hex => saltedHash({ salt: randomSalt256(), ...said });
    const terms = {
      association: association.id,
      kind: PLEDGE_KIND.productQuality,
      documentHash: salted({ uscc: USCC, name: NAME, text: PLEDGED }),
      scopeHash: salted({ scope: '本会网站' }),
      publicUntil: (await today()) + 365,
    };
    const signature = await pledger.signTypedData(domain, { Pledge: [...PLEDGE_TYPES.Pledge] }, terms);
    await pledges
      .connect(association.operator)
      .publish(terms.kind, pledger, terms.documentHash, terms.scopeHash, terms.publicUntil, signature);
    await pledges.connect(beijing.operator).observe(1, salted({ uscc: USCC, text: REASONS }));
    const withdrawal = await pledger.signTypedData(
      domain,
      { PledgeWithdrawal: [...PLEDGE_WITHDRAWAL_TYPES.PledgeWithdrawal] },
      { pledgeId: 1n },
    );
    await pledges.connect(stranger).withdraw(1, withdrawal);
  }

  #document(caseType: 'dispute' | 'repair') {
    return makeCaseDocument({
      caseType,
      registerId: String(this.#registerId),
      filedBy: String(this.world.requester.id),
      bindingId: null,
      uscc: USCC as Uscc,
      record: { documentNumber: DOCUMENT_NUMBER, recordId: null, class: LEDGER_CLASS.adverse },
      grounds: GROUNDS,
      conditionsMet: [],
    });
  }

  #key(index: number) {
    const found = this.world.spare[index];
    if (!found) throw new Error('too few accounts');
    return found;
  }
}
