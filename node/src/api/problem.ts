import { isLedgerError, LedgerError, type Message } from '@credit-ledger/sdk/protocol';
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { statusOfCode } from './status.ts';

/** An error as RFC 9457 problem details, with the project's stable code and both languages. */
export const Problem = z
  .object({
    type: z
      .string()
      .meta({ description: 'URN of the kind of problem.', example: 'urn:credit-ledger:problem:USCC_CHECK' }),
    title: z.string().meta({ description: 'Name of the HTTP status.' }),
    status: z.int().min(400).max(599),
    code: z.string().meta({ description: 'Stable, for programs.', example: 'USCC_CHECK' }),
    detail: z.string().meta({ description: 'For people, in English.' }),
    detailZh: z.string().meta({ description: 'For people, in Chinese.' }),
    operands: z.record(z.string(), z.unknown()).meta({ description: 'What was read or expected.' }),
    requestId: z.string().meta({ description: 'The request as the log knows it.' }),
  })
  .meta({ id: 'Problem', description: 'Problem details (RFC 9457).' });
export type Problem = z.output<typeof Problem>;

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** What is said of an error that is nobody's business outside: nothing but that it happened. */
const INTERNAL: Message = {
  en: 'The node failed. Its operator finds the cause in the log under the request id.',
  zh: '节点内部错误。运维人员可凭请求编号在日志中查找原因。',
};

/** The problem details of any error. Only LedgerErrors speak for themselves. */
export function problemOf(error: unknown, requestId: string): Problem {
  const known = isLedgerError(error) ? error : fromHttpLibrary(error);
  const told = known ?? new LedgerError('INTERNAL', INTERNAL);
  const status = statusOfCode(told.code);
  const { code, message, messageZh, operands } = told.toJSON();
  return {
    type: `urn:credit-ledger:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    detail: message,
    detailZh: messageZh,
    operands,
    requestId,
  };
}

/** Errors of express and its body parser, which carry a `type` and nothing that we would repeat. */
function fromHttpLibrary(error: unknown): LedgerError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { type, status, limit } = error as Error & { type?: unknown; status?: unknown; limit?: unknown };
  switch (type) {
    case 'entity.too.large':
      return bodyTooLarge(typeof limit === 'number' ? limit : null);
    case 'entity.parse.failed':
      return new LedgerError('BODY_MALFORMED', { en: 'The body is not JSON.', zh: '请求体不是 JSON。' });
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return new LedgerError('MEDIA_TYPE_UNSUPPORTED', {
        en: 'The character set or encoding of the body is not supported.',
        zh: '不支持该字符集或编码。',
      });
    case 'request.aborted':
    case 'request.size.invalid':
      return new LedgerError('BODY_INCOMPLETE', {
        en: 'The body ended before its announced length.',
        zh: '请求体未传完。',
      });
  }
  if (error instanceof URIError || status === 400) {
    return new LedgerError('URL_MALFORMED', { en: 'The address is malformed.', zh: '请求地址格式错误。' });
  }
  return undefined;
}

export function bodyTooLarge(limitBytes: number | null): LedgerError {
  return new LedgerError(
    'BODY_TOO_LARGE',
    {
      en: `The body is larger than ${limitBytes ?? 'allowed'} bytes.`,
      zh: `请求体超过上限${limitBytes === null ? '' : `（${limitBytes} 字节）`}。`,
    },
    { limitBytes },
  );
}

export function notFound(what: string, id: string): LedgerError {
  return new LedgerError(
    'NOT_FOUND',
    { en: `There is no ${what} ${id}.`, zh: `找不到 ${what} ${id}。` },
    { what, id },
  );
}

export function reasonMissing(): LedgerError {
  return new LedgerError('ACCESS_REASON_MISSING', {
    en: 'Say why, in the header X-Access-Reason (percent-encoded UTF-8); it goes into the access log.',
    zh: '请在请求头 X-Access-Reason 中说明理由（UTF-8 百分号编码），该理由将记入访问日志。',
  });
}
