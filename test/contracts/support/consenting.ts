import { id } from 'ethers';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import {
  BINDING_END_TYPES,
  BINDING_TYPES,
  bindingCommitOf,
  CONSENT_REVOCATION_TYPES,
  CONSENT_TYPES,
  consentIdOf,
  type ConsentTerms,
  type Hex,
  ledgerDomain,
  type TypedDomain,
} from '@credit-ledger/sdk/protocol';
import { company } from '../../sdk/support/companies.ts';
import { type ProcessWorld, freshProcesses } from './processes.ts';
import { Asking, giveGrant, type TestRequest } from './requests.ts';
import { CONSENT_APPLICATION, DAY, loadFixture, networkHelpers, type TestMember } from './world.ts';

export const CHAIN_ID = 31_337n;

/** A subject whose key the Beijing authority has vouched for, and a requester who may ask when it consents. */
export class Consenting {
  readonly world: ProcessWorld;
  readonly asking: Asking;
  /** A grant to the requester for the application that needs consent. */
  readonly grantId: Hex;
  readonly domain: TypedDomain;
  /** The subject's key, which belongs to no member. */
  readonly subject: HardhatEthersSigner;
  readonly bindingId = 1n;
  readonly bindingCommit: Hex;
  #count = 0;

  private constructor(
    world: ProcessWorld,
    asking: Asking,
    grantId: Hex,
    domain: TypedDomain,
    subject: HardhatEthersSigner,
  ) {
    this.world = world;
    this.asking = asking;
    this.grantId = grantId;
    this.domain = domain;
    this.subject = subject;
    this.bindingCommit = bindingCommitOf(company(1), id('salt of the binding') as Hex);
  }

  /** The world with register, grant and binding; restored, after the first call has made it. */
  static fresh(): Promise<Consenting> {
    return loadFixture(prepare);
  }

  static async prepare(): Promise<Consenting> {
    const world = await freshProcesses();
    const asking = await Asking.prepare(world);
    const grantId = (await giveGrant(world, { applicationId: CONSENT_APPLICATION })) as Hex;
    const domain = ledgerDomain(CHAIN_ID, (await world.consents.getAddress()) as Hex);
    const [subject] = world.spare;
    if (!subject) throw new Error('too few accounts');
    const consenting = new Consenting(world, asking, grantId, domain, subject);
    await consenting.bind(world.beijing, subject, consenting.bindingCommit);
    return consenting;
  }

  async bind(
    voucher: TestMember,
    subject: HardhatEthersSigner,
    bindingCommit: string,
    signature?: string,
  ): Promise<void> {
    const signed = signature ?? (await this.signBinding(subject, voucher.id, bindingCommit));
    await this.world.consents.connect(voucher.operator).bind(subject, bindingCommit, signed);
  }

  signBinding(
    signer: HardhatEthersSigner,
    voucher: bigint,
    bindingCommit: string,
    domain = this.domain,
  ): Promise<string> {
    return signer.signTypedData(domain, mutable(BINDING_TYPES), { voucher, bindingCommit });
  }

  signBindingEnd(signer: HardhatEthersSigner, bindingId: bigint, domain = this.domain): Promise<string> {
    return signer.signTypedData(domain, mutable(BINDING_END_TYPES), { bindingId });
  }

  /** Terms that every check accepts, with these changes. */
  async terms(changes: Partial<ConsentTerms> = {}): Promise<ConsentTerms> {
    this.#count += 1;
    const now = BigInt(await networkHelpers.time.latest());
    return {
      bindingId: this.bindingId,
      applicationId: CONSENT_APPLICATION as Hex,
      registerId: this.asking.register.id,
      requester: this.world.requester.id,
      validFrom: now,
      validUntil: now + BigInt(DAY),
      maxUses: 2,
      salt: id(`consent ${this.#count}`) as Hex,
      ...changes,
    };
  }

  sign(terms: ConsentTerms, signer = this.subject, domain = this.domain): Promise<string> {
    return signer.signTypedData(domain, mutable(CONSENT_TYPES), terms);
  }

  signRevocation(consentId: string, signer = this.subject, domain = this.domain): Promise<string> {
    return signer.signTypedData(domain, mutable(CONSENT_REVOCATION_TYPES), { consentId });
  }

  /** Gives a consent with these changes; says its id. */
  async give(changes: Partial<ConsentTerms> = {}, signer = this.subject): Promise<Hex> {
    const terms = await this.terms(changes);
    const relay = this.world.consents.connect(this.world.requester.operator);
    await relay.give(terms, await this.sign(terms, signer));
    return consentIdOf(this.domain, terms);
  }

  async revoke(consentId: string): Promise<void> {
    const { consents, stranger } = this.world;
    await consents.connect(stranger).revoke(consentId, await this.signRevocation(consentId));
  }

  /** A question that needs consent, and the digest by which it cites one. */
  async question(changes: Partial<TestRequest> = {}): Promise<{ request: TestRequest; digest: string }> {
    const request = await this.asking.request({
      applicationId: CONSENT_APPLICATION,
      grantId: this.grantId,
      ...changes,
    });
    return { request, digest: await this.world.answerLog.requestDigest(request) };
  }

  cite(consentId: string, digest: string, by: TestMember = this.world.requester) {
    return this.world.consents.connect(by.operator).cite(consentId, digest);
  }
}

/** Named, so that the chain is restored to one snapshot. */
function prepare(): Promise<Consenting> {
  return Consenting.prepare();
}

function mutable(
  types: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>,
): Record<string, { name: string; type: string }[]> {
  return Object.fromEntries(Object.entries(types).map(([name, fields]) => [name, [...fields]]));
}
