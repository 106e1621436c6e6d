import { ProcessView } from '@credit-ledger/sdk/chain';
import { dateOfDay, type Day, dayOfDate, WorkingCalendar } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { createPublicClient, http, type LocalAccount, type PublicClient } from 'viem';
import { generatePrivateKey, mnemonicToAccount, privateKeyToAccount } from 'viem/accounts';
import { ANVIL_MNEMONIC, type Anvil, startAnvil } from '../../scripts/lib/anvil.ts';
import { CALENDAR_YEARS } from '../../scripts/lib/calendar.ts';
import { type Deployment, deployLedger } from '../../scripts/lib/deploy.ts';
import { DEFAULT_CALENDAR_YEARS, type Founding, foundLedger, fundAccounts } from '../../scripts/lib/found.ts';
import { madeUpUscc } from '../answers/support/claims.ts';
import { codeOf } from '../support/codes.ts';

/** Half of what a block holds on a local chain, and no more than a transaction may use since Osaka. */
const MOST_GAS = 15_000_000n;

describe('the founding', function () {
  this.timeout(120_000);
  const newKey = (): LocalAccount => privateKeyToAccount(generatePrivateKey());
  const seats = [newKey(), newKey(), newKey()] as const;
  let anvil: Anvil;
  let client: PublicClient;
  let deployment: Deployment;
  let founding: Founding;
  let processes: ProcessView;

  before(async () => {
    anvil = await startAnvil();
    client = createPublicClient({ transport: http(anvil.url), cacheTime: 0 });
    const deployer = mnemonicToAccount(ANVIL_MNEMONIC);
    deployment = await deployLedger({
      rpcUrl: anvil.url,
      deployer,
      regions: [110_000, 120_000, 130_000],
      seats: [seats[0].address, seats[1].address, seats[2].address],
    });
    await fundAccounts(
      anvil.url,
      deployer,
      seats.map(({ address }) => address),
    );
    processes = new ProcessView(client, deployment.processes);
  });
  after(() => anvil.stop());

  const found = (calendarYears?: readonly number[]): Promise<Founding> =>
    foundLedger({
      rpcUrl: anvil.url,
      deployment,
      seats: [seats[0], seats[1]],
      members: ['北京', '天津', '河北'].map((name, i) => ({
        name: `${name}示例机关`,
        regionCode: 110_101 + i * 10_000,
        creditCode: madeUpUscc('11110101', `MA0C000${i}`),
        role: 'authority',
        endpoint: 'https://ledger.example.org',
        operator: newKey().address,
        witness: newKey().address,
      })),
      ...(calendarYears === undefined ? {} : { calendarYears }),
    });

  it('refuses a year whose holidays nobody knows, and proposes nothing', async () => {
    const before = await client.getBlockNumber();
    expect(await codeOf(found([2026, 2199]))).to.equal('CALENDAR_YEAR_UNKNOWN');
    expect(await client.getBlockNumber()).to.equal(before);
  });

  it('fits into a block with room to spare, proposed and executed', async () => {
    founding = await found();
    const executed = await client.getBlock({ blockNumber: founding.blockNumber });
    const proposed = await client.getBlock({ blockNumber: founding.blockNumber - 1n });
    for (const { gasUsed } of [proposed, executed]) {
      expect(gasUsed > 1_000_000n && gasUsed < MOST_GAS, `${gasUsed}`).to.equal(true);
    }
  });

  it('sets the working days from 2019 to the last year that is known, and of no other year', async () => {
    expect(DEFAULT_CALENDAR_YEARS.slice(0, 8)).to.deep.equal([
      2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026,
    ]);
    const [low, high] = await processes.calendar.read.yearOf([2018]);
    expect([low, high]).to.deep.equal([0n, 0n]);
    const beyond = (CALENDAR_YEARS.at(-1) ?? 0) + 1;
    expect(await processes.calendar.read.yearOf([beyond])).to.deep.equal([0n, 0n]);
  });

  it('lets due days be counted across the holidays, alike on chain and off it', async () => {
    const years = new Map(
      await Promise.all(
        DEFAULT_CALENDAR_YEARS.map(async (year) => {
          const [low, high] = await processes.calendar.read.yearOf([year]);
          return [year, { low, high }] as const;
        }),
      ),
    );
    const calendar = new WorkingCalendar(years);
    for (const [from, due] of [
      ['2021-02-05', '2021-02-20'],
      ['2020-12-31', '2021-01-12'],
      // Across the Dragon Boat holiday, 2026-06-19 to 21.
      ['2026-06-12', '2026-06-24'],
    ] as const) {
      const day = dayOfDate(from);
      expect(dateOfDay((await processes.calendar.read.dueDay([day, 7])) as Day)).to.equal(due);
      expect(dateOfDay(calendar.dueDay(day, 7))).to.equal(due);
    }
  });
});
