import type { Message } from '@credit-ledger/sdk/protocol';
import { type Database, EventStore } from '../store/index.ts';

/** Whose publicity this is: as the consortium admitted it. */
export interface Agency {
  readonly memberId: bigint;
  readonly name: string;
  readonly creditCode: string;
  /** GB/T 2260 code of the province or municipality. */
  readonly regionCode: number;
  /** Null for a code that the catalogue of regions here does not have. */
  readonly regionName: Message | null;
}

const REGIONS: Readonly<Record<number, Message>> = {
  110000: { zh: '北京市', en: 'Beijing' },
  120000: { zh: '天津市', en: 'Tianjin' },
  130000: { zh: '河北省', en: 'Hebei' },
};

/** The agency as it was admitted; undefined before. */
export async function agencyOf(db: Database, memberId: bigint): Promise<Agency | undefined> {
  const [admitted] = await new EventStore(db).events({
    contract: 'Consortium',
    names: ['MemberAdmitted'],
    memberId,
  });
  if (admitted === undefined) return undefined;
  const { name, creditCode, region } = admitted.args;
  const regionCode = Number(region);
  return {
    memberId,
    name: typeof name === 'string' ? name : '',
    creditCode: typeof creditCode === 'string' ? creditCode : '',
    regionCode,
    regionName: REGIONS[regionCode] ?? null,
  };
}
