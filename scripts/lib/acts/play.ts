import { join } from 'node:path';
import { dateOfDay, type Day, dayAt, isLedgerError } from '@credit-ledger/sdk/protocol';
import { createPublicClient, http, type PublicClient } from 'viem';
import type { Register } from '../../../node/src/api/schemas/ledger.ts';
import type { Connection } from '../../../node/src/cli/connection.ts';
import { madeUpCode } from '../companies.ts';
import type { Deployment } from '../deploy.ts';
import type { Narrator } from '../narrate.ts';
import { SeededRandom } from '../random.ts';
import type { Cast, CastMember } from '../samples.ts';
import type { Agency, Stage } from '../stage.ts';

/** Monday morning in Beijing, so that a filing of that week falls due after the Dragon Boat holiday of 19 June. */
export const PLAY_STARTS_AT = new Date('2026-06-08T09:00:00+08:00');

/** An agency that plays: its running node, called as its officers call it. */
export interface Player {
  readonly slug: string;
  readonly name: string;
  /** An authority by default: only authorities have registers. */
  readonly role?: 'authority' | 'requester' | 'association';
  readonly memberId: bigint;
  readonly connection: Connection;
}

/** What every act needs: who plays, on which chain, before whom. */
export interface Play {
  readonly narrator: Narrator;
  readonly players: readonly Player[];
  readonly cast: Cast;
  /** Where the files of the cast are. */
  readonly samples: string;
  /** Where answers and what belongs to them are written. */
  readonly directory: string;
  readonly rpcUrl: string;
  readonly deployment: Deployment;
  /** Moves chain and nodes on by so many days; see the stage. Undefined where the chain's time is everybody's. */
  readonly moveTime: ((days: number) => Promise<Date>) | undefined;
}

/** A play on a stage; its time moves only when the stage’s is its own. */
export function playOn(
  stage: Stage,
  told: Pick<Play, 'narrator' | 'cast' | 'samples' | 'directory'> & { readonly movesTime?: boolean },
): Play {
  const { narrator, cast, samples, directory, movesTime = false } = told;
  return {
    narrator,
    players: stage.nodes,
    cast,
    samples,
    directory,
    rpcUrl: stage.chain.url,
    deployment: stage.deployment,
    moveTime: movesTime ? (days) => stage.moveTime(days) : undefined,
  };
}

/** How an act ended, for the table at the end. */
export interface Outcome {
  readonly name:
    'letter-kept' | 'letter-broken' | 'letter-refused' | 'filing-overdue' | 'dispute' | 'repair' | 'consent';
  readonly act: string;
  readonly subject: string;
  readonly outcome: string;
  /** Whether it ended as the rules want it. */
  readonly asExpected: boolean;
}

const PLACES = { beijing: 110_101, tianjin: 120_101, hebei: 130_102 } as const;
const BANK_SEED = 58;

/** Who plays: the three authorities of the cast, and a bank, which asks and answers nothing. */
export function agenciesOf({ authorities }: Cast): Agency[] {
  return [
    ...(['beijing', 'tianjin', 'hebei'] as const).map((slug) => ({
      slug,
      regionCode: PLACES[slug],
      name: authorities[slug].name,
      creditCode: authorities[slug].uscc,
    })),
    {
      slug: 'bank',
      role: 'requester',
      regionCode: 110_101,
      name: '北京示例银行（虚构）',
      creditCode: madeUpCode(new SeededRandom(BANK_SEED), '91', '110101'),
    },
  ];
}

/** Those who have registers. */
export function authoritiesOf({ players }: Pick<Play, 'players'>): Player[] {
  return players.filter(({ role }) => (role ?? 'authority') === 'authority');
}

/** The register of an authority, as its own node knows it. @throws Error when it has none */
export async function registerOf({ name, memberId, connection }: Player): Promise<string> {
  const { body } = await connection.call<{ items: Register[] }>('listRegisters');
  const own = body.items.find(({ owner }) => owner === memberId.toString());
  if (own === undefined) throw new Error(`${name} has no register`);
  return own.id;
}

/** @throws Error when nobody of this name plays */
export function playerOf(play: Pick<Play, 'players'>, slug: string): Player {
  const found = play.players.find((player) => player.slug === slug);
  if (found === undefined) throw new Error(`no node ${slug}`);
  return found;
}

/** @throws Error when the cast has no such role */
export function companyOf({ cast }: Pick<Play, 'cast'>, role: CastMember['role']): CastMember {
  const found = cast.companies.find((company) => company.role === role);
  if (found === undefined) throw new Error(`the cast has no company ${role}`);
  return found;
}

/** Reads the chain as anybody may. */
export function readerOf({ rpcUrl }: Pick<Play, 'rpcUrl'>): PublicClient {
  return createPublicClient({ transport: http(rpcUrl), cacheTime: 0, pollingInterval: 50 });
}

/** The chain's time, unix seconds. */
export async function chainTime(play: Pick<Play, 'rpcUrl'>): Promise<number> {
  return Number((await readerOf(play).getBlock()).timestamp);
}

/** The chain's day at UTC+8, YYYY-MM-DD. */
export async function chainDate(play: Pick<Play, 'rpcUrl'>): Promise<string> {
  return dateOfDay(dayAt(await chainTime(play)));
}

/** A day counted from the chain's own, YYYY-MM-DD. */
export async function dateFromNow(play: Pick<Play, 'rpcUrl'>, days: number): Promise<string> {
  return dateOfDay((dayAt(await chainTime(play)) + days) as Day);
}

/** Moves time on and says so. @throws Error on a chain whose time cannot be moved */
export async function letDaysPass(play: Play, days: number, why: string): Promise<void> {
  const { moveTime } = play;
  if (moveTime === undefined) throw new Error('the time of this chain cannot be moved');
  await play.narrator.step(`${days} days pass · 时间推进 ${days} 天: ${why}`, async () => {
    const moment = await moveTime(days);
    play.narrator.say(`  it is ${dateOfDay(dayAt(moment.getTime() / 1000))} · 今天`);
  });
}

/** The code with which something is refused, as the act wants it. @throws Error when nothing was refused */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isLedgerError(error)) return error.code;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** A path of the play's own. */
export function inPlay({ directory }: Pick<Play, 'directory'>, ...path: string[]): string {
  return join(directory, ...path);
}

/** YES, NO, or that there is none; with a mark when it rests on a disputed record. */
export function inWords({ answer, disputed }: { answer: boolean | null; disputed: boolean | null }): string {
  const word = answer === null ? '–' : answer ? 'YES' : 'NO';
  return disputed === true ? `${word} (rests on a disputed record 含异议记录)` : word;
}
