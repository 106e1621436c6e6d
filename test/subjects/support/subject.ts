import {
  BINDING_END_TYPES,
  BINDING_TYPES,
  bindingCommitOf,
  CONSENT_REVOCATION_TYPES,
  CONSENT_TYPES,
  type ConsentTerms,
  consentIdOf,
  type Hex,
  type ledgerDomain,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { randomBytes } from 'node:crypto';
import { bytesToHex } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';

type Domain = ReturnType<typeof ledgerDomain>;

/** A company with a key of its own, as its own machine would sign. */
export class TestSubject {
  readonly uscc: Uscc;
  readonly salt: Hex = bytesToHex(randomBytes(32));
  readonly account = privateKeyToAccount(generatePrivateKey());
  readonly address = this.account.address.toLowerCase() as Hex;
  readonly domain: Domain;

  constructor(uscc: Uscc, domain: Domain) {
    this.uscc = uscc;
    this.domain = domain;
  }

  get bindingCommit(): Hex {
    return bindingCommitOf(this.uscc, this.salt);
  }

  binding(voucher: bigint, bindingCommit = this.bindingCommit): Promise<Hex> {
    return this.account.signTypedData({
      domain: this.domain,
      types: BINDING_TYPES,
      primaryType: 'Binding',
      message: { voucher, bindingCommit },
    });
  }

  bindingEnd(bindingId: bigint): Promise<Hex> {
    return this.account.signTypedData({
      domain: this.domain,
      types: BINDING_END_TYPES,
      primaryType: 'BindingEnd',
      message: { bindingId },
    });
  }

  consent(terms: ConsentTerms): Promise<Hex> {
    return this.account.signTypedData({
      domain: this.domain,
      types: CONSENT_TYPES,
      primaryType: 'Consent',
      message: terms,
    });
  }

  consentId(terms: ConsentTerms): Hex {
    return consentIdOf(this.domain, terms);
  }

  revocation(consentId: Hex): Promise<Hex> {
    return this.account.signTypedData({
      domain: this.domain,
      types: CONSENT_REVOCATION_TYPES,
      primaryType: 'ConsentRevocation',
      message: { consentId },
    });
  }
}
