import { itemIdOf, keccakHex } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { CONFIRMED, TOLD } from '../../node/src/letters/index.ts';
import { codeOf } from '../support/codes.ts';
import { rejection } from '../support/wait.ts';
import {
  admit,
  BY,
  ITEM,
  type LetterWorld,
  letterWorld,
  offer,
  publishItem,
  SUBJECT,
  TEXTS,
  usualItem,
} from './support/world.ts';

describe('Items of the commitment list', function () {
  this.timeout(60_000);
  let world: LetterWorld;
  beforeEach(async () => {
    world = await letterWorld();
  });
  afterEach(() => world.dispose());

  it('name by default every register that there is, up to eight', async () => {
    await admit(world, { id: 2n, role: 1, registerId: 5n });
    await admit(world, { id: 3n, role: 1, registerId: 3n });
    await publishItem(world);
    const [item] = await world.room.items.list();
    expect(item).to.include({ slug: ITEM.slug, title: ITEM.title, version: 1, inForce: true, own: true });
    expect(item?.itemId).to.equal(itemIdOf(1n, ITEM.slug));
    expect(item?.registers).to.deep.equal([1n, 3n, 5n]);
  });

  it('must name their registers where there are more than eight', async () => {
    for (let id = 2n; id <= 9n; id += 1n) await admit(world, { id, role: 1, registerId: id });
    const error = await rejection(world.room.items.publish(ITEM, BY));
    expect(error.code).to.equal('LETTER_ITEM_REGISTERS_INVALID');
    await world.room.items.publish({ ...ITEM, registers: [9n, 2n] }, BY);
    expect((await world.room.items.list())[0]?.registers).to.deep.equal([2n, 9n]);
  });

  for (const [what, change, code] of [
    ['touch state security', { touches: { ...ITEM.touches, stateSecurity: true } }, 'LETTER_ITEM_EXCLUDED'],
    ['touch public safety', { touches: { ...ITEM.touches, publicSafety: true } }, 'LETTER_ITEM_EXCLUDED'],
    ['touch life or health', { touches: { ...ITEM.touches, lifeOrHealth: true } }, 'LETTER_ITEM_EXCLUDED'],
    ['have no title', { title: ' ' }, 'LETTER_ITEM_TEXT_INVALID'],
    ['have a title of 258 bytes', { title: '许'.repeat(86) }, 'LETTER_ITEM_TEXT_INVALID'],
    ['have no legal basis', { legalBasis: '' }, 'LETTER_ITEM_TEXT_INVALID'],
    ['have no short name', { slug: '' }, 'LETTER_ITEM_TEXT_INVALID'],
    ['name a register that there is not', { registers: [1n, 99n] }, 'LETTER_ITEM_REGISTERS_INVALID'],
    ['name a register twice', { registers: [1n, 1n] }, 'LETTER_ITEM_REGISTERS_INVALID'],
    ['name no register', { registers: [] }, 'LETTER_ITEM_REGISTERS_INVALID'],
    ['take claims of under an hour', { claimMaxAgeSeconds: 3_599 }, 'LETTER_ITEM_CLAIM_AGE_INVALID'],
    ['take claims of over 30 days', { claimMaxAgeSeconds: 2_592_001 }, 'LETTER_ITEM_CLAIM_AGE_INVALID'],
  ] as const) {
    it(`are refused, and nothing is sent, when they ${what}`, async () => {
      expect(await codeOf(world.room.items.publish({ ...ITEM, ...change }, BY))).to.equal(code);
      expect(world.chain.sent).to.deep.equal([]);
    });
  }

  it('belong to authorities: an association cannot publish one, nor anybody another’s', async () => {
    const { itemId } = await publishItem(world);
    await admit(world, { id: 2n, role: 1 });
    await admit(world, { id: 3n, role: 3 });
    world.chain.member = 2n;
    expect(await codeOf(world.room.items.withdraw(itemId, BY))).to.equal('LETTER_ITEM_NOT_YOURS');
    expect(await codeOf(world.room.items.publishTemplate(itemId, TEXTS, BY))).to.equal(
      'LETTER_ITEM_NOT_YOURS',
    );
    world.chain.member = 3n;
    expect(await codeOf(world.room.items.publish(ITEM, BY))).to.equal('LETTER_NOT_AUTHORITY');
    const unknown = itemIdOf(3n, 'nothing');
    world.chain.member = 2n;
    expect(await codeOf(world.room.items.withdraw(unknown, BY))).to.equal('LETTER_ITEM_UNKNOWN');
  });

  it('that are suspended authorities’ cannot be published', async () => {
    await world.register.chain.mine([
      {
        contract: 'Consortium',
        name: 'MemberSuspended',
        args: { memberId: 1n, reasonHash: `0x${'1'.repeat(64)}`, fromBlock: 1n },
      },
    ]);
    expect(await codeOf(world.room.items.publish(ITEM, BY))).to.equal('LETTER_NOT_AUTHORITY');
  });

  it('have versions: the one published last is in force, and a letter says which it was offered under', async () => {
    const id = await offer(world);
    const { itemId } = await usualItem(world);
    await world.room.items.publish({ ...ITEM, title: '食品经营许可（新）' }, BY);
    const [item] = await world.room.items.list();
    expect(item).to.include({ version: 2, inForce: true, title: '食品经营许可（新）' });
    expect(item?.templates).to.have.length(1);
    expect(await world.room.items.get(world.db, itemId, 1)).to.include({ version: 1, inForce: false });
    expect(await world.room.views.get(id)).to.include({ itemVersion: 1, itemTitle: ITEM.title });
  });

  it('that are withdrawn take no letter and no template, and are withdrawn once', async () => {
    const { itemId, templateId } = await publishItem(world);
    await world.room.items.withdraw(itemId, BY);
    expect((await world.room.items.list())[0]?.inForce).to.equal(false);
    expect(await codeOf(world.room.letters.offer({ itemId, templateId, ...SUBJECT }, BY))).to.equal(
      'LETTER_ITEM_NOT_IN_FORCE',
    );
    expect(await codeOf(world.room.items.publishTemplate(itemId, TEXTS, BY))).to.equal(
      'LETTER_ITEM_NOT_IN_FORCE',
    );
    expect(await codeOf(world.room.items.withdraw(itemId, BY))).to.equal('LETTER_ITEM_NOT_IN_FORCE');
  });

  describe('their templates', () => {
    for (const [part, list] of [
      ['told', TOLD],
      ['confirmed', CONFIRMED],
    ] as const) {
      for (const { name, words } of list) {
        it(`without “${words.zh}” are incomplete, and the missing one is named in both languages`, async () => {
          const { itemId } = await world.room.items.publish(ITEM, BY);
          const before = world.chain.sent.length;
          for (const text of [undefined, '  ']) {
            const texts = { ...TEXTS, [part]: { ...TEXTS[part], [name]: text } };
            const error = await rejection(world.room.items.publishTemplate(itemId, texts, BY));
            expect(error.code).to.equal('LETTER_TEMPLATE_INCOMPLETE');
            expect(error.message).to.include(words.en);
            expect((error as unknown as { messageZh: string }).messageZh).to.include(words.zh);
          }
          expect(world.chain.sent).to.have.length(before);
        });
      }
    }

    it('are served with their texts, whose hashes are on chain', async () => {
      const { itemId, templateId } = await publishItem(world);
      const item = await world.room.items.get(world.db, itemId);
      const [template] = item?.templates ?? [];
      expect(template).to.include({ templateId });
      expect(template?.told).to.deep.equal(TEXTS.told);
      expect(template?.confirmed).to.deep.equal(TEXTS.confirmed);
      const hash = keccakHex(Buffer.from(TEXTS.told['subject'] ?? ''));
      expect(world.chain.sent.at(-1)?.data).to.include(hash.slice(2));
    });

    it('are published once, and only with one of its own can an item’s letter be offered', async () => {
      const { itemId, templateId } = await publishItem(world);
      expect(await codeOf(world.room.items.publishTemplate(itemId, TEXTS, BY))).to.equal(
        'LETTER_TEMPLATE_KNOWN',
      );
      const other = await publishItem(world, { slug: 'other' });
      for (const template of [other.templateId, `0x${'1'.repeat(64)}` as const]) {
        expect(
          await codeOf(world.room.letters.offer({ itemId, templateId: template, ...SUBJECT }, BY)),
        ).to.equal('LETTER_TEMPLATE_UNKNOWN');
      }
      expect(
        await codeOf(world.room.letters.offer({ itemId, templateId, ...SUBJECT, creditCode: '91' }, BY)),
      ).to.equal('USCC_LENGTH');
    });
  });
});
