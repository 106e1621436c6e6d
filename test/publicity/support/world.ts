import { randomBytes } from 'node:crypto';
import { type Day, dateOfDay, dayOfDate, OPEN_END, packYear } from '@credit-ledger/sdk/protocol';
import { Publicity } from '../../../node/src/publicity/index.ts';
import type { Operation } from '../../../node/src/registers/index.ts';
import type { NewRecord } from '../../../node/src/store/records.ts';
import { COMPANY, type RegisterWorld, registerWorld } from '../../registers/support/world.ts';
import type { TestDatabase } from '../../support/database.ts';

const MILLISECONDS_A_DAY = 86_400_000;
/** 1 to 3 May 2026 and the Mondays after: days off, beside the weekends. */
const HOLIDAYS = new Set(['2026-05-01', '2026-05-04', '2026-05-05']);

export interface PublicityWorld extends RegisterWorld {
  readonly publicity: Publicity;
  /** Moves the clock to noon, Beijing time, of a day. */
  goTo(date: string): void;
  /** A record anchored today; its number. */
  anchored(record?: Partial<NewRecord>): Promise<bigint>;
  /** Anchors whatever waits. */
  anchor(): Promise<void>;
  operate(op: Operation['op'], recordId: bigint, more?: Partial<Operation>): Promise<bigint>;
  /** How many statements the database was asked, from now on. */
  countStatements(): () => number;
}

/** A fine of general severity, decided on 20 April 2026. */
export function fine(more: Partial<NewRecord> = {}): Partial<NewRecord> {
  return {
    uscc: COMPANY,
    kind: 3,
    domain: 3,
    severity: 1,
    severityBasis: 'transport@1: any',
    day: dayOfDate('2026-04-20'),
    until: OPEN_END,
    fields: [
      { name: 'subjectName', value: '北京示例有限公司' },
      { name: 'taxNumber', value: '110108000000001' },
      { name: 'violationType', value: '未按规定维护车辆' },
      { name: 'facts', value: '抽查发现三台车辆超期未维护' },
      { name: 'facts.raw', value: '抽查发现 三台车辆超期未维护' },
      { name: 'penaltyContent', value: '罚款 5000 元' },
      { name: 'remark', value: '内部备注' },
    ],
    contentHash: `0x${randomBytes(32).toString('hex')}`,
    ...more,
  };
}

/** A node's publicity over a register and a chain that is pretended; today is 27 April 2026. */
export async function publicityWorld(
  years: readonly number[] = [2026],
  open?: () => Promise<TestDatabase>,
): Promise<PublicityWorld> {
  const world = await registerWorld({}, open);
  const goTo = (date: string): void =>
    world.clock.shift(Date.parse(`${date}T12:00:00+08:00`) - world.clock.now().getTime());
  goTo('2026-04-27');
  await world.service.open(86_400);
  await world.settle();
  await world.chain.mine(
    years.map((year) => ({
      contract: 'WorkingCalendar',
      name: 'YearSet',
      args: { year, ...packYear(year, isWorkingDay), sourceHash: `0x${'11'.repeat(32)}` },
    })),
  );
  const publicity = new Publicity({
    db: world.db,
    clock: world.clock,
    agency: async () => ({
      memberId: 1n,
      name: '北京市示例局',
      creditCode: '11110000000000000X',
      regionCode: 110000,
      regionName: { zh: '北京市', en: 'Beijing' },
    }),
    mark: async (recordId) => Buffer.from(`mark of ${recordId}`).toString('hex').padEnd(32, '0').slice(-32),
  });
  const anchor = async (): Promise<void> => {
    await world.service.anchorNow();
    await world.settle();
  };
  return {
    ...world,
    publicity,
    goTo,
    anchor,
    anchored: async (record = {}) => {
      const [stored] = await world.record(fine(record));
      await anchor();
      if (stored === undefined) throw new Error('nothing was stored');
      return stored.id;
    },
    operate: async (op, recordId, more = {}) => {
      const day = dateOfDay(
        Math.floor((world.clock.now().getTime() + 8 * 3_600_000) / MILLISECONDS_A_DAY) as Day,
      );
      const done = await world.service.operate({ op, recordId, day, reason: '核查属实', ...more });
      return done.correctedRecordId ?? recordId;
    },
    countStatements: () => {
      let count = 0;
      const { query } = world.db;
      world.db.query = (...args) => {
        count += 1;
        return query.apply(world.db, args) as never;
      };
      return () => {
        world.db.query = query;
        return count;
      };
    },
  };
}

function isWorkingDay(day: Day): boolean {
  const date = dateOfDay(day);
  const weekday = new Date(`${date}T00:00:00Z`).getUTCDay();
  return weekday !== 0 && weekday !== 6 && !HOLIDAYS.has(date);
}
