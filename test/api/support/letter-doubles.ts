import { LedgerError } from '@credit-ledger/sdk/protocol';
import type { Filing, FilingDetail } from '../../../node/src/api/schemas/filings.ts';
import type { Letter, LetterDetail, SaltedDocument } from '../../../node/src/api/schemas/letters.ts';
import type { NodeServices } from '../../../node/src/api/services.ts';

const HASH = `0x${'ab'.repeat(32)}`;
const ADDRESS = `0x${'1'.repeat(40)}`;
const NOW = '2026-11-23T08:00:00.000Z';
const SUBJECT = { uscc: '91110105MA00EXMP8L', name: '北京金丝雀商贸有限公司' };

const letter: Letter = {
  id: '7',
  letterId: '3',
  itemId: HASH,
  itemVersion: 1,
  itemTitle: '食品经营许可',
  templateId: HASH,
  state: 'offered',
  possible: ['inform', 'refuse'],
  pending: null,
  failed: null,
  eligibility: null,
  promiseBy: null,
  checkMode: 'none',
  checkBy: null,
  publicUntil: null,
  overdue: [],
  drawId: null,
  selection: null,
  outcome: 'none',
  recordId: null,
  digest: null,
  history: [],
  offeredBy: 'officer-1',
  createdAt: NOW,
};
const letterDetail: LetterDetail = { ...letter, subject: SUBJECT, entry: null, documents: [] };

const filing: Filing = {
  id: '7',
  filingId: null,
  state: 'none',
  acceptedDay: null,
  dueDay: null,
  daysLeft: null,
  overdue: false,
  suppliedDay: null,
  isRecorded: false,
  history: [],
  matter: '食品经营许可',
  missing: ['健康证明'],
  applicant: ADDRESS,
  possible: ['accept'],
  pending: null,
  failed: null,
  recordId: null,
  madeBy: 'officer-1',
  createdAt: NOW,
};
const filingDetail: FilingDetail = { ...filing, subject: SUBJECT, entry: null, documents: [] };

const document: SaltedDocument = { format: 'sample/1', salt: 'a1'.repeat(32) };
const typedData = {
  domain: { name: 'CreditLedger', version: '1', chainId: 31_337, verifyingContract: ADDRESS },
  types: { Sample: [{ name: 'letterId', type: 'uint256' }] },
  primaryType: 'Sample',
  message: { letterId: '3' },
};
const done = { onItsWay: false };
const unknown = (what: string): never => {
  throw new LedgerError(`${what}_UNKNOWN`, { en: 'there is none', zh: '不存在' });
};
const ofLetter = async (id: bigint): Promise<LetterDetail> => (id === 7n ? letterDetail : unknown('LETTER'));
const ofFiling = async (id: bigint): Promise<FilingDetail> => (id === 7n ? filingDetail : unknown('FILING'));

/** Letters, filings and pledges where a test is about the API. */
export function letterDoubles(): Pick<NodeServices, 'letters' | 'filings' | 'pledges'> {
  return {
    letters: {
      items: async () => [],
      publishItem: async () => ({ ...done, itemId: HASH, templateId: null }),
      withdrawItem: async () => ({ ...done, itemId: HASH, templateId: null }),
      publishTemplate: async () => ({ ...done, itemId: HASH, templateId: HASH }),
      offer: async () => letterDetail,
      list: async () => ({ items: [letter], next: null }),
      get: ofLetter,
      inform: async (id) => ({
        letter: await ofLetter(id),
        document,
        publicScope: null,
        digest: HASH,
        typedData,
      }),
      toSign: async (id) => {
        await ofLetter(id);
        return { document, publicScope: null, digest: HASH, typedData };
      },
      promise: ofLetter,
      decide: ofLetter,
      check: ofLetter,
      drawUpWithdrawal: async (id) => {
        await ofLetter(id);
        return { document, reasonHash: HASH, typedData };
      },
      withdraw: ofLetter,
      relayWithdrawal: async () => done,
      refuse: ofLetter,
      terminate: ofLetter,
      copies: async (id) => {
        await ofLetter(id);
        return { items: [{ format: 'letter-copy/1' }, { format: 'letter-copy/1' }] };
      },
      draws: async () => [],
      openDraw: async () => ({ ...done, drawId: '1' }),
      revealDraw: async () => ({ ...done, drawId: '1' }),
    },
    filings: {
      takeIn: async () => ({
        filing: filingDetail,
        document,
        typedData,
        dueDayIfAcceptedToday: '2026-12-02',
      }),
      list: async () => ({ items: [filing], next: null }),
      get: ofFiling,
      ofMembers: async () => [],
      toSign: async (id) => {
        await ofFiling(id);
        return { document, typedData };
      },
      accept: ofFiling,
      supply: ofFiling,
      record: ofFiling,
      markOverdue: async () => done,
    },
    pledges: {
      list: async () => [],
      drawUp: async () => ({ id: '7', document, typedData }),
      publish: async () => ({ ...done, pledgeId: '1' }),
      drawUpWithdrawal: async () => ({ typedData }),
      withdraw: async () => done,
      observe: async () => ({ ...done, document }),
    },
  };
}
