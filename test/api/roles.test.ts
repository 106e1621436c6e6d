import { expect } from 'chai';
import { ENDPOINTS } from '../../node/src/api/endpoints/index.ts';
import type { Endpoint } from '../../node/src/api/endpoint.ts';
import type { UserRole } from '../../node/src/store/users.ts';
import { as, startApi, type TestApi } from './support/api.ts';
import { HASH, USCC } from './support/doubles.ts';

const ROLES: readonly UserRole[] = ['officer', 'auditor', 'operator'];

/** Who may do what, written down a second time: a change of the table must be meant. */
const TABLE: Readonly<Record<string, string>> = {
  getHealth: 'public',
  getReadiness: 'public',
  listTokens: 'operator auditor',
  checkStore: 'operator auditor',
  makeBackup: 'operator',
  createToken: 'operator',
  revokeToken: 'operator',
  listAccess: 'auditor',
  whoAmI: 'officer auditor operator',
  startImport: 'officer',
  listImports: 'officer auditor operator',
  getImport: 'officer auditor operator',
  listIssues: 'officer auditor',
  listImportRecords: 'officer auditor',
  getImportReport: 'officer auditor',
  addRecords: 'officer',
  findRecords: 'officer auditor',
  getRecord: 'officer auditor',
  operate: 'officer',
  operateFile: 'officer',
  getReceipt: 'officer auditor',
  listRegisters: 'officer auditor operator',
  openRegister: 'operator',
  anchor: 'operator officer',
  heartbeat: 'operator',
  listGrants: 'officer auditor operator',
  giveGrant: 'officer',
  revokeGrant: 'officer',
  getChain: 'officer auditor operator',
  listOutbox: 'operator auditor',
  getNetwork: 'officer auditor operator',
  listMembers: 'officer auditor operator',
  listApplications: 'officer auditor operator',
  makeCheckpoint: 'officer auditor',
  ask: 'officer',
  listQuestions: 'officer auditor',
  getQuestion: 'officer auditor',
  listAnswers: 'officer auditor',
  getAnswer: 'officer auditor',
  verify: 'officer auditor operator',
  getPublicRecords: 'public',
  getTimeliness: 'public',
  getPublicLetters: 'public',
  getPublicPledges: 'public',
  listDuePublications: 'officer auditor',
  getRecordPublicity: 'officer auditor',
  withholdRecord: 'officer',
  releaseRecord: 'officer',
  fileCase: 'officer',
  draftCase: 'officer',
  fileSignedCase: 'officer',
  getCaseFiling: 'officer auditor',
  listCases: 'officer auditor operator',
  getCase: 'officer auditor',
  decideCase: 'officer',
  dismissCase: 'officer',
  withdrawCase: 'officer',
  markCaseOverdue: 'officer operator',
  receiveCaseMessage: 'member',
  getReport: 'officer',
  listLetterItems: 'officer auditor',
  publishLetterItem: 'officer',
  withdrawLetterItem: 'officer',
  publishLetterTemplate: 'officer',
  offerLetter: 'officer',
  listLetters: 'officer auditor',
  getLetter: 'officer auditor',
  informApplicant: 'officer',
  getLetterToSign: 'officer auditor',
  promiseLetter: 'officer',
  decideLetter: 'officer',
  checkLetter: 'officer',
  drawUpWithdrawal: 'officer',
  withdrawLetter: 'officer',
  relayWithdrawal: 'officer',
  refuseLetter: 'officer',
  terminateLetter: 'officer',
  getLetterCopies: 'officer auditor',
  listDraws: 'officer auditor',
  openDraw: 'officer',
  revealDraw: 'officer',
  takeInFiling: 'officer',
  listFilings: 'officer auditor',
  listMemberFilings: 'officer auditor',
  markFilingOverdue: 'officer',
  getFiling: 'officer auditor',
  getFilingToSign: 'officer auditor',
  acceptFiling: 'officer',
  supplyFiling: 'officer',
  recordFiling: 'officer',
  listPledges: 'officer auditor',
  drawUpPledge: 'officer',
  publishPledge: 'officer',
  drawUpPledgeWithdrawal: 'officer auditor',
  withdrawPledge: 'officer',
  observePledge: 'officer',
  receiveQuestion: 'member',
  fetchAnswer: 'member',
  signCheckpoint: 'member',
  makeBinding: 'officer',
  listBindings: 'officer auditor',
  endBinding: 'officer',
  giveConsent: 'officer',
  listConsents: 'officer auditor',
  getConsent: 'officer auditor',
  revokeConsent: 'officer',
  addStatement: 'officer',
  listStatements: 'officer auditor',
  revokeStatement: 'officer',
  questionsAbout: 'officer auditor',
  readOwnQuestions: 'public',
};

/** A call that gets as far as the endpoint when its caller may. */
function call(spec: Endpoint, headers: Record<string, string>): { path: string; init: RequestInit } {
  const path = spec.path
    .replace('{requestId}', HASH)
    .replace('{uscc}', USCC)
    .replace('{recordId}', '7')
    .replace('{name}', 'nobody')
    .replace(
      '{id}',
      spec.id === 'revokeGrant' || spec.id === 'revokeStatement' || spec.id.endsWith('Consent')
        ? HASH
        : spec.path.includes('imports')
          ? '3'
          : '7',
    );
  const query =
    spec.id === 'findRecords' ? `?subject=${USCC}` : spec.raw === undefined ? '' : '?fileName=a.csv';
  if (spec.method === 'get') return { path: path + query, init: { headers } };
  const type = spec.raw?.[0] ?? 'application/json';
  return {
    path: path + query,
    init: { method: 'POST', headers: { ...headers, 'content-type': type }, body: '{}' },
  };
}

describe('roles', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi({ failedSignInsPerMinute: 10_000, requestsPerMinute: 100_000 });
  });
  after(() => api.close());

  it('are what this table says', () => {
    const actual = Object.fromEntries(
      ENDPOINTS.map((spec) => [
        spec.id,
        typeof spec.access === 'string' ? spec.access : spec.access.join(' '),
      ]),
    );
    expect(actual).to.deep.equal(TABLE);
  });

  for (const spec of ENDPOINTS) {
    const { access } = spec;
    if (typeof access === 'string') {
      it(`${spec.id} is ${access}: it asks for no token and is none the wiser for one`, async () => {
        const { path, init } = call(spec, {});
        const response = await fetch(api.url + path, init);
        expect(response.status).to.not.be.oneOf([401, 403]);
      });
      continue;
    }
    it(`${spec.id} refuses who has no token, a wrong one or a cut one`, async () => {
      for (const authorization of [
        undefined,
        `Bearer clt_${'A'.repeat(43)}`,
        `Bearer ${api.tokens.operator.slice(0, -1)}`,
        'Basic b2s6b2s=',
      ]) {
        const { path, init } = call(spec, authorization === undefined ? {} : { authorization });
        const response = await fetch(api.url + path, init);
        expect(response.status, authorization).to.equal(401);
        expect(response.headers.get('www-authenticate')).to.match(/^Bearer/);
      }
    });
    for (const role of ROLES) {
      it(`${spec.id} ${access.includes(role) ? 'lets in' : 'refuses'} an ${role}`, async () => {
        const { path, init } = call(spec, as(api.tokens[role]).headers);
        const response = await fetch(api.url + path, init);
        if (access.includes(role)) expect(response.status).to.not.be.oneOf([401, 403, 404].slice(0, 2));
        else {
          expect(response.status).to.equal(403);
          expect(await response.json()).to.include({ code: 'ROLE_NOT_ALLOWED' });
        }
      });
    }
  }

  it('of /metrics are operator and auditor', async () => {
    const status = async (token: string): Promise<number> =>
      (await fetch(`${api.url}/metrics`, as(token))).status;
    expect(await status(api.tokens.operator)).to.equal(200);
    expect(await status(api.tokens.auditor)).to.equal(200);
    expect(await status(api.tokens.officer)).to.equal(403);
    expect((await fetch(`${api.url}/metrics`)).status).to.equal(401);
  });
});
