import type { StoredError } from '../../store/answers.ts';
import type { Clock } from '../../clock.ts';
import { dateOfDay, dayAt, LedgerError, OPEN_END, type Day } from '@credit-ledger/sdk/protocol';
import type { z } from 'zod';
import type { Failure } from '../schemas/common.ts';

/** A day as text; null for no end. */
export function dateText(day: number | bigint): string {
  return dateOfDay(Number(day) as Day);
}

export function endText(day: number): string | null {
  return day === OPEN_END ? null : dateText(day);
}

/** Today at UTC+8 as text, by the node's clock. */
export function todayText(clock: Clock): string {
  return dateOfDay(dayAt(Math.floor(clock.now().getTime() / 1000)));
}

/** Unix seconds as a moment. */
export function momentOf(unixSeconds: bigint | number): string {
  return new Date(Number(unixSeconds) * 1000).toISOString();
}

/** An error as it was stored, whatever of it is missing. */
export function failureOf(error: unknown): z.output<typeof Failure> | null {
  if (error === null || error === undefined) return null;
  const stored = error as Partial<StoredError>;
  const code = stored.code ?? 'INTERNAL';
  return {
    code,
    message: stored.message ?? code,
    messageZh: stored.messageZh ?? code,
    operands: { ...stored.operands },
  };
}

export function notAMember(): LedgerError {
  return new LedgerError('NOT_A_MEMBER', {
    en: 'The council has not admitted this node’s keys, as far as the chain was followed.',
    zh: '就目前所跟踪的链而言，理事会尚未接纳本节点的密钥。',
  });
}
