import { commitmentItemsAbi } from '@credit-ledger/sdk/chain';
import {
  type ConfirmedHashes,
  type Hex,
  itemIdOf,
  keccakHex,
  PUBLIC_REASONS,
  type PublicReason,
  templateIdOf,
  type ToldHashes,
} from '@credit-ledger/sdk/protocol';
import { encodeFunctionData, hexToBytes } from 'viem';
import type { Database } from '../store/index.ts';
import { LetterStore } from '../store/letters.ts';
import { StepStore } from '../store/letter-steps.ts';
import { type Desk, requireIdle, type Settling } from './desk.ts';
import { letterError, letterErrorWith } from './errors.ts';
import { type Place, placeOf } from './followed.ts';
import { ordinalOf, wordAt } from './words.ts';

/** What an applicant is told, in the contract's order (一次性告知). */
export const TOLD = [
  { name: 'subject', words: { en: 'name of the item', zh: '事项名称' } },
  { name: 'basis', words: { en: 'legal basis', zh: '设定依据' } },
  { name: 'purpose', words: { en: 'purpose of the proof', zh: '证明用途' } },
  { name: 'manner', words: { en: 'manner of the commitment', zh: '承诺方式' } },
  { name: 'liability', words: { en: 'liability for a false commitment', zh: '不实承诺的责任' } },
  { name: 'checking', words: { en: 'power to check', zh: '核查权力' } },
  { name: 'publication', words: { en: 'publication, its scope and period', zh: '是否公开、公开范围及时限' } },
] as const;

/** What an applicant confirms, in the contract's order. */
export const CONFIRMED = [
  { name: 'aware', words: { en: 'knows what it was told', zh: '已知晓告知事项' } },
  { name: 'qualified', words: { en: 'fulfils the conditions', zh: '符合条件' } },
  { name: 'liable', words: { en: 'accepts the liability', zh: '愿意承担责任' } },
  { name: 'sincere', words: { en: 'means what it says', zh: '意思表示真实' } },
] as const;

export type ToldName = (typeof TOLD)[number]['name'];
export type ConfirmedName = (typeof CONFIRMED)[number]['name'];
export type ToldTexts = Readonly<Record<ToldName, string>>;
export type ConfirmedTexts = Readonly<Record<ConfirmedName, string>>;

/** An item as its owner publishes it. */
export interface NewItem {
  readonly slug: string;
  readonly title: string;
  readonly legalBasis: string;
  /** The owner's statements; where one is true the item cannot be listed. */
  readonly touches: {
    readonly stateSecurity: boolean;
    readonly publicSafety: boolean;
    readonly lifeOrHealth: boolean;
  };
  /** Every register that there is, up to 8, by default. */
  readonly registers?: readonly bigint[] | undefined;
  readonly claimMaxAgeSeconds: number;
  readonly publicReason: PublicReason;
}

export interface TemplateView {
  readonly templateId: Hex;
  readonly publishedAt: bigint;
  /** Null for a template of another authority: its texts are there. */
  readonly told: ToldTexts | null;
  readonly confirmed: ConfirmedTexts | null;
}

/** A version of an item, with the templates of the item. */
export interface ItemView {
  readonly itemId: Hex;
  readonly owner: bigint;
  readonly own: boolean;
  readonly slug: string;
  readonly version: number;
  readonly inForce: boolean;
  readonly title: string;
  readonly legalBasis: string;
  readonly registers: readonly bigint[];
  readonly claimMaxAgeSeconds: number;
  readonly publicReason: PublicReason;
  readonly published: Place;
  readonly templates: readonly TemplateView[];
}

const MOST_REGISTERS = 8;
const HOUR_SECONDS = 3_600;
const MOST_CLAIM_AGE_SECONDS = 30 * 86_400;
const encoder = new TextEncoder();

/** The hash of a public text, as templates name it on chain. */
export function textHash(text: string): Hex {
  return keccakHex(encoder.encode(text));
}

/** Items to which letters apply, and their templates. */
export class Items {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /**
   * Publishes an item, or a new version of it.
   * Errors: `LETTER_NOT_AUTHORITY`, `LETTER_ITEM_EXCLUDED`, `LETTER_ITEM_TEXT_INVALID`,
   * `LETTER_ITEM_REGISTERS_INVALID`, `LETTER_ITEM_CLAIM_AGE_INVALID`, `STEP_ON_ITS_WAY`.
   */
  async publish(item: NewItem, by: string): Promise<{ readonly itemId: Hex; readonly settling: Settling }> {
    const { outboxId, planned } = await this.#desk.take(async (tx) => {
      const self = await this.#desk.authority(tx);
      requireListable(item);
      requireTexts(item);
      if (item.claimMaxAgeSeconds < HOUR_SECONDS || item.claimMaxAgeSeconds > MOST_CLAIM_AGE_SECONDS) {
        throw letterError('LETTER_ITEM_CLAIM_AGE_INVALID', { claimMaxAgeSeconds: item.claimMaxAgeSeconds });
      }
      const registers = await this.#registers(tx, item.registers);
      const itemId = itemIdOf(self.id, item.slug);
      requireIdle(await new StepStore(tx).of('item', [itemId]));
      return {
        about: 'item',
        key: itemId,
        action: 'publish',
        detail: {},
        to: this.#desk.parts.contracts.items,
        data: encodeFunctionData({
          abi: commitmentItemsAbi,
          functionName: 'publishItem',
          args: [
            item.slug,
            {
              title: item.title,
              legalBasis: item.legalBasis,
              touchesStateSecurity: item.touches.stateSecurity,
              touchesPublicSafety: item.touches.publicSafety,
              touchesLifeOrHealth: item.touches.lifeOrHealth,
              registers,
              claimMaxAgeSeconds: item.claimMaxAgeSeconds,
              publicReason: ordinalOf(PUBLIC_REASONS, item.publicReason),
            },
          ],
        }),
        by,
      };
    });
    return { itemId: planned.key as Hex, settling: await this.#desk.settled(outboxId, 'item') };
  }

  /** Takes an item out of force; letters that were offered go on. Errors: as {@link publish}, `LETTER_ITEM_…`. */
  async withdraw(itemId: Hex, by: string): Promise<Settling> {
    const { outboxId } = await this.#desk.take(async (tx) => {
      await this.#ownItem(tx, itemId);
      requireIdle(await new StepStore(tx).of('item', [itemId]));
      return {
        about: 'item',
        key: itemId,
        action: 'withdraw',
        detail: {},
        to: this.#desk.parts.contracts.items,
        data: encodeFunctionData({
          abi: commitmentItemsAbi,
          functionName: 'withdrawItem',
          args: [itemId],
        }),
        by,
      };
    });
    return this.#desk.settled(outboxId, 'item');
  }

  /**
   * Publishes a template: its texts stay here and are served with it, their hashes go on chain.
   * Errors: `LETTER_TEMPLATE_INCOMPLETE` (which one is missing), `LETTER_TEMPLATE_KNOWN`, `LETTER_ITEM_…`.
   */
  async publishTemplate(
    itemId: Hex,
    texts: { readonly told: Partial<ToldTexts>; readonly confirmed: Partial<ConfirmedTexts> },
    by: string,
  ): Promise<{ readonly templateId: Hex; readonly settling: Settling }> {
    const told = TOLD.map(({ name, words }) => requiredText(texts.told[name], 'told', name, words));
    const confirmed = CONFIRMED.map(({ name, words }) =>
      requiredText(texts.confirmed[name], 'confirmed', name, words),
    );
    const toldHashes = told.map(textHash) as unknown as ToldHashes;
    const confirmedHashes = confirmed.map(textHash) as unknown as ConfirmedHashes;
    const templateId = templateIdOf(itemId, toldHashes, confirmedHashes);
    const { outboxId } = await this.#desk.take(async (tx) => {
      const item = await this.#ownItem(tx, itemId);
      requireIdle(await new StepStore(tx).of('template', [templateId]));
      if (item.templates.some((known) => known.templateId === templateId)) {
        throw letterError('LETTER_TEMPLATE_KNOWN', { templateId });
      }
      await new LetterStore(tx).putTemplate(
        { templateId: hexToBytes(templateId), itemId: hexToBytes(itemId), told, confirmed },
        this.#desk.parts.clock.now(),
      );
      return {
        about: 'template',
        key: templateId,
        action: 'publish',
        detail: {},
        to: this.#desk.parts.contracts.items,
        data: encodeFunctionData({
          abi: commitmentItemsAbi,
          functionName: 'publishTemplate',
          args: [itemId, toldHashes, confirmedHashes],
        }),
        by,
      };
    });
    return { templateId, settling: await this.#desk.settled(outboxId, 'template') };
  }

  /** Items of all authorities, in the version that was published last. */
  async list(): Promise<ItemView[]> {
    const all = await this.#said(this.#desk.parts.db);
    const latest = new Map(all.map((item) => [item.itemId, item]));
    return [...latest.values()];
  }

  /** A version of an item, the latest by default; undefined when there is none. */
  async get(db: Database, itemId: Hex, version?: number): Promise<ItemView | undefined> {
    const versions = (await this.#said(db, itemId)).filter(
      (item) => version === undefined || item.version === version,
    );
    return versions.at(-1);
  }

  async #ownItem(tx: Database, itemId: Hex): Promise<ItemView> {
    const self = await this.#desk.authority(tx);
    const item = await this.get(tx, itemId);
    if (item === undefined) throw letterError('LETTER_ITEM_UNKNOWN', { itemId });
    if (item.owner !== self.id) throw letterError('LETTER_ITEM_NOT_YOURS', { itemId, owner: item.owner });
    if (!item.inForce) throw letterError('LETTER_ITEM_NOT_IN_FORCE', { itemId });
    return item;
  }

  async #registers(tx: Database, named: readonly bigint[] | undefined): Promise<bigint[]> {
    const known = await this.#desk.followed.registers(tx);
    const registers = named === undefined ? known : [...named].sort((a, b) => (a < b ? -1 : 1));
    const unknown = registers.filter((id) => !known.includes(id));
    const repeated = new Set(registers).size !== registers.length;
    if (registers.length === 0 || registers.length > MOST_REGISTERS || repeated || unknown.length > 0) {
      throw letterError('LETTER_ITEM_REGISTERS_INVALID', { registers, unknown, most: MOST_REGISTERS });
    }
    return registers;
  }

  /** Every version of an item, or of all, oldest first. */
  async #said(db: Database, itemId?: Hex): Promise<ItemView[]> {
    const { followed, parts } = this.#desk;
    const filter = itemId === undefined ? {} : { arg: { name: 'itemId', values: [itemId] } };
    const events = await followed.events(db, 'CommitmentItems', filter);
    const self = await parts.memberId(db);
    const versions: ItemView[] = [];
    for (const event of events) {
      switch (event.name) {
        case 'ItemPublished': {
          const { args } = event;
          retire(versions, args.itemId);
          versions.push({
            itemId: args.itemId,
            owner: args.owner,
            own: args.owner === self,
            slug: args.slug,
            version: args.version,
            inForce: true,
            title: args.title,
            legalBasis: args.legalBasis,
            registers: args.registers,
            claimMaxAgeSeconds: args.claimMaxAgeSeconds,
            publicReason: wordAt(PUBLIC_REASONS, args.publicReason),
            published: placeOf(event),
            templates: versions.findLast((item) => item.itemId === args.itemId)?.templates ?? [],
          });
          break;
        }
        case 'ItemWithdrawn':
          retire(versions, event.args.itemId);
          break;
        case 'TemplatePublished': {
          const { templateId, itemId: of } = event.args;
          const texts = await new LetterStore(db).template(hexToBytes(templateId));
          const template: TemplateView = {
            templateId,
            publishedAt: event.blockTime,
            told: texts === undefined ? null : named(TOLD, texts.told),
            confirmed: texts === undefined ? null : named(CONFIRMED, texts.confirmed),
          };
          versions.forEach((item, i) => {
            if (item.itemId === of) versions[i] = { ...item, templates: [...item.templates, template] };
          });
          break;
        }
        default:
      }
    }
    return versions;
  }
}

function retire(versions: ItemView[], itemId: Hex): void {
  versions.forEach((item, i) => {
    if (item.itemId === itemId) versions[i] = { ...item, inForce: false };
  });
}

/** Texts in the contract's order under their names. */
export function named<const N extends readonly { readonly name: string }[]>(
  names: N,
  texts: readonly string[],
): Readonly<Record<N[number]['name'], string>> {
  return Object.fromEntries(names.map(({ name }, i) => [name, texts[i] ?? ''])) as Record<
    N[number]['name'],
    string
  >;
}

function requiredText(
  text: string | undefined,
  part: 'told' | 'confirmed',
  name: string,
  words: { readonly en: string; readonly zh: string },
): string {
  const trimmed = text?.trim() ?? '';
  if (trimmed !== '') return trimmed;
  throw letterErrorWith(
    'LETTER_TEMPLATE_INCOMPLETE',
    { en: `Missing: ${words.en} (${part}.${name}).`, zh: `缺少：${words.zh}（${part}.${name}）。` },
    { part, name },
  );
}

function requireListable({ touches }: NewItem): void {
  const touched = Object.entries(touches).find(([, isTouched]) => isTouched);
  if (touched !== undefined) throw letterError('LETTER_ITEM_EXCLUDED', { touches: touched[0] });
}

function requireTexts({ slug, title, legalBasis }: NewItem): void {
  const limits = [
    ['slug', slug, 64],
    ['title', title, 256],
    ['legalBasis', legalBasis, 512],
  ] as const;
  for (const [field, text, most] of limits) {
    const bytes = encoder.encode(text).length;
    if (text.trim() === '' || bytes > most) {
      throw letterError('LETTER_ITEM_TEXT_INVALID', { field, bytes, most });
    }
  }
}
