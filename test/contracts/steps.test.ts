import {
  BINDING_TRANSITIONS,
  CONSENT_TRANSITIONS,
  type Hex,
  ledgerDomain,
  PLEDGE_TRANSITIONS,
  PLEDGE_TYPES,
  PLEDGE_WITHDRAWAL_TYPES,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import { id } from 'ethers';
import { CHAIN_ID, Consenting } from './support/consenting.ts';
import { today } from './support/docket.ts';
import { CONSENT_APPLICATION, networkHelpers, type TestMember } from './support/world.ts';

/** How a step is tried by each who might; it throws when the contract refuses. */
type Attempts = Readonly<Record<string, Readonly<Record<string, () => Promise<unknown>>>>>;

/** The rows of a table that start here. */
function rowsFrom(
  table: readonly { readonly action: string; readonly from: string; readonly by: string }[],
  state: string,
): string[] {
  return table.filter((row) => row.from === state).map((row) => `${row.action} by ${row.by}`);
}

/** Tries each step by each who might, each from the same state. @returns the steps that were not refused */
async function allowed(attempts: Attempts): Promise<string[]> {
  const found: string[] = [];
  for (const [action, callers] of Object.entries(attempts)) {
    for (const [by, attempt] of Object.entries(callers)) {
      const before = await networkHelpers.takeSnapshot();
      const outcome = await attempt().then(
        () => true,
        (error: unknown) => {
          // Only a refusal by the contract counts: a test that fails by itself must not look like one.
          if (!(error instanceof Error) || !/reverted|revert/i.test(error.message)) throw error;
          return false;
        },
      );
      if (outcome) found.push(`${action} by ${by}`);
      await before.restore();
    }
  }
  return found;
}

describe('Steps of bindings, consents and pledges', () => {
  let consenting: Consenting;
  beforeEach(async () => {
    consenting = await Consenting.fresh();
  });

  const key = (index: number): HardhatEthersSigner => {
    const found = consenting.world.spare[index];
    if (!found) throw new Error('too few accounts');
    return found;
  };

  it('of a binding: in every state, every step is allowed to whom the table says, and to nobody else', async () => {
    const { world, subject, bindingId } = consenting;
    const { consents, beijing, tianjin, requester, stranger } = world;
    const end = (by: HardhatEthersSigner) => () => consents.connect(by).endBinding(bindingId);
    const bySubject = (signer: HardhatEthersSigner) => async () =>
      consents
        .connect(stranger)
        .endBindingBySubject(bindingId, await consenting.signBindingEnd(signer, bindingId));
    const bind = (by: TestMember, who: HardhatEthersSigner) => () => consenting.bind(by, who, id('new'));
    const attempts = (who: HardhatEthersSigner): Attempts => ({
      bind: { authority: bind(tianjin, who), requester: bind(requester, who) },
      end: {
        voucher: end(beijing.operator),
        council: () => world.council(consents, 'endBinding', bindingId),
        subject: bySubject(subject),
        'another authority': end(tianjin.operator),
        'another subject': bySubject(key(2)),
        stranger: end(stranger),
      },
    });
    expect(await allowed({ bind: attempts(key(1))['bind'] ?? {} })).to.deep.equal(
      rowsFrom(BINDING_TRANSITIONS, 'none'),
    );
    expect(await allowed(attempts(subject))).to.deep.equal(rowsFrom(BINDING_TRANSITIONS, 'bound'));
    await end(beijing.operator)();
    expect(await allowed(attempts(subject))).to.deep.equal(rowsFrom(BINDING_TRANSITIONS, 'ended'));
  });

  it('of a consent: in every state, every step is allowed to whom the table says, and to nobody else', async () => {
    const { world, subject } = consenting;
    const { consents, beijing, hebei, requester, stranger, target, consortium } = world;
    await consenting.bind(beijing, key(1), id('another'));
    const terms = await consenting.terms();
    const consentId = await consents.consentIdOf(terms);
    // The test's contract stands for the answer log in force.
    await world.council(consortium, 'putInForce', id('AnswerLog'), await target.getAddress(), 2);
    const give = (signer: HardhatEthersSigner) => async () =>
      consents.connect(requester.operator).give(terms, await consenting.sign(terms, signer));
    const revoke = (signer: HardhatEthersSigner) => async () =>
      consents.connect(stranger).revoke(consentId, await consenting.signRevocation(consentId, signer));
    const cite = (by: HardhatEthersSigner) => () => consents.connect(by).cite(consentId, id('new question'));
    const use = [id('question'), requester.id, 1n, CONSENT_APPLICATION, id('p'), id('t'), 1] as const;
    const attempts: Attempts = {
      give: { subject: give(subject), 'another subject': give(key(1)), stranger: give(stranger) },
      cite: {
        requester: cite(requester.operator),
        'another member': cite(hebei.operator),
        stranger: cite(stranger),
      },
      use: {
        'answer-log': () => target.run(consents, consents.interface.encodeFunctionData('consume', [...use])),
        requester: () => consents.connect(requester.operator).consume(...use),
        'the former answer log’s owner': () => consents.connect(beijing.operator).consume(...use),
      },
      revoke: { subject: revoke(subject), stranger: revoke(stranger), requester: revoke(requester.operator) },
    };
    const expected = (state: string): string[] => rowsFrom(CONSENT_TRANSITIONS, state).sort();
    expect((await allowed(attempts)).sort()).to.deep.equal(expected('none'));
    const ahead = await networkHelpers.takeSnapshot();
    await revoke(subject)();
    expect((await allowed(attempts)).sort()).to.deep.equal(expected('revoked'));
    await ahead.restore();
    await give(subject)();
    await consents.connect(requester.operator).cite(consentId, id('question'));
    expect((await allowed(attempts)).sort()).to.deep.equal(expected('given'));
    await revoke(subject)();
    expect((await allowed(attempts)).sort()).to.deep.equal(expected('revoked'));
  });

  it('of a pledge: in every state, every step is allowed to whom the table says, and to nobody else', async () => {
    const { pledges, association, beijing, stranger } = consenting.world;
    const pledger = key(1);
    const domain = ledgerDomain(CHAIN_ID, (await pledges.getAddress()) as Hex);
    const publicUntil = (await today()) + 30;
    const publish = (by: TestMember) => async () => {
      const terms = {
        association: by.id,
        kind: 1,
        documentHash: id('document'),
        scopeHash: id('scope'),
        publicUntil,
      };
      const signature = await pledger.signTypedData(domain, { Pledge: [...PLEDGE_TYPES.Pledge] }, terms);
      return pledges
        .connect(by.operator)
        .publish(terms.kind, pledger, terms.documentHash, terms.scopeHash, publicUntil, signature);
    };
    const withdraw = (signer: HardhatEthersSigner) => async () =>
      pledges
        .connect(stranger)
        .withdraw(
          1,
          await signer.signTypedData(
            domain,
            { PledgeWithdrawal: [...PLEDGE_WITHDRAWAL_TYPES.PledgeWithdrawal] },
            { pledgeId: 1n },
          ),
        );
    const observe = (by: HardhatEthersSigner) => () => pledges.connect(by).observe(1, id('observation'));
    const attempts: Attempts = {
      publish: { association: publish(association), authority: publish(beijing) },
      observe: {
        'other-member': observe(beijing.operator),
        association: observe(association.operator),
        pledger: observe(pledger),
      },
      withdraw: { pledger: withdraw(pledger), stranger: withdraw(stranger) },
    };
    expect(await allowed(attempts)).to.deep.equal(rowsFrom(PLEDGE_TRANSITIONS, 'none'));
    await publish(association)();
    expect(await allowed(attempts)).to.deep.equal(rowsFrom(PLEDGE_TRANSITIONS, 'published'));
    await withdraw(pledger)();
    expect(await allowed(attempts)).to.deep.equal(rowsFrom(PLEDGE_TRANSITIONS, 'withdrawn'));
  });
});
