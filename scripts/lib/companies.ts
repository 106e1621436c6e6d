import { organisationCheck, USCC_ALPHABET, usccCheckCharacter } from '@credit-ledger/sdk/protocol';
import type { SeededRandom } from './random.ts';

/** A made-up company or authority: the name says that it is an example, the code is valid in form. */
export interface Organisation {
  readonly name: string;
  readonly uscc: string;
}

const WORDS = [
  '青屿',
  '云汀',
  '禾序',
  '朗岚',
  '星禾',
  '松间',
  '海镜',
  '白榆',
  '知雨',
  '启墨',
  '远岫',
  '晴川',
  '拾光',
  '南栀',
  '北辰',
] as const;
const TRADES = [
  '机电',
  '食品',
  '物流',
  '建材',
  '化工',
  '商贸',
  '环保科技',
  '餐饮管理',
  '汽车运输',
  '印刷',
  '家具',
  '医疗器械',
] as const;
const CITIES: Readonly<Record<string, string>> = { '11': '北京', '12': '天津', '13': '河北' };
export const REGIONS: Readonly<Record<'11' | '12' | '13', readonly string[]>> = {
  '11': ['110101', '110105', '110108', '110114', '110228'],
  '12': ['120101', '120104', '120111', '120116', '120221'],
  '13': ['130102', '130202', '130302', '130602', '131002'],
};

/** A code with both check characters right. The organisation part is random, so the company does not exist by design. */
export function madeUpCode(random: SeededRandom, prefix: string, region: string): string {
  for (;;) {
    let organisation = 'MA';
    while (organisation.length < 8) organisation += USCC_ALPHABET.charAt(random.integer(0, 30));
    const first17 = `${prefix}${region}${organisation}${organisationCheck(organisation)}`;
    return `${first17}${usccCheckCharacter(first17)}`;
  }
}

/** A company with a name that nobody can take for a real one. */
export function madeUpCompany(
  random: SeededRandom,
  province: '11' | '12' | '13',
  number: number,
): Organisation {
  const individual = random.chance(0.08);
  const region = random.pick(REGIONS[province]);
  const base = `${CITIES[province] ?? ''}示例${random.pick(WORDS)}${random.pick(TRADES)}`;
  return individual
    ? { name: `${base}店（虚构${number}号）`, uscc: madeUpCode(random, '92', region) }
    : { name: `${base}有限公司（虚构${number}号）`, uscc: madeUpCode(random, '91', region) };
}
