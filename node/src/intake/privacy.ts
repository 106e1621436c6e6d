const ID_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] as const;
const ID_CHECKS = '10X98765432';
/** Up to two more characters may follow: the tax number of an individual business was the owner's number and a suffix. */
const ID_CANDIDATE =
  /(?<![0-9A-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z]{3})/gu;
const ID_ALONE = new RegExp(`^${ID_CANDIDATE.source}$`, 'u');
const MOBILE = /(?<![0-9A-Za-z])(?:\+?86[- ]?)?1[3-9]\d{9}(?![0-9A-Za-z])/gu;

/** What stands in a kept text where a personal number was. */
export const WITHHELD = '〔已略去〕';

/** True for a resident identity number: 18 characters, a birth date, the right check character (GB 11643). */
export function isResidentId(text: string): boolean {
  if (text.length < 18) return false;
  const half = text.normalize('NFKC').replace(/\s+/gu, '').toUpperCase();
  if (half.length !== 18 || !ID_ALONE.test(half)) return false;
  return hasIdCheck(half);
}

/**
 * The text without resident identity numbers and mobile numbers. They have no
 * place in a record about an organisation, and officers do write them into
 * free text.
 */
export function withoutPersonalNumbers(text: string): string {
  if (!/[0-9０-９]{11}/u.test(text)) return text;
  return withoutResidentIds(/[０-９]{11}/u.test(text) ? text.normalize('NFKC') : text).replace(
    MOBILE,
    WITHHELD,
  );
}

/** The text without resident identity numbers alone: for columns whose own numbers may look like a telephone's. */
export function withoutResidentIds(text: string): string {
  if (!/[0-9０-９]{17}/u.test(text)) return text;
  const half = /[０-９]/u.test(text) ? text.normalize('NFKC') : text;
  return half.replace(ID_CANDIDATE, (found) => (hasIdCheck(found.toUpperCase()) ? WITHHELD : found));
}

function hasIdCheck(id: string): boolean {
  let sum = 0;
  ID_WEIGHTS.forEach((weight, i) => {
    sum += weight * Number(id.charAt(i));
  });
  return ID_CHECKS.charAt(sum % 11) === id.charAt(17);
}

/** Headers of columns about people, in any template: never read, never stored, never reported. */
const PERSONAL_HEADER =
  /法定代表人|法人代表|负责人|经营者姓名|身份证|证件类型|证件号|联系人|联系电话|电话|手机|住址|居住|出生|性别|民族|FRDB|_FR_|FR_ZJ|SFZH|XDR_ZJLX|XDR_ZJHM|(?:^|[^A-Za-z])(?:phone|mobile|id_?card|legal_?(?:person|rep))/iu;

/** True for the header of a column about a person, whatever the profile says. */
export function isPersonalHeader(header: string): boolean {
  return PERSONAL_HEADER.test(header.normalize('NFKC').replace(/\s+/gu, ''));
}

const NATURAL = /^(?:自然人|个人|公民|居民|自然人主体|natural ?person)$/iu;

/** True when the category of a subject says that it is a natural person. */
export function isNaturalPersonCategory(text: string): boolean {
  return NATURAL.test(text.normalize('NFKC').replace(/\s+/gu, ''));
}

const ORGANISATION_NAME =
  /公司|企业|厂|店|行|社|所|院|校|学|会|中心|部|馆|场|站|局|厅|委|队|室|园|庄|坊|铺|超市|酒|饭|餐|商|集团|银行|基金|合伙|工作室|经营|服务|[A-Za-z0-9（(]/u;

/** True for a name that could be a person's: two to four Han characters with none of an organisation's words. */
export function mayBePersonalName(name: string): boolean {
  const bare = name.replace(/[\s·]/gu, '');
  return bare.length <= 4 && /^\p{Script=Han}+$/u.test(bare) && !ORGANISATION_NAME.test(bare);
}
