import { voluntaryPledgesAbi } from '@credit-ledger/sdk/chain';
import {
  type Day,
  type Hex,
  parseUscc,
  PLEDGE_KIND,
  PLEDGE_TYPES,
  PLEDGE_WITHDRAWAL_TYPES,
  saltedHash,
} from '@credit-ledger/sdk/protocol';
import { encodeFunctionData, hexToBytes } from 'viem';
import { type Database, hexOf } from '../store/index.ts';
import { type PledgeRow, PledgeStore } from '../store/filings.ts';
import { StepStore } from '../store/letter-steps.ts';
import { type Desk, requireIdle, type Settling } from './desk.ts';
import { publicScope, type Salted, statement } from './documents.ts';
import { dayWords, letterError, letterErrorWith, momentWords } from './errors.ts';
import { type MemberSaid, type Place, placeOf } from './followed.ts';
import { isSignedBy, type TypedDocument, typedDocument } from './signatures.ts';

/** What a pledge is about. */
export type PledgeKindName = keyof typeof PLEDGE_KIND;

export interface NewPledge {
  readonly creditCode: string;
  readonly name: string;
  readonly kind: PledgeKindName;
  /** What the company pledges. */
  readonly text: string;
  readonly scope: string;
  /** Last day of publication. */
  readonly publicUntil: Day;
  /** The address of the company's key. */
  readonly pledger: Hex;
}

export interface Observation extends Place {
  readonly observer: bigint;
  readonly observationHash: Hex;
}

/** A pledge as its events say it stands. */
export interface PledgeSaid {
  readonly pledgeId: bigint;
  readonly association: bigint;
  readonly kind: PledgeKindName;
  readonly pledger: Hex;
  readonly documentHash: Hex;
  readonly scopeHash: Hex;
  readonly publicUntil: Day;
  readonly published: Place;
  readonly withdrawn: Place | null;
  readonly observations: readonly Observation[];
}

/** A pledge with its document where this node drew it up. */
export interface PledgeView {
  readonly said: PledgeSaid;
  readonly own: boolean;
  readonly row: PledgeRow | undefined;
  /** Published and not taken back, and its last day has not passed. */
  readonly isPublic: boolean;
}

/** Voluntary pledges (自律性信用承诺): public by purpose, no tool of approval. */
export class Pledges {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /**
   * Draws a pledge up for the company to sign; nothing goes on chain.
   * Errors: `USCC_…`, `PLEDGE_NOT_ASSOCIATION`, `PLEDGE_UNTIL_INVALID`.
   */
  async drawUp(
    pledge: NewPledge,
    by: string,
  ): Promise<{ readonly id: bigint; readonly document: Salted; readonly typedData: TypedDocument }> {
    const uscc = parseUscc(pledge.creditCode);
    const { db, clock } = this.#desk.parts;
    return db.transaction(async (tx) => {
      const self = await this.#association(tx);
      this.#requireUntil(pledge.publicUntil);
      const document = statement('voluntary-pledge', 'pledge', {
        association: { member: self.id.toString(), name: self.name, creditCode: self.creditCode },
        pledger: { name: pledge.name, creditCode: uscc },
        kind: pledge.kind,
        text: pledge.text,
      });
      const hash = saltedHash(document);
      const row = {
        uscc,
        subjectName: pledge.name,
        pledger: pledge.pledger.toLowerCase(),
        kind: PLEDGE_KIND[pledge.kind],
        document,
        documentHash: hexToBytes(hash),
        scope: { ...publicScope(pledge.scope) },
        publicUntil: pledge.publicUntil,
        madeBy: by,
        createdAt: clock.now(),
      };
      const id = await new PledgeStore(tx).insert(row);
      return { id, document, typedData: this.#typed(self.id, row) };
    });
  }

  /**
   * Publishes a pledge that was drawn up, against the company's signature.
   * Errors: `PLEDGE_UNKNOWN`, `PLEDGE_WRONG_SIGNATURE`, `PLEDGE_UNTIL_INVALID`, `PLEDGE_KNOWN`, `STEP_ON_ITS_WAY`.
   */
  async publish(
    id: bigint,
    signature: Hex,
    by: string,
  ): Promise<{ readonly pledgeId: bigint | null; readonly settling: Settling }> {
    const { outboxId, planned } = await this.#desk.take(async (tx) => {
      const self = await this.#association(tx);
      const row = await new PledgeStore(tx).byId(id);
      if (row === undefined) throw letterError('PLEDGE_UNKNOWN', { id });
      requireIdle(await new StepStore(tx).of('pledge', [id.toString()]));
      const documentHash = hexOf(row.documentHash);
      const known = (await this.#said(tx)).find(
        (each) => each.association === self.id && each.documentHash === documentHash,
      );
      if (known !== undefined) throw letterError('PLEDGE_KNOWN', { pledgeId: known.pledgeId });
      this.#requireUntil(row.publicUntil as Day);
      if (!isSignedBy(this.#typed(self.id, row), signature, row.pledger as Hex)) {
        throw letterError('PLEDGE_WRONG_SIGNATURE', { id, pledger: row.pledger });
      }
      return {
        about: 'pledge',
        key: id.toString(),
        action: 'publish',
        detail: { signature },
        to: this.#contract,
        data: encodeFunctionData({
          abi: voluntaryPledgesAbi,
          functionName: 'publish',
          args: [
            row.kind,
            row.pledger as Hex,
            documentHash,
            saltedHash(row.scope as Salted),
            row.publicUntil,
            signature,
          ],
        }),
        by,
        documentHash,
        association: self.id,
      };
    });
    const settling = await this.#desk.settled(outboxId, 'pledge');
    // Another association may have published the same hash, seen while ours was pending.
    const said = (await this.#said(this.#desk.parts.db)).find(
      ({ documentHash, association }) =>
        documentHash === planned.documentHash && association === planned.association,
    );
    return { pledgeId: said?.pledgeId ?? null, settling };
  }

  /** What the company signs to take a pledge back. Errors: `PLEDGE_UNKNOWN`, `PLEDGE_WITHDRAWN`. */
  async drawUpWithdrawal(pledgeId: bigint): Promise<TypedDocument> {
    await this.#standing(this.#desk.parts.db, pledgeId);
    return typedDocument(this.#ledger, PLEDGE_WITHDRAWAL_TYPES, { pledgeId });
  }

  /** Relays a company's withdrawal of its pledge. Errors: `PLEDGE_UNKNOWN`, `PLEDGE_WITHDRAWN`, `PLEDGE_WRONG_SIGNATURE`. */
  async withdraw(pledgeId: bigint, signature: Hex, by: string): Promise<Settling> {
    const { outboxId } = await this.#desk.take(async (tx) => {
      const said = await this.#standing(tx, pledgeId);
      requireIdle(await new StepStore(tx).of('pledge', [chainKey(pledgeId)]));
      const typed = typedDocument(this.#ledger, PLEDGE_WITHDRAWAL_TYPES, { pledgeId });
      if (!isSignedBy(typed, signature, said.pledger)) {
        throw letterError('PLEDGE_WRONG_SIGNATURE', { pledgeId, pledger: said.pledger });
      }
      return {
        about: 'pledge',
        key: chainKey(pledgeId),
        action: 'withdraw',
        detail: {},
        to: this.#contract,
        data: encodeFunctionData({
          abi: voluntaryPledgesAbi,
          functionName: 'withdraw',
          args: [pledgeId, signature],
        }),
        by,
      };
    });
    return this.#desk.settled(outboxId, 'pledge');
  }

  /**
   * Attaches an observation to another association's pledge: ours, and no finding.
   * Errors: `PLEDGE_UNKNOWN`, `PLEDGE_WITHDRAWN`, `PLEDGE_OWN`, `LETTER_REASON_MISSING`.
   */
  async observe(
    pledgeId: bigint,
    text: string,
    by: string,
  ): Promise<{ readonly document: Salted; readonly settling: Settling }> {
    const { outboxId, planned } = await this.#desk.take(async (tx) => {
      const self = await this.#desk.self(tx);
      const said = await this.#standing(tx, pledgeId);
      if (said.association === self.id) throw letterError('PLEDGE_OWN', { pledgeId });
      requireIdle(await new StepStore(tx).of('pledge', [chainKey(pledgeId)]));
      if (text.trim() === '') throw letterError('LETTER_REASON_MISSING');
      const document = statement('pledge-observation', `pledge:${pledgeId}`, { text: text.trim() });
      return {
        about: 'pledge',
        key: chainKey(pledgeId),
        action: 'observe',
        detail: { document },
        to: this.#contract,
        data: encodeFunctionData({
          abi: voluntaryPledgesAbi,
          functionName: 'observe',
          args: [pledgeId, saltedHash(document)],
        }),
        by,
        document,
      };
    });
    return { document: planned.document, settling: await this.#desk.settled(outboxId, 'pledge') };
  }

  /** Pledges of all associations, oldest first; with documents where they are ours. */
  async list(): Promise<PledgeView[]> {
    const { db, memberId } = this.#desk.parts;
    const self = await memberId(db);
    const said = await this.#said(db);
    const rows = await new PledgeStore(db).byHashes(said.map(({ documentHash }) => hexToBytes(documentHash)));
    const today = this.#desk.today();
    return said.map((each) => ({
      said: each,
      own: each.association === self,
      row:
        each.association === self
          ? rows.find(({ documentHash }) => hexOf(documentHash) === each.documentHash)
          : undefined,
      isPublic: each.withdrawn === null && each.publicUntil >= today,
    }));
  }

  get #contract(): Hex {
    return this.#desk.parts.contracts.pledges;
  }

  get #ledger(): { chainId: number; contract: Hex } {
    return { chainId: this.#desk.parts.chainId, contract: this.#contract };
  }

  #typed(
    association: bigint,
    row: Pick<PledgeRow, 'kind' | 'documentHash' | 'scope' | 'publicUntil'>,
  ): TypedDocument {
    return typedDocument(this.#ledger, PLEDGE_TYPES, {
      association,
      kind: row.kind,
      documentHash: hexOf(row.documentHash),
      scopeHash: saltedHash(row.scope as Salted),
      publicUntil: row.publicUntil,
    });
  }

  async #association(tx: Database): Promise<MemberSaid> {
    const self = await this.#desk.self(tx);
    if (self.role !== 'association' || !self.active) {
      throw letterError('PLEDGE_NOT_ASSOCIATION', {
        memberId: self.id,
        role: self.role,
        active: self.active,
      });
    }
    return self;
  }

  #requireUntil(publicUntil: Day): void {
    const today = this.#desk.today();
    if (publicUntil >= today) return;
    throw letterErrorWith(
      'PLEDGE_UNTIL_INVALID',
      { en: `Today is ${dayWords(today)}.`, zh: `今日为 ${dayWords(today)}。` },
      { publicUntil, today },
    );
  }

  async #standing(db: Database, pledgeId: bigint): Promise<PledgeSaid> {
    const [said] = await this.#said(db, pledgeId);
    if (said === undefined) throw letterError('PLEDGE_UNKNOWN', { pledgeId });
    if (said.withdrawn !== null) {
      const at = momentWords(said.withdrawn.time);
      throw letterErrorWith(
        'PLEDGE_WITHDRAWN',
        { en: `It was ${at}.`, zh: `撤回时间为 ${at}。` },
        { pledgeId, withdrawnAt: said.withdrawn.time },
      );
    }
    return said;
  }

  async #said(db: Database, pledgeId?: bigint): Promise<PledgeSaid[]> {
    const filter = pledgeId === undefined ? {} : { arg: { name: 'pledgeId', values: [pledgeId.toString()] } };
    const pledges = new Map<bigint, PledgeSaid>();
    for (const event of await this.#desk.followed.events(db, 'VoluntaryPledges', filter)) {
      switch (event.name) {
        case 'PledgePublished': {
          const { args } = event;
          pledges.set(args.pledgeId, {
            pledgeId: args.pledgeId,
            association: args.association,
            kind: args.kind === PLEDGE_KIND.productQuality ? 'productQuality' : 'comprehensive',
            pledger: args.pledger.toLowerCase() as Hex,
            documentHash: args.documentHash,
            scopeHash: args.scopeHash,
            publicUntil: args.publicUntil as Day,
            published: placeOf(event),
            withdrawn: null,
            observations: [],
          });
          break;
        }
        case 'PledgeWithdrawn': {
          const pledge = pledges.get(event.args.pledgeId);
          if (pledge !== undefined) pledges.set(pledge.pledgeId, { ...pledge, withdrawn: placeOf(event) });
          break;
        }
        case 'PledgeObserved': {
          const pledge = pledges.get(event.args.pledgeId);
          if (pledge === undefined) break;
          const { observer, observationHash } = event.args;
          const observations = [...pledge.observations, { observer, observationHash, ...placeOf(event) }];
          pledges.set(pledge.pledgeId, { ...pledge, observations });
          break;
        }
        default:
      }
    }
    return [...pledges.values()];
  }
}

function chainKey(pledgeId: bigint): string {
  return `chain:${pledgeId}`;
}
