import { expect } from 'chai';
import type { Database } from '../../node/src/store/index.ts';
import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  bodyOf,
  contentOf,
  encodeEntry,
  EMPTY_ROOT,
  type Entry,
  headOfChain,
  type LedgerClass,
  type Op,
  type EntryBody,
  RegisterTree,
  type SubjectKey,
  toBytes32,
} from '@credit-ledger/sdk/protocol';
import { publicEntry } from '../../node/src/registers/batching.ts';
import {
  batchesAhead,
  bringForward,
  checkStore,
  OpeningsJournal,
  STORE_CHECKS,
} from '../../node/src/registers/index.ts';
import { BatchStore, EntryStore, OutboxStore, TreeStore } from '../../node/src/store/index.ts';
import { RecordStore } from '../../node/src/store/records.ts';
import { codeOf } from '../support/codes.ts';
import { COMPANY, companyCode, OTHER_COMPANY, type RegisterWorld, registerWorld } from './support/world.ts';

const PROMISE_SECONDS = 86_400;

describe('The agency’s register', () => {
  let world: RegisterWorld;

  beforeEach(async () => {
    world = await registerWorld();
    await world.service.open(PROMISE_SECONDS);
    await world.settle();
  });
  afterEach(() => world.dispose());

  const outbox = () => new OutboxStore(world.db).list(100);
  const appends = async () => (await outbox()).filter(({ kind }) => kind === 'append');
  const standing = () => new TreeStore(world.db).standing(1n);

  async function anchor(...records: Parameters<RegisterWorld['record']>): Promise<bigint[]> {
    const made = await world.record(...records);
    await world.service.anchorNow();
    await world.settle();
    return made.map(({ id }) => id);
  }

  describe('opening', () => {
    it('binds the register that the chain opened under our commitment', async () => {
      const { state, registerId, promiseSeconds } = await world.service.status();
      expect([state, registerId, promiseSeconds]).to.deep.equal(['open', 1n, PROMISE_SECONDS]);
      expect(await codeOf(world.service.open(PROMISE_SECONDS))).to.equal('REGISTER_ALREADY_OPEN');
    });

    it('sends once, however often it is asked for', async () => {
      const fresh = await registerWorld();
      try {
        const first = await fresh.service.open(60);
        expect(await fresh.service.open(60)).to.deep.equal(first);
        expect(fresh.keyring.secrets.size).to.equal(1);
      } finally {
        await fresh.dispose();
      }
    });

    it('makes another secret when somebody else took the commitment', async () => {
      const fresh = await registerWorld();
      try {
        await fresh.service.open(60);
        const [mine] = await new BatchStore(fresh.db).registers();
        await fresh.chain.mine([
          {
            name: 'RegisterOpened',
            args: {
              registerId: 1n,
              owner: 2n,
              secretCommit: toBytes32(mine?.secretCommit ?? 0n),
              promiseSeconds: 60,
            },
          },
        ]);
        expect((await fresh.service.status()).state).to.equal('opening');
        await fresh.service.open(60);
        expect(fresh.keyring.secrets.size).to.equal(2);
      } finally {
        await fresh.dispose();
      }
    });

    it('is undone with the block of the opening', async () => {
      await world.chain.rollBackTo(world.chain.block - 1n);
      expect((await world.service.status()).state).to.equal('opening');
      await world.settle();
      expect((await world.service.status()).registerId).to.equal(1n);
    });
  });

  describe('anchoring', () => {
    it('brings records to the chain under the root that their entries give', async () => {
      const [recordId] = await anchor({}, { uscc: OTHER_COMPANY });
      const [batch] = await standing();
      const rows = await new EntryStore(world.db).ofBatch(1n);
      const reference = new RegisterTree();
      reference.append(rows.map(publicEntry), 1);
      expect(batch?.claimedRoot).to.equal(reference.root()).and.to.equal(batch?.root);
      expect((await world.service.receipt(recordId ?? 0n)).entries[0]?.state).to.equal('appended');
      expect((await world.service.status()).waitingBatches).to.equal(0);
    });

    it('sends one batch at a time, in order', async () => {
      await world.record({});
      await world.service.anchorNow();
      await world.record({});
      await world.service.anchorNow();
      await world.service.look();
      await world.service.look();
      expect(await appends()).to.have.length(1);
      await world.settle();
      expect((await standing()).map(({ seq }) => seq)).to.deep.equal([1n, 2n]);
      expect((await world.service.status()).hindrance).to.equal(null);
    });

    it('happens on schedule by the node’s clock, not on arrival', async () => {
      await world.record({});
      await world.settle();
      expect(await standing()).to.have.length(0);
      world.clock.shift(3_601_000);
      await world.settle();
      expect(await standing()).to.have.length(1);
    });

    it('puts no root on the chain that it did not compute: another batch in its place stops the register', async () => {
      await anchor({});
      const stranger: Entry = { key: 5n as SubjectKey, op: 0 as Op, body: 6n as EntryBody };
      const tree = new RegisterTree();
      for (const batch of await standing()) {
        tree.append((await new EntryStore(world.db).ofBatch(1n)).map(publicEntry), Number(batch.seq));
      }
      const prevRoot = toBytes32(tree.root());
      tree.append([stranger], 2);
      await world.chain.append({
        registerId: 1n,
        prevRoot,
        newRoot: toBytes32(tree.root()),
        entries: [encodeEntry(stranger)],
      });
      await world.record({});
      await world.service.anchorNow();
      await world.settle();
      const status = await world.service.status();
      expect(status.hindrance?.code).to.equal('REGISTER_DIVERGED');
      expect(status.hindrance?.operands['seq']).to.equal(2n);
      expect(await appends()).to.have.length(1);
    });

    it('tries again later after a refusal, and says what it was', async () => {
      await world.record({});
      await world.service.anchorNow();
      await world.service.look();
      const store = new OutboxStore(world.db);
      const [row] = await appends();
      await store.fail(
        row?.id ?? 0n,
        { code: 'CHAIN_REVERTED', message: 'no', messageZh: '否', operands: {} },
        world.clock.now(),
      );
      await world.service.look();
      const { hindrance } = await world.service.status();
      expect([hindrance?.code, hindrance?.operands['refusal']]).to.deep.equal([
        'SEND_REFUSED',
        'CHAIN_REVERTED',
      ]);
      expect(await appends()).to.have.length(1);
      world.clock.shift(2_000);
      await world.settle();
      expect(await appends()).to.have.length(2);
      expect(await standing()).to.have.length(1);
      expect((await world.service.status()).hindrance).to.equal(null);
    });
  });

  describe('the journal', () => {
    it('has a batch’s openings before the batch is sent', async () => {
      await world.record({}, { uscc: OTHER_COMPANY });
      // A file where the journal's directory should be.
      await rm(dirname(world.journalPath), { recursive: true, force: true });
      await writeFile(dirname(world.journalPath), '');
      await world.service.anchorNow();
      await world.service.look();
      const status = await world.service.status();
      expect(status.hindrance?.code).to.equal('JOURNAL_UNWRITABLE');
      expect(status.hinderedSince).to.be.instanceOf(Date);
      expect(await appends()).to.have.length(0);
      expect((await new BatchStore(world.db).unjournalled()).map(({ ordinal }) => ordinal)).to.deep.equal([
        1,
      ]);

      await rm(dirname(world.journalPath));
      await world.settle();
      expect((await world.service.status()).hindrance).to.equal(null);
      expect(await standing()).to.have.length(1);
      expect((await world.journalled()).map(({ ordinal }) => ordinal)).to.deep.equal([1]);
    });

    it('gives back all that is needed to rebuild entries, batches and the root', async () => {
      await anchor({}, { uscc: OTHER_COMPANY }, {});
      const recordId =
        (await new EntryStore(world.db).ofBatch(1n)).find(({ uscc }) => uscc === COMPANY)?.recordId ?? 0n;
      await world.service.operate({
        op: 'repair',
        recordId,
        day: '2026-01-05',
        reason: '修复',
        conditionsMet: ['obligations-done', 'public-promise'],
      });
      await anchor({ class: 2 });
      const tree = new RegisterTree();
      for (const batch of await world.journalled()) {
        const rows = await new EntryStore(world.db).ofBatch(BigInt(batch.ordinal));
        expect(batch.entries.map(({ id }) => BigInt(id))).to.deep.equal(rows.map(({ id }) => id));
        for (const entry of batch.entries) {
          const content = contentOf(entry.salts);
          expect(content).to.equal(BigInt(entry.content));
          expect(bodyOf(BigInt(entry.packed), content)).to.equal(BigInt(entry.body));
        }
        const entries = batch.entries.map((entry) =>
          publicEntry({ subjectKey: BigInt(entry.subjectKey), op: entry.op, body: BigInt(entry.body) }),
        );
        tree.append(entries, batch.ordinal);
      }
      expect(tree.root()).to.equal((await standing()).at(-1)?.claimedRoot);
    });

    it('restores a lost database: records, entries, batches and proofs are as they were, and anchoring goes on', async () => {
      const [recordId] = await anchor({}, { uscc: OTHER_COMPANY });
      await world.service.operate({
        op: 'correct',
        recordId: recordId ?? 0n,
        day: '2026-01-05',
        reason: '更正',
        corrected: { severity: 1 },
      });
      await anchor({});
      const snapshot = async () => ({
        records: await new RecordStore(world.db).list(),
        entries: await Promise.all([1n, 2n].map((id) => new EntryStore(world.db).ofBatch(id))),
        chain: await world.service.chainOf(COMPANY, 1, 1n, 2n),
      });
      const before = await snapshot();
      await world.db.exec('TRUNCATE own_registers, own_batches, entries, records RESTART IDENTITY CASCADE');
      await world.service.look();
      const journal = new OpeningsJournal(world.journalPath, world.journalKey);
      const restore = () =>
        world.db.transaction((tx) => bringForward(tx, journal, world.keyring as never, world.clock));
      expect(await batchesAhead(world.db, journal)).to.equal(2);
      expect(await restore()).to.deep.equal({ batches: 2, entries: 5, records: 4 });
      expect(await restore()).to.deep.equal({ batches: 0, entries: 0, records: 0 });
      expect(await batchesAhead(world.db, journal)).to.equal(0);
      const after = await snapshot();
      expect(after.entries).to.deep.equal(before.entries);
      expect(after.chain).to.deep.equal(before.chain);
      const withoutTimes = (rows: typeof before.records) =>
        rows.map(({ createdAt: _createdAt, ...row }) => row);
      expect(withoutTimes(after.records)).to.deep.equal(withoutTimes(before.records));
      await anchor({});
      expect((await standing()).map(({ seq }) => seq)).to.deep.equal([1n, 2n, 3n]);
      expect((await world.service.status()).hindrance).to.equal(null);
    });

    it('brings an older database forward: what waited then is taken into its batch, and what came later is added', async () => {
      await anchor({});
      const [waiting] = await world.record({});
      const tables = ['own_batches', 'entries', 'records'] as const;
      const older = await Promise.all(tables.map((table) => world.db.query(`SELECT * FROM ${table}`)));
      await world.service.anchorNow();
      await world.settle();
      await anchor({});
      const before = await Promise.all([1n, 2n, 3n].map((id) => new EntryStore(world.db).ofBatch(id)));
      // The database of before: the second record waits, the third is not there.
      await world.db.query('DELETE FROM own_batches WHERE ordinal > 1');
      await world.db.query('DELETE FROM entries WHERE id > 2');
      await world.db.query('DELETE FROM records WHERE id > 2');
      await world.db.query('UPDATE entries SET batch_id = NULL, batch_position = NULL WHERE id = 2');
      expect((await world.db.query('SELECT * FROM entries')).length).to.equal(older[1]?.length);
      const journal = new OpeningsJournal(world.journalPath, world.journalKey);
      expect(await batchesAhead(world.db, journal)).to.equal(2);
      const forward = () =>
        world.db.transaction((tx) => bringForward(tx, journal, world.keyring as never, world.clock));
      expect(await forward()).to.deep.include({ batches: 2, entries: 2 });
      const entries = await world.db.query<{ record_id: string; ordinal: number }>(
        'SELECT e.record_id, b.ordinal FROM entries e JOIN own_batches b ON b.id = e.batch_id ORDER BY e.id',
      );
      expect(entries.map(({ ordinal }) => ordinal)).to.deep.equal([1, 2, 3]);
      expect(BigInt(entries[1]?.record_id ?? 0)).to.equal(waiting?.id);
      expect(before.flat().length).to.equal(3);
    });

    it('and store, tree and chain agree, and every alteration is found by the check that is for it', async () => {
      await anchor({});
      const [kept] = await anchor({}, { uscc: OTHER_COMPANY });
      const journal = new OpeningsJournal(world.journalPath, world.journalKey);
      const head = (await standing()).at(-1);
      const failing = async (db: Database = world.db, root = head?.claimedRoot ?? 0n): Promise<string[]> => {
        const report = await checkStore({
          db,
          keyring: world.keyring as never,
          journal,
          chainHead: () => Promise.resolve({ seq: head?.seq ?? 0n, root }),
        });
        expect(report.checks.map(({ check }) => check)).to.deep.equal(Object.keys(STORE_CHECKS));
        expect(report.holds).to.equal(report.checks.every(({ holds }) => holds));
        return report.checks.filter(({ holds }) => !holds).map(({ check }) => check);
      };
      /** Looks while something is altered, and puts it right again. */
      const whileAltered = async (alter: string): Promise<string[]> => {
        let found: string[] = [];
        await world.db
          .transaction(async (tx) => {
            await tx.exec(alter);
            found = await failing(tx);
            throw new Error('undo');
          })
          .catch((error: unknown) => {
            if (!(error instanceof Error) || error.message !== 'undo') throw error;
          });
        return found;
      };
      expect(await failing()).to.deep.equal([]);
      const cases: readonly (readonly [string, readonly string[]])[] = [
        ["UPDATE entries SET body = '\\x01' WHERE id = 1", ['openings']],
        ["UPDATE entries SET content = '\\x01' WHERE id = 1", ['openings']],
        ["UPDATE entries SET salts = '[]' WHERE id = 1", ['openings']],
        ['UPDATE entries SET chain_index = 7 WHERE id = 1', ['chains']],
        ["UPDATE own_batches SET entries_hash = '\\x01' WHERE ordinal = 1", ['openings', 'standing']],
        ['UPDATE own_batches SET size = 9 WHERE ordinal = 1', ['openings']],
        ["UPDATE register_trees SET root = '\\x01' WHERE seq = 1", ['roots']],
        ["UPDATE own_registers SET secret_commit = '\\x01'", ['secret']],
        [`UPDATE entries SET record_id = NULL WHERE record_id = ${kept ?? 0n}`, ['records']],
        [
          'UPDATE entries SET batch_id = NULL WHERE batch_id = 2; DELETE FROM own_batches WHERE ordinal = 2',
          ['journal', 'standing'],
        ],
      ];
      for (const [alter, expected] of cases) expect(await whileAltered(alter), alter).to.deep.equal(expected);
      expect(await failing(world.db, 5n)).to.deep.equal(['head']);
    });

    it('is not mixed with a database that says something else under the same numbers', async () => {
      await anchor({});
      await anchor({});
      await world.db.query('DELETE FROM own_batches WHERE ordinal = 2');
      await world.db.query(
        "UPDATE entries SET batch_id = NULL, batch_position = NULL, body = '\\x01' WHERE id = 2",
      );
      const journal = new OpeningsJournal(world.journalPath, world.journalKey);
      const forward = world.db.transaction((tx) =>
        bringForward(tx, journal, world.keyring as never, world.clock),
      );
      expect(await codeOf(forward)).to.equal('RESTORE_JOURNAL_DIFFERS');
    });

    it('is written again in full when its file was lost', async () => {
      await anchor({});
      await anchor({});
      await rename(world.journalPath, `${world.journalPath}.lost`);
      await anchor({});
      expect((await world.journalled()).map(({ ordinal }) => ordinal).sort()).to.deep.equal([1, 2, 3]);
    });

    it('is completed after a crash between deciding and writing, and between writing and noting it', async () => {
      await world.record({});
      await world.service.anchorNow();
      await world.service.look();
      await world.db.query('UPDATE own_batches SET journalled_at = NULL');
      await world.settle();
      const ordinals = (await world.journalled()).map(({ ordinal }) => ordinal);
      expect(new Set(ordinals)).to.deep.equal(new Set([1]));
      expect(await new BatchStore(world.db).unjournalled()).to.deep.equal([]);
    });
  });

  describe('when the council annuls its roots', () => {
    it('the same entries come again in order, before anything new, under the right roots', async () => {
      await anchor({});
      const recordIds = [...(await anchor({})), ...(await anchor({}))];
      const before = (await standing()).map(({ entriesHash }) => entriesHash);
      await world.record({});
      await world.service.anchorNow();
      await world.chain.annulAfter(1n, 1n);
      const [pending] = (await world.service.receipt(recordIds[0] ?? 0n)).entries;
      expect(pending?.state).to.equal('batched');
      expect(pending?.batch?.annulled.map(({ seq, state }) => [seq, state])).to.deep.equal([
        [2n, 'annulled'],
      ]);
      await world.settle();
      const after = await standing();
      expect(after.map(({ seq }) => seq)).to.deep.equal([1n, 4n, 5n, 6n]);
      expect(after.map(({ entriesHash }) => entriesHash).slice(0, 3)).to.deep.equal(before);
      expect(after.every(({ root, claimedRoot }) => root === claimedRoot)).to.equal(true);
      const [again] = (await world.service.receipt(recordIds[0] ?? 0n)).entries;
      expect([again?.state, again?.batch?.standing?.seq]).to.deep.equal(['appended', 4n]);
    });
  });

  describe('when the chain goes back', () => {
    it('receipts go back to waiting and the batch is anchored once again', async () => {
      const [recordId] = await anchor({});
      const block = world.chain.block;
      const [second] = await anchor({});
      await world.chain.rollBackTo(block);
      const state = async (id: bigint | undefined) =>
        (await world.service.receipt(id ?? 0n)).entries[0]?.state;
      expect([await state(recordId), await state(second)]).to.deep.equal(['appended', 'batched']);
      const sent = (await appends()).length;
      await world.settle();
      expect(await state(second)).to.equal('appended');
      expect((await appends()).length).to.equal(sent);
      expect((await standing()).map(({ seq }) => seq)).to.deep.equal([1n, 2n]);
    });

    it('an annulment that was undone is undone in the tree, too', async () => {
      await anchor({});
      await anchor({});
      const root = (await standing()).at(-1)?.root;
      const block = world.chain.block;
      await world.chain.annulAfter(1n, 1n);
      await world.chain.rollBackTo(block);
      const tree = await world.db.transaction((tx) => world.replay.tree(tx, 1n));
      expect(tree.root()).to.equal(root);
      expect(await standing()).to.have.length(2);
    });
  });

  describe('heartbeats', () => {
    it('come well inside the promise while there is nothing to anchor', async () => {
      await anchor({});
      await world.settle();
      const beats = async () => (await outbox()).filter(({ kind }) => kind === 'heartbeat').length;
      expect(await beats()).to.equal(0);
      world.clock.shift(PROMISE_SECONDS * 0.5 * 1000);
      await world.settle();
      expect(await beats()).to.equal(1);
      await world.settle();
      expect(await beats()).to.equal(1);
      world.clock.shift(PROMISE_SECONDS * 0.5 * 1000);
      await world.settle();
      expect(await beats()).to.equal(2);
    });

    it('do not come while a batch is due, which stands by its root as well', async () => {
      await world.record({});
      world.clock.shift(PROMISE_SECONDS * 0.9 * 1000);
      await world.service.look();
      await world.service.look();
      expect((await outbox()).map(({ kind }) => kind)).to.deep.equal(['append', 'open']);
    });
  });

  describe('a subject’s chain for proving', () => {
    const chain = (uscc: string, seq: bigint, ledgerClass: LedgerClass = 1) =>
      world.service.chainOf(uscc, ledgerClass, 1n, seq);

    it('holds what is anchored by that batch, not what came later or waits', async () => {
      await anchor({}, {});
      await anchor({});
      await world.record({});
      const [first, second] = [await chain(COMPANY, 1n), await chain(COMPANY, 2n)];
      expect([first.entries.length, second.entries.length]).to.deep.equal([2, 3]);
      expect(first.path.kind).to.equal('member');
      expect(first.path.leaf.head).to.equal(headOfChain(first.entries));
      expect(first.root).to.equal((await standing())[0]?.root);
    });

    it('is a path of absence for a subject without entries, or with entries in another class', async () => {
      await anchor({});
      for (const absent of [await chain(companyCode(99), 1n), await chain(COMPANY, 1n, 2)]) {
        expect([absent.path.kind, absent.entries.length, absent.head]).to.deep.equal(['absent', 0, 0n]);
        expect(absent.path.leaf.key < absent.key).to.equal(true);
      }
    });

    it('exists under the empty register', async () => {
      const empty = await chain(COMPANY, 0n);
      expect([empty.root, empty.path.kind]).to.deep.equal([EMPTY_ROOT, 'absent']);
    });

    it('is refused when an opening was lost or altered', async () => {
      await anchor({}, {});
      await world.db.query('UPDATE entries SET packed = set_byte(packed, 31, 1) WHERE chain_index = 1');
      expect(await codeOf(chain(COMPANY, 1n))).to.equal('OPENINGS_LOST');
      await world.db.query('DELETE FROM entries WHERE chain_index = 1');
      expect(await codeOf(chain(COMPANY, 1n))).to.equal('OPENINGS_LOST');
    });

    it('is refused under a batch that does not stand, and in a register of somebody else', async () => {
      await anchor({});
      await anchor({});
      await world.chain.annulAfter(1n, 1n);
      expect(await codeOf(chain(COMPANY, 2n))).to.equal('BATCH_NOT_STANDING');
      expect(await codeOf(chain(COMPANY, 9n))).to.equal('BATCH_NOT_STANDING');
      expect(await codeOf(world.service.chainOf(COMPANY, 1, 2n, 1n))).to.equal('REGISTER_NOT_OPEN');
    });

    it('is the same for a process that starts anew', async () => {
      await anchor({}, { uscc: OTHER_COMPANY });
      await anchor({});
      const again = world.restarted();
      expect(await again.chainOf(COMPANY, 1, 1n, 1n)).to.deep.equal(await chain(COMPANY, 1n));
      expect(await again.chainOf(COMPANY, 1, 1n, 2n)).to.deep.equal(await chain(COMPANY, 2n));
    });
  });

  it('knows nothing of a record that it does not have', async () => {
    expect(await codeOf(world.service.receipt(77n))).to.equal('RECORD_UNKNOWN');
  });
});
