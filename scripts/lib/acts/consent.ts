import { randomBytes } from 'node:crypto';
import {
  applicationIdOf,
  CONSENT_REVOCATION_TYPES,
  CONSENT_TYPES,
  type ConsentTerms,
  type Hex,
  ledgerDomain,
} from '@credit-ledger/sdk/protocol';
import { bytesToHex } from 'viem';
import type { QuestionDetail } from '../../../node/src/api/schemas/answers.ts';
import type { Consent, ConsentInput } from '../../../node/src/api/schemas/subjects.ts';
import { untilAnswered } from '../errands.ts';
import {
  chainTime,
  companyOf,
  inWords,
  type Outcome,
  type Play,
  playerOf,
  refusalOf,
  registerOf,
} from './play.ts';
import { giveGrant } from './registers.ts';
import { bindKey } from './subject-key.ts';

const APPLICATION = 'bank-credit-review';
const PREDICATE = 'no-severe-default';
const REASON = 'demonstration: credit review of an applicant';
const CONSENT_DAYS = 30;

/** A bank asks about a company: refused without its consent, answered with it, refused once it is revoked. */
export async function askWithConsent(play: Play): Promise<Outcome> {
  const { narrator: n } = play;
  const beijing = playerOf(play, 'beijing');
  const bank = playerOf(play, 'bank');
  const company = companyOf(play, 'clean');
  const domain = ledgerDomain(BigInt(play.deployment.chainId), play.deployment.processes.consents);
  const registerId = await registerOf(beijing);

  n.say(`\nA bank asks about ${company.name} · 银行授信审查，须经企业电子授权`);
  const { account, bindingId, salt } = await n.step(
    'Beijing grants the bank the question, with consent only; the company binds a key of its own · 授权银行；企业绑定密钥',
    async () => {
      await giveGrant(play, beijing, bank, APPLICATION, { consentRequired: true });
      return bindKey(play, beijing, company);
    },
  );

  const ask = (consentId?: Hex): Promise<QuestionDetail> =>
    untilAnswered(bank.connection, {
      subject: company.uscc,
      register: registerId,
      application: APPLICATION,
      predicate: PREDICATE,
      reason: REASON,
      ...(consentId === undefined ? {} : { consent: { consentId, salt } }),
    });

  const without = await n.step('The bank asks without consent · 未获授权提问', () => refusalOf(ask()));
  n.say(`  refused 拒绝: ${without}`);

  const now = BigInt(await chainTime(play));
  const terms: ConsentTerms = {
    bindingId: BigInt(bindingId),
    applicationId: applicationIdOf(APPLICATION),
    registerId: BigInt(registerId),
    requester: bank.memberId,
    validFrom: now,
    validUntil: now + BigInt(CONSENT_DAYS * 86_400),
    maxUses: 2,
    salt: bytesToHex(randomBytes(32)),
  };
  const { consentId, answered } = await n.step(
    `The company consents: this bank, this question, ${CONSENT_DAYS} days, twice; the bank asks again · 企业签署电子授权`,
    async () => {
      const signature = await account.signTypedData({
        domain,
        types: CONSENT_TYPES,
        primaryType: 'Consent',
        message: terms,
      });
      const json = { input: onTheWire(terms), signature, opening: { uscc: company.uscc, salt } };
      const given = (await bank.connection.call<Consent>('giveConsent', { json })).body;
      return { consentId: given.id as Hex, answered: await ask(given.id as Hex) };
    },
  );
  n.say(`  ${inWords(answered)}`);

  const afterwards = await n.step(
    'The company revokes its consent; the bank asks once more · 企业撤回授权',
    async () => {
      const signature = await account.signTypedData({
        domain,
        types: CONSENT_REVOCATION_TYPES,
        primaryType: 'ConsentRevocation',
        message: { consentId },
      });
      await bank.connection.call('revokeConsent', { params: { id: consentId }, json: { signature } });
      return refusalOf(ask(consentId));
    },
  );
  n.say(`  refused 拒绝: ${afterwards}`);
  return {
    name: 'consent',
    act: 'a question with consent 电子授权',
    subject: company.name,
    outcome: `${without} → ${inWords(answered)} → ${afterwards}`,
    asExpected: answered.answer === true && without === 'CONSENT_MISSING' && afterwards === 'CONSENT_REVOKED',
  };
}

function onTheWire(terms: ConsentTerms): ConsentInput {
  return {
    ...terms,
    bindingId: terms.bindingId.toString(),
    registerId: terms.registerId.toString(),
    requester: terms.requester.toString(),
    validFrom: Number(terms.validFrom),
    validUntil: Number(terms.validUntil),
  };
}
