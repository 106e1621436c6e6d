import { expect } from 'chai';
import { ENDPOINTS } from '../../node/src/api/endpoints/index.ts';
import type { Endpoint } from '../../node/src/api/endpoint.ts';
import type { UserRole } from '../../node/src/store/users.ts';
import { as, startApi, type TestApi } from './support/api.ts';
import { HASH, USCC } from './support/doubles.ts';

const ROLES: readonly UserRole[] = ['officer', 'auditor', 'operator'];

/**
 * Who may do what, and what the call below answers to who may (400 where it wants more than an empty object), written
 * down a second time: a change must be meant. Whoever may not is told 403, and whoever is nobody 401.
 */
const TABLE: Readonly<Record<string, readonly [status: number, access: string]>> = {
  getHealth: [200, 'public'],
  getReadiness: [200, 'public'],
  listTokens: [200, 'operator auditor'],
  checkStore: [200, 'operator auditor'],
  makeBackup: [200, 'operator'],
  createToken: [400, 'operator'],
  revokeToken: [404, 'operator'],
  listAccess: [200, 'auditor'],
  whoAmI: [200, 'officer auditor operator'],
  startImport: [202, 'officer'],
  listImports: [200, 'officer auditor operator'],
  getImport: [200, 'officer auditor operator'],
  listIssues: [200, 'officer auditor'],
  listImportRecords: [200, 'officer auditor'],
  getImportReport: [200, 'officer auditor'],
  addRecords: [400, 'officer'],
  findRecords: [200, 'officer auditor'],
  getRecord: [200, 'officer auditor'],
  operate: [400, 'officer'],
  operateFile: [200, 'officer'],
  getReceipt: [200, 'officer auditor'],
  listRegisters: [200, 'officer auditor operator'],
  openRegister: [200, 'operator'],
  anchor: [202, 'operator officer'],
  heartbeat: [200, 'operator'],
  listGrants: [200, 'officer auditor operator'],
  giveGrant: [400, 'officer'],
  revokeGrant: [200, 'officer'],
  getChain: [200, 'officer auditor operator'],
  listOutbox: [200, 'operator auditor'],
  getNetwork: [200, 'officer auditor operator'],
  listMembers: [200, 'officer auditor operator'],
  listApplications: [200, 'officer auditor operator'],
  makeCheckpoint: [400, 'officer auditor'],
  ask: [400, 'officer'],
  listQuestions: [200, 'officer auditor'],
  getQuestion: [404, 'officer auditor'],
  listAnswers: [200, 'officer auditor'],
  getAnswer: [404, 'officer auditor'],
  verify: [400, 'officer auditor operator'],
  getPublicRecords: [400, 'public'],
  getTimeliness: [200, 'public'],
  getPublicLetters: [200, 'public'],
  getPublicPledges: [200, 'public'],
  listDuePublications: [200, 'officer auditor'],
  getRecordPublicity: [200, 'officer auditor'],
  withholdRecord: [400, 'officer'],
  releaseRecord: [400, 'officer'],
  fileCase: [400, 'officer'],
  draftCase: [400, 'officer'],
  fileSignedCase: [400, 'officer'],
  getCaseFiling: [200, 'officer auditor'],
  listCases: [200, 'officer auditor operator'],
  getCase: [200, 'officer auditor'],
  decideCase: [400, 'officer'],
  dismissCase: [400, 'officer'],
  withdrawCase: [200, 'officer'],
  markCaseOverdue: [200, 'officer operator'],
  receiveCaseMessage: [400, 'member'],
  getReport: [400, 'officer'],
  listLetterItems: [200, 'officer auditor'],
  publishLetterItem: [400, 'officer'],
  withdrawLetterItem: [400, 'officer'],
  publishLetterTemplate: [400, 'officer'],
  offerLetter: [400, 'officer'],
  listLetters: [200, 'officer auditor'],
  getLetter: [200, 'officer auditor'],
  informApplicant: [400, 'officer'],
  getLetterToSign: [200, 'officer auditor'],
  promiseLetter: [400, 'officer'],
  decideLetter: [400, 'officer'],
  checkLetter: [400, 'officer'],
  drawUpWithdrawal: [400, 'officer'],
  withdrawLetter: [400, 'officer'],
  relayWithdrawal: [400, 'officer'],
  refuseLetter: [400, 'officer'],
  terminateLetter: [400, 'officer'],
  getLetterCopies: [200, 'officer auditor'],
  listDraws: [200, 'officer auditor'],
  openDraw: [400, 'officer'],
  revealDraw: [200, 'officer'],
  takeInFiling: [400, 'officer'],
  listFilings: [200, 'officer auditor'],
  listMemberFilings: [200, 'officer auditor'],
  markFilingOverdue: [200, 'officer'],
  getFiling: [200, 'officer auditor'],
  getFilingToSign: [200, 'officer auditor'],
  acceptFiling: [400, 'officer'],
  supplyFiling: [400, 'officer'],
  recordFiling: [400, 'officer'],
  listPledges: [200, 'officer auditor'],
  drawUpPledge: [400, 'officer'],
  publishPledge: [400, 'officer'],
  drawUpPledgeWithdrawal: [200, 'officer auditor'],
  withdrawPledge: [400, 'officer'],
  observePledge: [400, 'officer'],
  receiveQuestion: [400, 'member'],
  fetchAnswer: [400, 'member'],
  signCheckpoint: [400, 'member'],
  makeBinding: [400, 'officer'],
  listBindings: [200, 'officer auditor'],
  endBinding: [200, 'officer'],
  giveConsent: [400, 'officer'],
  listConsents: [200, 'officer auditor'],
  getConsent: [200, 'officer auditor'],
  revokeConsent: [400, 'officer'],
  addStatement: [400, 'officer'],
  listStatements: [400, 'officer auditor'],
  revokeStatement: [400, 'officer'],
  questionsAbout: [200, 'officer auditor'],
  readOwnQuestions: [400, 'public'],
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
    expect(actual).to.deep.equal(
      Object.fromEntries(Object.entries(TABLE).map(([id, [, access]]) => [id, access])),
    );
  });

  for (const spec of ENDPOINTS) {
    const { access } = spec;
    if (typeof access === 'string') {
      it(`${spec.id} is ${access}: it asks for no token and is none the wiser for one`, async () => {
        const { path, init } = call(spec, {});
        const response = await fetch(api.url + path, init);
        expect(response.status).to.equal(TABLE[spec.id]?.[0]);
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
        if (access.includes(role)) expect(response.status).to.equal(TABLE[spec.id]?.[0]);
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
