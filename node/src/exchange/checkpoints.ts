import {
  type Checkpoint,
  checkpointDigest,
  checkpointHash,
  MAX_CHECKPOINT_LIFE_SECONDS,
  parseCheckpoint,
  signedCheckpoint,
  signerOf,
  type UnsignedCheckpoint,
} from '@credit-ledger/sdk/answer';
import type { CheckpointWish } from '@credit-ledger/sdk/chain';
import {
  CHECKPOINT_TYPES,
  EMPTY_ROOT,
  type Hex,
  ledgerDomain,
  LedgerError,
} from '@credit-ledger/sdk/protocol';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { agreedTime } from './clock-check.ts';
import { attempt, malformed } from './wire.ts';
import { rejection, storedError } from './errors.ts';
import {
  type ExchangeLog,
  type LedgerReads,
  type MemberFact,
  type ReplayedRoots,
  type Signer,
  silentLog,
} from './ports.ts';
import type { PeerTransport } from './transport.ts';

export interface CheckpointParts {
  /** Reads one register at one block from this node's own endpoint (`makeCheckpoint`). */
  readonly make: (wish: CheckpointWish) => Promise<UnsignedCheckpoint>;
  readonly roots: ReplayedRoots;
  readonly facts: LedgerReads;
  readonly transport: PeerTransport;
  readonly signer: Signer;
  readonly clock: Clock;
  readonly memberId: bigint;
  /** Circuits that this node knows; those in force are named in checkpoints. */
  readonly circuitIds: readonly Hex[];
  readonly log?: ExchangeLog;
}

/** A day: long enough to carry an answer to a counter, short against a register's promise. */
const LIFE_SECONDS = 86_400;
/** A checkpoint is about now: a witness signs none over an older block. */
const MAX_AGE_SECONDS = 3_600n;
const MAX_LOG_ENTRIES = 1_000;
/**
 * Checkpoints that are made for others at the same time. Anybody may ask, and each takes up to a thousand reads
 * of the endpoint from which this node follows and witnesses: more are told to come back.
 */
const SIGNED_AT_ONCE = 4;

const decimal = z.string().regex(/^(0|[1-9][0-9]{0,38})$/);

/** `POST {endpoint}/v1/exchange/checkpoints` */
export const checkpointMessageSchema = z.strictObject({
  checkpoint: z.record(z.string(), z.unknown()),
  /** The entries whose hashes the checkpoint holds, by number, so that each witness can look them up. */
  logIds: z.array(decimal).max(MAX_LOG_ENTRIES),
});

export const checkpointSignatureSchema = z.object({
  member: decimal,
  signature: z.string().regex(/^0x[0-9a-f]{128}1[bc]$/) as unknown as z.ZodType<Hex>,
});
export interface CheckpointSignature {
  readonly member: string;
  readonly signature: Hex;
}

/** Makes checkpoints and, as a witness, signs those of others. */
export class Checkpoints {
  readonly #parts: CheckpointParts;
  readonly #log: ExchangeLog;
  #signing = 0;

  constructor(parts: CheckpointParts) {
    this.#parts = parts;
    this.#log = parts.log ?? silentLog;
  }

  /**
   * A checkpoint over the latest witnessed batch (or one of them), signed by witnesses of every
   * region other than the owner's. `logIds`: the log entries that it covers.
   * Errors: `CHECKPOINT_REFUSED` (the register is contested, or nothing is witnessed),
   * `CHECKPOINT_SIGNATURES_MISSING` (operand `regions`), `CLOCK_OFF`, `CHAIN_…`.
   */
  async issue(
    registerId: bigint,
    logIds: readonly bigint[] = [],
    options: { readonly seq?: bigint; readonly lifeSeconds?: number } = {},
  ): Promise<Checkpoint> {
    const { make, facts, clock, circuitIds, memberId } = this.#parts;
    await agreedTime(facts, clock);
    const unsigned = await make({
      registerId,
      logIds,
      circuitIds,
      lifeSeconds: options.lifeSeconds ?? LIFE_SECONDS,
      ...(options.seq === undefined ? {} : { seq: options.seq }),
    });
    const members = await this.#members();
    const owner = members.find(({ id }) => id.toString() === unsigned.owner);
    const witnesses = members.filter(
      ({ id, active, role, region }) =>
        active && role === 'authority' && id.toString() !== unsigned.owner && region !== owner?.region,
    );
    const signed = await Promise.all(
      witnesses.map((witness) =>
        witness.id === memberId ? this.#own(unsigned) : this.#ask(witness, unsigned, logIds),
      ),
    );
    const signatures = signed.filter((each) => each !== undefined);
    const covered = new Set(
      signatures.map(({ member }) => witnesses.find(({ id }) => id.toString() === member)?.region),
    );
    const missing = [...new Set(witnesses.map(({ region }) => region))].filter(
      (region) => !covered.has(region),
    );
    if (missing.length > 0 || signatures.length === 0) throw signaturesMissing(missing);
    return signedCheckpoint(unsigned, signatures);
  }

  /**
   * Signs a checkpoint as a witness: only what this node would have made itself, from its own chain
   * endpoint, over a root that it replayed itself, about another member's register, about now.
   * Errors: `CHECKPOINT_MALFORMED`, `CHECKPOINT_NOT_SIGNED` (operand `why`), `BUSY`, `CLOCK_OFF`, `CHAIN_…`.
   */
  async sign(body: unknown): Promise<CheckpointSignature> {
    const parsed = checkpointMessageSchema.safeParse(body);
    if (!parsed.success) throw malformed('CHECKPOINT_MALFORMED', parsed.error);
    const given = attempt('CHECKPOINT_MALFORMED', 'checkpoint', () => readUnsigned(parsed.data.checkpoint));
    if (given.logEntries.length !== new Set(parsed.data.logIds).size) {
      throw notSigned('it covers other log entries than those named');
    }
    if (this.#signing >= SIGNED_AT_ONCE) throw rejection('BUSY');
    this.#signing += 1;
    try {
      return await this.#signChecked(given, parsed.data.logIds);
    } finally {
      this.#signing -= 1;
    }
  }

  async #signChecked(given: UnsignedCheckpoint, logIds: readonly string[]): Promise<CheckpointSignature> {
    const { facts, clock, make, memberId } = this.#parts;
    const { time } = await agreedTime(facts, clock);
    if (given.owner === memberId.toString()) throw notSigned('an owner does not witness itself');
    const lifeSeconds = given.expiry - given.time;
    if (lifeSeconds <= 0 || lifeSeconds > MAX_CHECKPOINT_LIFE_SECONDS)
      throw notSigned('its life is too long or none');
    if (BigInt(given.time) + MAX_AGE_SECONDS < time) throw notSigned('its block is too old');
    const own = await make({
      registerId: BigInt(given.registerId),
      seq: BigInt(given.seq),
      logIds: logIds.map(BigInt),
      circuitIds: given.circuitIds,
      lifeSeconds,
      blockNumber: BigInt(given.blockNumber),
    });
    if (checkpointHash(own) !== checkpointHash(given)) throw notSigned('this node’s chain says otherwise');
    return this.#signOwn(own);
  }

  async #own(unsigned: UnsignedCheckpoint): Promise<CheckpointSignature | undefined> {
    try {
      return await this.#signOwn(unsigned);
    } catch (error) {
      this.#log.warn(
        { register: unsigned.registerId, code: storedError(error).code },
        'own checkpoint not signed',
      );
      return undefined;
    }
  }

  /** `own` was made by this node from its own endpoint. */
  async #signOwn(own: UnsignedCheckpoint): Promise<CheckpointSignature> {
    const { roots, signer, facts, memberId } = this.#parts;
    const owner = await facts.register(BigInt(own.registerId));
    if (owner === undefined || owner.owner === memberId) throw notSigned('an owner does not witness itself');
    const seq = BigInt(own.seq);
    const replayed = seq === 0n ? EMPTY_ROOT : await roots.rootOf(BigInt(own.registerId), seq);
    if (replayed === undefined) throw notSigned('this batch has not been replayed here');
    if (replayed !== BigInt(own.root)) throw notSigned('the replay gave another root');
    const key = await facts.witnessAt(memberId, BigInt(own.blockNumber));
    if (key === undefined) throw notSigned('this node had no witness key in that block');
    const document = {
      domain: ledgerDomain(facts.domain.chainId, facts.domain.answerLog),
      types: CHECKPOINT_TYPES,
      primaryType: 'Checkpoint',
      message: { documentHash: checkpointHash(own) },
    };
    // By the key of the checkpoint's block, which a third party will look for.
    const signature = await signer.signTypedData('witness', document, key);
    return { member: memberId.toString(), signature };
  }

  /** One witness may be away or refuse; whether the others are enough is judged at the end. */
  async #ask(
    witness: MemberFact,
    unsigned: UnsignedCheckpoint,
    logIds: readonly bigint[],
  ): Promise<CheckpointSignature | undefined> {
    try {
      const response = await this.#parts.transport.post(witness.endpoint, '/v1/exchange/checkpoints', {
        checkpoint: unsigned,
        logIds: logIds.map(String),
      });
      const signature = checkpointSignatureSchema.safeParse(response.body);
      const { facts } = this.#parts;
      const digest = checkpointDigest(facts.domain, checkpointHash(unsigned));
      const key = await facts.witnessAt(witness.id, BigInt(unsigned.blockNumber));
      if (
        response.status === 200 &&
        signature.success &&
        signature.data.member === witness.id.toString() &&
        key !== undefined &&
        signerOf(digest, signature.data.signature) === key
      ) {
        return signature.data;
      }
      this.#log.warn({ witness: witness.id.toString(), status: response.status }, 'a witness did not sign');
    } catch (error) {
      this.#log.warn(
        { witness: witness.id.toString(), code: storedError(error).code },
        'a witness was not reached',
      );
    }
    return undefined;
  }

  async #members(): Promise<MemberFact[]> {
    const { facts } = this.#parts;
    const count = Number(await facts.memberCount());
    const members = await Promise.all(Array.from({ length: count }, (_, i) => facts.member(BigInt(i + 1))));
    return members.filter((member) => member !== undefined);
  }
}

/** The reader knows whole checkpoints only; this signature lets it look at all the rest. */
function readUnsigned(value: Readonly<Record<string, unknown>>): UnsignedCheckpoint {
  const any = `0x${'1'.padStart(64, '0')}${'1'.padStart(64, '0')}1b`;
  const { signatures: _, ...unsigned } = parseCheckpoint({
    ...value,
    signatures: [{ member: '1', signature: any }],
  });
  return unsigned;
}

function notSigned(why: string): LedgerError {
  return rejection('CHECKPOINT_NOT_SIGNED', { why });
}

function signaturesMissing(regions: readonly number[]): LedgerError {
  return new LedgerError(
    'CHECKPOINT_SIGNATURES_MISSING',
    {
      en: 'Witnesses of some regions did not sign, so the checkpoint would not be believed.',
      zh: '部分地区的见证方未签名，该检查点不会被采信。',
    },
    { regions: [...regions] },
  );
}
