import type { Message } from '@credit-ledger/sdk/protocol';
import { z } from 'zod';

const chineseOf = new Map<string, string>();
const english = z.locales.en().localeError;
const chinese = z.locales.zhCN().localeError;

/** A message of a schema in both languages: for `regex`, `refine` and their like. */
export function said(message: Message): string {
  chineseOf.set(message.en, message.zh);
  return message.en;
}

/**
 * What an issue says, in both languages. The issue must have its input (`reportInput`), of which nothing is
 * repeated but its type.
 */
export function messageOfIssue(issue: z.core.$ZodIssue): Message {
  const raw = issue as z.core.$ZodRawIssue;
  const zh = chineseOf.get(issue.message) ?? textOf(chinese(raw));
  return { en: issue.message === '' ? textOf(english(raw)) : issue.message, zh };
}

function textOf(told: ReturnType<typeof chinese>): string {
  if (told === null || told === undefined) return '无效输入';
  return typeof told === 'string' ? told : told.message;
}
