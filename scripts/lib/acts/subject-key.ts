import { randomBytes } from 'node:crypto';
import {
  BINDING_TYPES,
  bindingCommitOf,
  type Hex,
  ledgerDomain,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { bytesToHex, type LocalAccount, type TypedDataDefinition } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import type { Binding } from '../../../node/src/api/schemas/subjects.ts';
import type { Organisation } from '../companies.ts';
import type { Play, Player } from './play.ts';

/** A company with a long-term key of its own, which an authority has vouched for. */
export interface BoundSubject {
  readonly account: LocalAccount;
  readonly bindingId: string;
  /** Opens the binding's commitment; known to the company and to whom it tells. */
  readonly salt: Hex;
}

/** A key for one letter or filing alone, so that nothing links two of them. */
export function oneTimeKey(): LocalAccount {
  return privateKeyToAccount(generatePrivateKey());
}

/** Signs typed data that a node has drawn up, as the company's own machine would. */
export function sign(account: LocalAccount, typedData: unknown): Promise<Hex> {
  return account.signTypedData(typedData as TypedDataDefinition);
}

/** Binds a new key of a company; the officer of the voucher has seen its papers. */
export async function bindKey(play: Play, voucher: Player, company: Organisation): Promise<BoundSubject> {
  const account = oneTimeKey();
  const salt = bytesToHex(randomBytes(32));
  const signature = await account.signTypedData({
    domain: ledgerDomain(BigInt(play.deployment.chainId), play.deployment.processes.consents),
    types: BINDING_TYPES,
    primaryType: 'Binding',
    message: { voucher: voucher.memberId, bindingCommit: bindingCommitOf(company.uscc as Uscc, salt) },
  });
  const json = { uscc: company.uscc, subject: account.address.toLowerCase(), salt, signature };
  const { bindingId } = (await voucher.connection.call<Binding>('makeBinding', { json })).body;
  if (bindingId === null) throw new Error('the binding is not in a block yet');
  return { account, bindingId, salt };
}
