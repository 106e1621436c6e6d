import type { Message } from '@credit-ledger/sdk/protocol';

/** No document of ours is nested so deep; what walks through JSON by calling itself must not be led to its end. */
const MOST_DEPTH = 32;

/** Why a JSON value cannot be kept as it is, and where; undefined when it can. */
export function whyNotPlain(value: unknown): { readonly path: string; readonly why: Message } | undefined {
  const open: { readonly path: readonly string[]; readonly value: unknown }[] = [{ path: [], value }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, value: each } = next;
    const why = typeof each === 'string' ? whyNoText(each) : path.length > MOST_DEPTH ? TOO_DEEP : undefined;
    if (why !== undefined) return { path: path.join('.').slice(0, 200), why };
    if (typeof each !== 'object' || each === null) continue;
    for (const [name, part] of Object.entries(each)) {
      const inNames = whyNoText(name);
      if (inNames !== undefined) return { path: path.join('.').slice(0, 200), why: inNames };
      open.push({ path: [...path, name], value: part });
    }
  }
  return undefined;
}

const TOO_DEEP: Message = { en: 'nested too deep', zh: '嵌套层级过深' };
const NO_TEXT: Message = {
  en: 'text with a character that is none (U+0000 or half of a pair)',
  zh: '文本含无效字符（U+0000 或不成对的代理码位）',
};

/** No database keeps these, and two texts that differ in them may look or hash alike. */
function whyNoText(text: string): Message | undefined {
  return text.includes('\0') || /\p{Cs}/u.test(text) ? NO_TEXT : undefined;
}
