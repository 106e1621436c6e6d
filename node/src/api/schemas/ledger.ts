import { z } from 'zod';
import { Address, Bilingual, DateText, Hash, Id, LedgerClass, Moment, pageOf } from './common.ts';
import { OP_NAMES } from './intake.ts';

const Vote = z.object({ member: Id, region: z.int().nullable(), blockNumber: Id });
export const BatchStanding = z
  .object({
    registerId: Id,
    seq: Id,
    place: z
      .int()
      .nullable()
      .meta({ description: 'Among the batches that stand, from 1; null when annulled.' }),
    batchHash: Hash,
    entriesHash: Hash,
    size: z.int(),
    root: Hash,
    rootIsRight: z.boolean(),
    transactionHash: Hash,
    blockNumber: Id,
    time: Moment,
    state: z.enum(['appended', 'witnessed', 'contested', 'final', 'annulled']),
    attestedBy: z.array(Vote),
    objectedBy: z.array(Vote),
  })
  .meta({
    id: 'BatchStanding',
    description: 'A batch as it stands on the chain, as far as it was followed.',
  });
export const Receipt = z
  .object({
    recordId: Id,
    registerId: Id.nullable(),
    entries: z.array(
      z.object({
        entryId: Id,
        op: z.enum(OP_NAMES),
        date: DateText,
        subjectKey: Hash,
        chainIndex: z.int().meta({ description: 'Position in the chain of the subject, from 0.' }),
        state: z.enum(['pending', 'batched', 'appended', 'witnessed', 'contested', 'final']),
        batch: z
          .object({
            ordinal: z.int(),
            position: z.int().meta({ description: 'Position in the batch, from 0.' }),
            size: z.int(),
            entriesHash: Hash,
            journalledAt: Moment.nullable(),
            standing: BatchStanding.nullable(),
            annulled: z.array(BatchStanding),
          })
          .nullable(),
      }),
    ),
  })
  .meta({ id: 'Receipt', description: 'Where the entries of a record stand on the chain.' });
export type Receipt = z.output<typeof Receipt>;

export const Anchored = z.object({ batches: z.int(), entries: z.int() }).meta({
  id: 'Anchored',
  description: 'What was put in batches; it is sent in order, and receipts say how far it came.',
});
export type Anchored = z.output<typeof Anchored>;

export const Register = z
  .object({
    id: Id,
    owner: Id,
    own: z.boolean(),
    secretCommit: Hash,
    promiseSeconds: z.int(),
    openedAt: Moment,
    headSeq: z.string(),
    root: Hash,
    entries: z.string().meta({ description: 'Entries in all batches.' }),
    lastStoodAt: Moment,
    contested: z.boolean(),
    owedBatches: z.string(),
  })
  .meta({ id: 'Register' });
export type Register = z.output<typeof Register>;
export const Registers = z.object({ items: z.array(Register) }).meta({ id: 'Registers' });
export const OpenRegister = z
  .strictObject({ promiseSeconds: z.int().min(60).max(31_536_000).optional() })
  .meta({ id: 'OpenRegister' });

/** Something was put on its way to the chain. */
export const Sent = z
  .object({
    state: z.enum(['queued', 'sent', 'mined', 'nothing-to-do']),
    transactionHash: Hash.nullable(),
    blockNumber: Id.nullable(),
    registerId: Id.nullable(),
  })
  .meta({ id: 'Sent', description: 'A transaction, as far as it has come. The node sees to the rest.' });
export type Sent = z.output<typeof Sent>;

export const Grant = z
  .object({
    id: Hash,
    grantor: Id,
    grantee: z.union([z.object({ member: Id }), z.object({ region: z.int() })]),
    application: z.string().nullable().meta({ description: 'Name in the catalogue; null when it has none.' }),
    applicationId: Hash,
    classes: z.array(LedgerClass),
    validFrom: Moment,
    validUntil: Moment,
    maxUses: z.int().meta({ description: '0 = no limit' }),
    uses: z.int(),
    consentRequired: z.boolean(),
    revoked: z.boolean(),
    blockNumber: Id.meta({ description: 'Where it was given.' }),
  })
  .meta({ id: 'Grant' });
export type Grant = z.output<typeof Grant>;
export const Grants = z.object({ items: z.array(Grant) }).meta({ id: 'Grants' });
export const GiveGrant = z
  .strictObject({
    grantee: z.union([
      z.strictObject({ member: Id }),
      z.strictObject({ region: z.int().min(110_000).max(999_999) }),
    ]),
    application: z.string().min(1).max(100).meta({ description: 'Name in the catalogue.' }),
    classes: z.array(LedgerClass).min(1).max(3),
    validFrom: Moment.optional(),
    validUntil: Moment,
    maxUses: z.int().min(0).max(4_294_967_295).default(0),
    consentRequired: z.boolean().default(false),
  })
  .meta({ id: 'GiveGrant' });
export type GiveGrant = z.output<typeof GiveGrant>;

export const Member = z
  .object({
    id: Id,
    own: z.boolean(),
    name: z.string(),
    regionCode: z.int(),
    region: z.int(),
    creditCode: z.string(),
    role: z.enum(['authority', 'requester', 'association']),
    status: z.enum(['active', 'suspended', 'left']),
    endpoint: z.string(),
    operator: Address,
    witness: Address,
    registers: z.array(Id),
  })
  .meta({ id: 'Member' });
export type Member = z.output<typeof Member>;
export const Members = z.object({ items: z.array(Member) }).meta({ id: 'Members' });

export const Application = z
  .object({
    slug: z.string(),
    id: Hash,
    name: Bilingual,
    legalBasis: z.string(),
    gateway: z.enum(['government-sharing', 'subject-consent', 'public']),
    historicalDays: z.boolean(),
    predicates: z.array(
      z.object({
        slug: z.string(),
        name: Bilingual,
        predicateHash: Hash,
        class: LedgerClass,
        circuitSizes: z.array(z.int()),
      }),
    ),
  })
  .meta({ id: 'Application' });
export type Application = z.output<typeof Application>;
export const Applications = z
  .object({ catalogueVersion: z.int(), catalogueHash: Hash, items: z.array(Application) })
  .meta({ id: 'Applications' });
export type Applications = z.output<typeof Applications>;

export const ChainStatus = z
  .object({
    reachable: z.boolean(),
    chainId: z.string().nullable(),
    headBlock: z.string().nullable().meta({ description: 'Latest block of the endpoint.' }),
    followedBlock: z
      .string()
      .nullable()
      .meta({ description: 'Latest block that the node has worked through.' }),
    followedDate: DateText.nullable(),
    lag: z.string().nullable(),
    memberId: Id.nullable(),
    operator: Address,
    witness: Address,
    keys: z
      .object({
        held: z.object({ operator: z.boolean(), witness: z.boolean() }).meta({
          description: 'Whether this node holds the keys that the council has in force for its member.',
        }),
        next: z
          .object({ fromBlock: z.string(), operator: Address, witness: Address })
          .nullable()
          .meta({ description: 'A change that the council has decided and that does not hold yet.' }),
      })
      .meta({ description: 'How the node’s keys stand on the chain.' }),
    evidence: z.object({ graceSeconds: z.int(), ageSeconds: z.number().nullable() }).meta({
      description:
        'For how long logged answers leave while the chain cannot be asked, and when chain and clock were last seen to agree by a fetch; null when they do not, or nobody fetched.',
    }),
    outbox: z
      .object({ operator: z.int(), witness: z.int() })
      .meta({ description: 'Transactions not in a block yet.' }),
    batches: z.object({ unbatchedEntries: z.int(), unanchored: z.int(), unwitnessed: z.int() }),
    endpoints: z
      .array(
        z.object({
          index: z.int().meta({ description: 'Its place in the settings; 0 is the node’s own.' }),
          host: z.string(),
          headBlock: z.string().nullable(),
          trouble: z.enum(['unreachable', 'lagging', 'contradicts', 'wrong-chain']).nullable(),
          since: Moment.nullable().meta({ description: 'Since when it is set aside.' }),
        }),
      )
      .meta({ description: 'How each chain endpoint fares, where the node has several; else empty.' }),
  })
  .meta({ id: 'ChainStatus' });
export type ChainStatus = z.output<typeof ChainStatus>;
export const OutboxItem = z
  .object({
    id: Id,
    role: z.enum(['operator', 'witness']),
    kind: z.string(),
    state: z.enum(['queued', 'sent', 'mined', 'failed']),
    transactionHash: Hash.nullable(),
    blockNumber: z.string().nullable(),
    attempts: z.int(),
    error: z.unknown().nullable(),
    requestId: z.string().nullable().meta({
      description: 'Of the call for the sake of which it was sent, here or at another member’s node.',
    }),
  })
  .meta({ id: 'OutboxItem' });
export type OutboxItem = z.output<typeof OutboxItem>;
export const OutboxItems = z.object({ items: z.array(OutboxItem) }).meta({ id: 'OutboxItems' });

export const NetworkFile = z.looseObject({ format: z.literal('credit-network/1') }).meta({
  id: 'NetworkFile',
  description: 'What a verifier pins: chain, contracts, circuits, members with keys and registers.',
});
export const Checkpoint = z.looseObject({ format: z.literal('credit-checkpoint/1') }).meta({
  id: 'Checkpoint',
  description: 'Signed by witnesses: enough to verify an answer without a network.',
});
export const Checkpoints = pageOf(
  z.object({ registerId: Id, seq: z.string(), madeAt: Moment, checkpoint: Checkpoint }),
  'Checkpoints',
);
export const MakeCheckpoint = z
  .strictObject({
    registerId: Id,
    logIds: z
      .array(Id)
      .max(256)
      .default([])
      .meta({ description: 'Entries of the answer log that it covers.' }),
  })
  .meta({ id: 'MakeCheckpoint' });
