import { AbiCoder, id, keccak256, type Signature, Signature as Signatures } from 'ethers';
import {
  dayAt,
  type Hex,
  ledgerDomain,
  REQUEST_TYPES,
  toBytes32,
  wordHex,
} from '@credit-ledger/sdk/protocol';
import type { HardhatEthersSigner } from '@nomicfoundation/hardhat-ethers/types';
import {
  APPLICATION,
  CIRCUIT_8,
  DAY,
  HOUR,
  makeEntries,
  networkHelpers,
  PREDICATE,
  type TestMember,
  TestRegister,
  type World,
} from './world.ts';

/** A request as the contract takes it. */
export interface TestRequest {
  requestId: string;
  requester: bigint;
  registerId: bigint;
  applicationId: string;
  applicationVersion: number;
  predicateHash: string;
  asOfDay: number;
  subjectTag: string;
  grantId: string;
  expiry: bigint;
}

/** An authority with a witnessed register, a grant, and a requester who asks. */
export class Asking {
  readonly world: World;
  readonly register: TestRegister;
  readonly batchHash: Hex;
  readonly grantId: string;
  #count = 0;

  private constructor(world: World, register: TestRegister, batchHash: Hex, grantId: string) {
    this.world = world;
    this.register = register;
    this.batchHash = batchHash;
    this.grantId = grantId;
  }

  static async prepare(world: World): Promise<Asking> {
    const register = await TestRegister.open(world, world.beijing);
    const { batchHash } = await register.appendWitnessed(makeEntries(3));
    return new Asking(world, register, batchHash, await giveGrant(world, {}));
  }

  get owner(): TestMember {
    return this.register.owner;
  }

  /** A request that every check accepts, with these changes. */
  async request(changes: Partial<TestRequest> = {}): Promise<TestRequest> {
    this.#count += 1;
    const time = await networkHelpers.time.latest();
    return {
      requestId: id(`request ${this.#count}`),
      requester: this.world.requester.id,
      registerId: this.register.id,
      applicationId: APPLICATION,
      applicationVersion: 1,
      predicateHash: PREDICATE,
      asOfDay: dayAt(time),
      subjectTag: toBytes32(5_000n + BigInt(this.#count)),
      grantId: this.grantId,
      expiry: BigInt(time + HOUR),
      ...changes,
    };
  }

  async sign(
    request: TestRequest,
    signer: HardhatEthersSigner = this.world.requester.operator,
  ): Promise<string> {
    const domain = ledgerDomain(31_337n, (await this.world.answerLog.getAddress()) as Hex);
    return signer.signTypedData(domain, { Request: [...REQUEST_TYPES.Request] }, request);
  }

  /** Signs and logs an answer. */
  async log(
    request: TestRequest,
    options: {
      signature?: string;
      batchHash?: string;
      circuitId?: string;
      commitment?: string;
      caller?: HardhatEthersSigner;
    } = {},
  ) {
    const signature = options.signature ?? (await this.sign(request));
    return this.world.answerLog
      .connect(options.caller ?? this.owner.operator)
      .log(
        request,
        signature,
        options.batchHash ?? this.batchHash,
        options.circuitId ?? CIRCUIT_8,
        options.commitment ?? id('commitment'),
      );
  }

  async refuse(request: TestRequest, code: number, caller: HardhatEthersSigner = this.owner.operator) {
    return this.world.answerLog.connect(caller).refuse(request, await this.sign(request), code);
  }
}

/** A grant of the Beijing authority to the requester, with these changes. */
export async function giveGrant(
  world: World,
  changes: object,
  giver: TestMember = world.beijing,
): Promise<string> {
  const now = BigInt(await networkHelpers.time.latest());
  const terms = {
    granteeKind: 1,
    grantee: world.requester.id,
    applicationId: APPLICATION,
    classes: 0b0010,
    validFrom: now,
    validUntil: now + BigInt(400 * DAY),
    maxUses: 0,
    consentRequired: false,
    ...changes,
  };
  const grants = world.grants.connect(giver.operator);
  const grantId = await grants.give.staticCall(terms);
  await grants.give(terms);
  return grantId;
}

/** The same signature with the other s: valid to ecrecover, refused everywhere here. */
export function highS(signature: string): string {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const { r, s, v }: Signature = Signatures.from(signature);
  const high = wordHex(order - BigInt(s));
  return `${r}${high.slice(2)}${(v === 27 ? 28 : 27).toString(16)}`;
}

/** The mock verifier's proof of these signals. */
export function mockProof(signals: readonly bigint[]): {
  a: [bigint, bigint];
  b: [[bigint, bigint], [bigint, bigint]];
  c: [bigint, bigint];
} {
  const hash = keccak256(AbiCoder.defaultAbiCoder().encode(['uint256[8]'], [signals]));
  return {
    a: [BigInt(hash), 0n],
    b: [
      [0n, 0n],
      [0n, 0n],
    ],
    c: [0n, 0n],
  };
}
