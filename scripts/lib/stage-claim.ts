import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  answerCommitmentOf,
  type CatalogueApplication,
  circuitInput,
  contentOf,
  contextOf,
  type Day,
  dayAt,
  encodeEntry,
  type Entry,
  type EntryBody,
  EMPTY_ROOT,
  findApplication,
  findPredicate,
  type Hex,
  LEDGER_CLASS,
  ledgerDomain,
  type Nonce,
  OP,
  OPEN_END,
  type OpenedEntry,
  packEntry,
  parseUscc,
  predicateHashOf,
  type RegisterSecret,
  RegisterTree,
  REQUEST_TYPES,
  bodyOf,
  secretCommitOf,
  SEVERITY,
  sortForBatch,
  subjectKeyOf,
  type SubjectKey,
  subjectTagOf,
  toBytes32,
} from '@credit-ledger/sdk/protocol';
import {
  type Abi,
  type Address,
  createPublicClient,
  createWalletClient,
  encodeFunctionData,
  http,
  keccak256,
  type LocalAccount,
  type PublicClient,
  stringToBytes,
  type TransactionReceipt,
} from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { snarkjs } from '../../circuits/tools/snarkjs.ts';
import { answerLogAbi, creditRegistersAbi, sharingGrantsAbi } from '../../sdk/src/chain/abi/index.ts';
import { type Deployment, deployLedger } from './deploy.ts';
import { foundLedger } from './found.ts';

/** A Groth16 proof as `verifyClaim` takes it. */
export interface SolidityProof {
  readonly a: readonly [bigint, bigint];
  readonly b: readonly [readonly [bigint, bigint], readonly [bigint, bigint]];
  readonly c: readonly [bigint, bigint];
}

/** A ledger with one logged answer, proved with the reference keys. */
export interface StagedClaim {
  readonly client: PublicClient;
  readonly deployment: Deployment;
  readonly registerId: bigint;
  readonly logId: bigint;
  readonly answer: boolean;
  readonly disputed: boolean;
  readonly proof: SolidityProof;
  /** The proof's public signals in the circuit's order. */
  readonly signals: readonly bigint[];
  /** Gas of appending 1,000 entries in one batch. */
  readonly appendGas: bigint;
  /** Gas of a transaction that calls `verifyClaim`. */
  readonly verifyGas: bigint;
}

const keysFolder = new URL('../../circuits/keys/', import.meta.url);
/** Development mnemonic of local chains: public, so never for anything of worth. */
const MNEMONIC = 'test test test test test test test test test test test junk';
export const BATCH_ENTRIES = 1_000;

/**
 * Deploys and founds a ledger on a local chain with the usual development accounts, anchors a company with a severe
 * penalty among 1,000 entries, has the batch witnessed, asks across regions, proves with claim(8), and logs.
 */
export async function stageClaim(rpcUrl: string): Promise<StagedClaim> {
  const accounts = Array.from({ length: 11 }, (_, addressIndex) =>
    mnemonicToAccount(MNEMONIC, { addressIndex }),
  );
  const [deployer, seat1, seat2, seat3, ...keys] = accounts;
  const [owner, ownerWitness, tianjin, tianjinWitness, hebei, hebeiWitness] = keys;
  if (!deployer || !seat1 || !seat2 || !seat3) throw new Error('no accounts');
  if (!owner || !ownerWitness || !tianjin || !tianjinWitness || !hebei || !hebeiWitness)
    throw new Error('no keys');
  const client = createPublicClient({ transport: http(rpcUrl), pollingInterval: 20 });
  const send = sender(client, rpcUrl);

  const deployment = await deployLedger({
    rpcUrl,
    deployer,
    regions: [110_000, 120_000, 130_000],
    seats: [seat1.address, seat2.address, seat3.address],
  });
  await foundLedger({
    rpcUrl,
    deployment,
    seats: [seat1, seat2],
    members: [
      { ...MEMBERS.beijing, operator: owner.address, witness: ownerWitness.address },
      { ...MEMBERS.tianjin, operator: tianjin.address, witness: tianjinWitness.address },
      { ...MEMBERS.hebei, operator: hebei.address, witness: hebeiWitness.address },
    ],
  });

  const { chainId, registers, grants, answerLog } = deployment;
  const registerId = 1n;
  const secret = wide('secret') as RegisterSecret;
  await send(owner, registers, creditRegistersAbi, 'open', [toBytes32(secretCommitOf(secret)), 86_400]);

  const subject = parseUscc('91110000600037341L');
  const today = dayAt(Number((await client.getBlock()).timestamp));
  const chain: OpenedEntry[] = [
    {
      op: OP.RECORD,
      packed: packEntry(OP.RECORD, {
        kind: 3,
        domain: 1,
        severity: SEVERITY.severe,
        day: (today - 100) as Day,
        until: OPEN_END as Day,
        amountFen: 5_000_000n,
        ref: 0,
      }),
      content: contentOf([{ name: 'document', value: 'made up', salt: '0'.repeat(32) }]),
    },
  ];
  const key = subjectKeyOf(subject, LEDGER_CLASS.adverse, secret);
  const entries = sortForBatch([
    ...chain.map(({ op, packed, content }): Entry => ({ key, op, body: bodyOf(packed, content) })),
    ...cover(BATCH_ENTRIES - chain.length),
  ]);
  const tree = new RegisterTree();
  const root = tree.append(entries, 1).root;
  const appended = await send(owner, registers, creditRegistersAbi, 'append', [
    registerId,
    toBytes32(EMPTY_ROOT),
    toBytes32(root),
    entries.map(encodeEntry),
  ]);
  const { batchHash } = await client.readContract({
    address: registers,
    abi: creditRegistersAbi,
    functionName: 'current',
    args: [registerId],
  });
  for (const witness of [tianjinWitness, hebeiWitness]) {
    await send(witness, registers, creditRegistersAbi, 'attest', [[batchHash]]);
  }

  const application: CatalogueApplication = findApplication('procurement-qualification');
  const { predicate } = findPredicate('procurement-qualification', 'no-severe-default');
  const time = (await client.getBlock()).timestamp;
  await send(owner, grants, sharingGrantsAbi, 'give', [
    {
      granteeKind: 1,
      grantee: 3n,
      applicationId: application.id,
      classes: 1 << predicate.class,
      validFrom: time,
      validUntil: time + 86_400n,
      maxUses: 10,
      consentRequired: false,
    },
  ]);
  const [given] = await client.getContractEvents({
    address: grants,
    abi: sharingGrantsAbi,
    eventName: 'GrantGiven',
    fromBlock: 0n,
  });
  const grantId = given?.args.grantId;
  if (grantId === undefined) throw new Error('no grant was given');

  const nonce = wide('nonce') as Nonce;
  const request = {
    requestId: keccak256(stringToBytes('request')),
    requester: 3n,
    registerId,
    applicationId: application.id,
    applicationVersion: 1,
    predicateHash: toBytes32(predicateHashOf(predicate)),
    asOfDay: today as number,
    subjectTag: toBytes32(subjectTagOf(subject, nonce)),
    grantId,
    expiry: time + 3_600n,
  };
  const signature = await hebei.signTypedData({
    domain: ledgerDomain(BigInt(chainId), answerLog),
    types: REQUEST_TYPES,
    primaryType: 'Request',
    message: request,
  });
  const context = contextOf({ chainId: BigInt(chainId), answerLog, ...request });
  const proved = await snarkjs.groth16.fullProve(
    circuitInput({
      size: 8,
      uscc: subject,
      secret,
      nonce,
      predicate,
      chain,
      path: tree.path(key),
      root,
      asOfDay: today,
      context,
    }),
    fileURLToPath(new URL('claim8.wasm', keysFolder)),
    fileURLToPath(new URL('claim8.zkey', keysFolder)),
  );
  const signals = proved.publicSignals.map(BigInt);
  const circuitId = circuitOfSize(8);
  await send(owner, answerLog, answerLogAbi, 'log', [
    request,
    signature,
    batchHash,
    circuitId,
    answerCommitmentOf({ registerId, batchHash, circuitId, signals, nonce }),
  ]);

  const proof = solidityProof(proved.proof);
  const [answer, disputed] = [signals[0] === 1n, signals[1] === 1n];
  const verified = await send(hebei, answerLog, answerLogAbi, 'verifyClaim', [1n, answer, disputed, proof]);
  return {
    client,
    deployment,
    registerId,
    logId: 1n,
    answer,
    disputed,
    proof,
    signals,
    appendGas: appended.gasUsed,
    verifyGas: verified.gasUsed,
  };
}

const MEMBERS = {
  beijing: member('北京示例市场监管局', 110_108, '11110108000000001A'),
  tianjin: member('天津示例生态环境局', 120_101, '11120101000000002B'),
  hebei: member('河北示例交通运输厅', 130_100, '11130100000000003C'),
};

function member(name: string, regionCode: number, creditCode: string) {
  return { name, regionCode, creditCode, role: 'authority', endpoint: '' } as const;
}

/** Sends a transaction after simulating it, so that a refusal comes with the contract's own error. */
function sender(client: PublicClient, rpcUrl: string) {
  return async (
    account: LocalAccount,
    address: Address,
    abi: Abi,
    functionName: string,
    args: readonly unknown[],
  ): Promise<TransactionReceipt> => {
    await client.simulateContract({ account, address, abi, functionName, args });
    const wallet = createWalletClient({ account, transport: http(rpcUrl) });
    const data = encodeFunctionData({ abi, functionName, args });
    const receipt = await client.waitForTransactionReceipt({
      hash: await wallet.sendTransaction({ to: address, data, chain: null }),
    });
    if (receipt.status !== 'success') throw new Error(`${functionName} failed`);
    return receipt;
  };
}

function circuitOfSize(size: number): Hex {
  const manifest = JSON.parse(readFileSync(new URL('manifest.json', keysFolder), 'utf8')) as {
    circuits: { size: number; circuitId: Hex }[];
  };
  const circuit = manifest.circuits.find((each) => each.size === size);
  if (!circuit) throw new Error(`no claim(${size})`);
  return circuit.circuitId;
}

/** From snarkjs's order to the verifier's: imaginary parts first. */
export function solidityProof(proof: { pi_a: string[]; pi_b: string[][]; pi_c: string[] }): SolidityProof {
  const at = (list: readonly string[] | undefined, index: number): bigint => BigInt(list?.[index] ?? -1);
  return {
    a: [at(proof.pi_a, 0), at(proof.pi_a, 1)],
    b: [
      [at(proof.pi_b[0], 1), at(proof.pi_b[0], 0)],
      [at(proof.pi_b[1], 1), at(proof.pi_b[1], 0)],
    ],
    c: [at(proof.pi_c, 0), at(proof.pi_c, 1)],
  };
}

/** 248 bits that follow from a name. */
function wide(name: string): bigint {
  return BigInt(keccak256(stringToBytes(name))) >> 8n;
}

function cover(count: number): Entry[] {
  return Array.from({ length: count }, (_, i) => ({
    key: wide(`key ${i}`) as SubjectKey,
    op: OP.RECORD,
    body: wide(`body ${i}`) as EntryBody,
  }));
}
