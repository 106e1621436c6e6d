import { z } from 'zod';
import { said } from './said.ts';

export const Id = z
  .string()
  .regex(
    /^[1-9][0-9]{0,18}$/,
    said({ en: 'expected a number from 1 on, as decimal text', zh: '应为从 1 开始的十进制数字文本' }),
  )
  .meta({ description: 'A number, as decimal text.', example: '17' });
export const Hash = z
  .string()
  .regex(
    /^0x[0-9a-f]{64}$/,
    said({ en: 'expected 0x and 64 lower-case hexadecimal digits', zh: '应为 0x 加 64 位小写十六进制数字' }),
  )
  .meta({ description: '32 bytes: 0x and 64 lower-case digits.' });
export const Address = z
  .string()
  .regex(/^0x[0-9a-f]{40}$/)
  .meta({ description: 'An address, lower case.' });
export const Signature = z.string().regex(
  /^0x[0-9a-f]{130}$/,
  said({
    en: 'expected 0x and 130 lower-case hexadecimal digits',
    zh: '应为 0x 加 130 位小写十六进制数字',
  }),
);
/** The chain counts from 1970 on and knows nothing before. */
export const Moment = z.iso
  .datetime()
  .refine(
    (text) => Date.parse(text) >= 0,
    said({ en: 'expected a moment from 1970 on', zh: '时间不得早于 1970 年' }),
  )
  .meta({ description: 'A moment from 1970 on, ISO 8601, UTC.' });
export const DateText = z
  .string()
  .regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/, said({ en: 'expected YYYY-MM-DD', zh: '日期格式应为 YYYY-MM-DD' }))
  .meta({ description: 'A civil day at UTC+8, YYYY-MM-DD.', example: '2026-11-23' });
export const Fen = z
  .string()
  .regex(/^[0-9]{1,20}$/)
  .meta({ description: 'An amount in fen (0.01 CNY), decimal text.' });
export const CreditCode = z.string().min(1).max(64).meta({
  description: 'Unified social credit code; width and case do not matter.',
  example: '91110000MA01ABCD0X',
});
export const LedgerClass = z
  .union([z.literal(1), z.literal(2), z.literal(3)])
  .meta({ description: 'Ledger class: 1 adverse, 2 permit, 3 positive.' });
export const ClassQuery = z
  .enum(['1', '2', '3'])
  .transform(Number)
  .optional()
  .meta({ description: 'Ledger class: 1 adverse, 2 permit, 3 positive.' });
export const ProfileName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,63}$/, said({ en: 'expected the name of a profile', zh: '应为映射方案名称' }))
  .meta({ description: 'Name of a mapping profile; recognised from the header when left out.' });
export const Bilingual = z.object({ en: z.string(), zh: z.string() }).meta({ id: 'Bilingual' });
export const Failure = z
  .object({
    code: z.string(),
    message: z.string(),
    messageZh: z.string(),
    operands: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Failure', description: 'Why something failed, with a stable code.' });

/** How lists are paged: `after` is the `next` of the page before. */
export const Page = z.object({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(500)
    .default(100)
    .meta({ description: 'Most items on the page.' }),
  after: z
    .string()
    .regex(/^[0-9]{1,19}$/)
    .optional()
    .meta({ description: '`next` of the page before.' }),
});
export type Page = z.output<typeof Page>;

export interface PageOf<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

export function pageOf<S extends z.ZodType>(item: S, id: string) {
  return z
    .object({
      items: z.array(item),
      next: z.string().nullable().meta({ description: 'Null on the last page.' }),
    })
    .meta({ id });
}
