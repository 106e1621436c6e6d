import { expect } from 'chai';
import { request as httpRequest } from 'node:http';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../../node/src/api/problem.ts';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import { statusOfRejection } from '../../node/src/exchange/index.ts';
import { codesWithStatus } from '../../node/src/api/status.ts';
import { as, posting, startApi, type TestApi } from './support/api.ts';
import { HASH, roomDoubles, USCC } from './support/doubles.ts';

describe('problem details', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi({ maxBodyKibibytes: 16, maxImportMebibytes: 1, requestsPerMinute: 100_000 });
  });
  after(() => api.close());

  const problem = async (response: Response): Promise<Problem> => {
    expect(response.headers.get('content-type')).to.match(/^application\/problem\+json/);
    const read = Problem.parse(await response.json());
    expect(read.status).to.equal(response.status);
    expect(read.requestId).to.equal(response.headers.get('x-request-id'));
    expect(read.type).to.equal(`urn:credit-ledger:problem:${read.code}`);
    expect(read.detail).to.not.equal('');
    expect(read.detailZh).to.match(/\p{Script=Han}/u);
    return read;
  };
  const expectProblem = async (
    path: string,
    init: RequestInit,
    status: number,
    code: string,
  ): Promise<Problem> => {
    const response = await fetch(api.url + path, init);
    const read = await problem(response);
    expect([response.status, read.code]).to.deep.equal([status, code]);
    return read;
  };

  it('tell an address that does not exist', () => expectProblem('/v1/nothing', {}, 404, 'ROUTE_UNKNOWN'));
  it('tell an address that is malformed', () =>
    expectProblem('/v1/tokens/%E0%A4%A/revoke', posting(api.tokens.operator, {}), 400, 'URL_MALFORMED'));
  it('tell a thing that does not exist', () =>
    expectProblem('/v1/records/99', as(api.tokens.officer), 404, 'NOT_FOUND'));
  it('tell a method that is not possible, and which are', async () => {
    const response = await fetch(`${api.url}/v1/imports`, { method: 'DELETE' });
    expect(response.headers.get('allow')).to.equal('POST, GET, HEAD');
    expect(await problem(response)).to.include({ status: 405, code: 'METHOD_NOT_ALLOWED' });
  });
  it('tell JSON that is none', () =>
    expectProblem(
      '/v1/questions',
      { ...posting(api.tokens.officer, {}), body: '{"subject":' },
      400,
      'BODY_MALFORMED',
    ));
  it('tell a body that is no object', () =>
    expectProblem(
      '/v1/questions',
      { ...posting(api.tokens.officer, {}), body: '"text"' },
      400,
      'REQUEST_INVALID',
    ));
  it('tell a body of another media type', async () => {
    const init = posting(api.tokens.officer, {});
    const headers = { ...(init.headers as Record<string, string>), 'content-type': 'text/plain' };
    await expectProblem('/v1/questions', { ...init, headers }, 415, 'MEDIA_TYPE_UNSUPPORTED');
    await expectProblem(
      '/v1/imports?fileName=a.csv',
      { ...init, headers: { ...headers, 'content-type': 'image/png' } },
      415,
      'MEDIA_TYPE_UNSUPPORTED',
    );
  });
  it('tell a packed upload, which could be a bomb', async () => {
    const headers = {
      ...as(api.tokens.officer).headers,
      'content-type': 'text/csv',
      'content-encoding': 'gzip',
    };
    await expectProblem(
      '/v1/imports?fileName=a.csv',
      { method: 'POST', headers, body: 'x' },
      415,
      'MEDIA_TYPE_UNSUPPORTED',
    );
  });
  it('tell a JSON body that is too large', () =>
    expectProblem(
      '/v1/questions',
      posting(api.tokens.officer, { subject: 'x'.repeat(20_000) }),
      413,
      'BODY_TOO_LARGE',
    ));
  it('tell an upload that is too large by its announced length, before reading it', () =>
    expectProblem(
      '/v1/imports?fileName=a.csv',
      {
        method: 'POST',
        headers: { ...as(api.tokens.officer).headers, 'content-type': 'text/csv' },
        body: Buffer.alloc(1024 * 1024 + 1),
      },
      413,
      'BODY_TOO_LARGE',
    ));
  it('tell an upload that is too large although it announced nothing', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const sending = httpRequest(
        `${api.url}/v1/imports?fileName=a.csv`,
        { method: 'POST', headers: { ...as(api.tokens.officer).headers, 'content-type': 'text/csv' } },
        (response) => resolve(response.statusCode ?? 0),
      );
      sending.on('error', reject);
      for (let i = 0; i < 20; i += 1) sending.write(Buffer.alloc(64 * 1024));
      sending.end();
    });
    expect(status).to.equal(413);
  });
  it('tell all that is wrong with a call, without repeating what was sent', async () => {
    const read = await expectProblem(
      '/v1/questions',
      posting(api.tokens.officer, { subject: 5, application: '', geheim: 'Kanarienvogel' }),
      400,
      'REQUEST_INVALID',
    );
    expect(read.operands['issues']).to.be.an('array').with.length.greaterThan(2);
  });
  it('tell it in Chinese, the schemas’ own messages and the library’s', async () => {
    const post = (body: unknown) =>
      expectProblem('/v1/questions', posting(api.tokens.officer, body), 400, 'REQUEST_INVALID');
    const library = await post({ subject: 5, application: '', geheim: 'x' });
    // Names of fields and types stay; every message around them is Chinese.
    const issues = library.detailZh.replace('请求无效：', '').split('；');
    expect(issues).to.have.length.greaterThan(2);
    for (const issue of issues) expect(issue.split('：').slice(1).join(), issue).to.match(/\p{Script=Han}/u);
    expect(library.detailZh).to.not.match(/expected|Invalid|required/i);
    const own = await post({ subject: USCC, application: 'a', predicate: 'p', reason: 'r' });
    expect(own.detailZh).to.equal('请求无效：body：请指定 register 或 member 之一');
    expect(own.detail).to.include('give register or member, one of them');
    const regex = await post({
      subject: USCC,
      application: 'a',
      predicate: 'p',
      reason: 'r',
      asOf: 'x',
      member: '1',
    });
    expect(regex.detailZh).to.include('body.asOf：日期格式应为 YYYY-MM-DD');
  });
  it('tell a wrong credit code by its own code', () =>
    expectProblem(`/v1/records?subject=${USCC.slice(0, -1)}M`, as(api.tokens.officer), 400, 'USCC_CHECK'));
  it('tell a listing that names nothing to look for', () =>
    expectProblem('/v1/records', as(api.tokens.officer), 400, 'REQUEST_INVALID'));
  it('tell a moment before 1970, which no chain knows', async () => {
    const read = await expectProblem(
      '/v1/grants',
      posting(api.tokens.officer, {
        grantee: { member: '2' },
        application: 'procurement-qualification',
        classes: [1],
        validFrom: '0415-02-07T06:55:59Z',
        validUntil: '2027-11-27T00:00:00Z',
      }),
      400,
      'REQUEST_INVALID',
    );
    expect(read.detail).to.include('validFrom').and.to.include('1970');
  });
  it('tell a page size out of bounds', () =>
    expectProblem('/v1/imports?limit=501', as(api.tokens.officer), 400, 'REQUEST_INVALID'));
  it('tell a question that names both a register and a member, or neither', async () => {
    const ask = { subject: USCC, application: 'a', predicate: 'p', reason: 'r' };
    await expectProblem('/v1/questions', posting(api.tokens.officer, ask), 400, 'REQUEST_INVALID');
    await expectProblem(
      '/v1/questions',
      posting(api.tokens.officer, { ...ask, register: '1', member: '1' }),
      400,
      'REQUEST_INVALID',
    );
  });
  it('tell a request between members whose fields are spelled otherwise', async () => {
    const question = { request: {}, uscc: USCC, nonce: HASH.toUpperCase() };
    await expectProblem('/v1/exchange/questions', posting('', question), 400, 'REQUEST_INVALID');
  });

  it('echo a sane request id and replace any other', async () => {
    const echoed = await fetch(`${api.url}/v1/health`, { headers: { 'x-request-id': 'trace-12345678' } });
    expect(echoed.headers.get('x-request-id')).to.equal('trace-12345678');
    const replaced = await fetch(`${api.url}/v1/health`, { headers: { 'x-request-id': 'a b"c' } });
    expect(replaced.headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/);
  });

  it('say nothing of a failure inside but that it happened', async () => {
    const failing = await startApi(
      {},
      {
        records: {
          ...roomDoubles().records,
          get: async () => {
            throw new Error('relation "records" has a row about 张三');
          },
        },
      },
    );
    try {
      const response = await fetch(`${failing.url}/v1/records/7`, as(failing.tokens.officer));
      const text = await response.text();
      expect(response.status).to.equal(500);
      expect(text).to.include('INTERNAL').and.not.include('张三').and.not.include('relation');
      expect(failing.log()).to.include('INTERNAL').and.not.include('张三');
    } finally {
      await failing.close();
    }
  });

  it('limit the number of requests of one address and say so in RateLimit headers', async () => {
    const strict = await startApi({ requestsPerMinute: 2 });
    try {
      const first = await fetch(`${strict.url}/v1/health`);
      expect(first.headers.get('ratelimit')).to.match(/r=1/);
      await fetch(`${strict.url}/v1/health`);
      const third = await fetch(`${strict.url}/v1/health`);
      expect(third.status).to.equal(429);
      expect(third.headers.get('retry-after')).to.match(/^\d+$/);
      expect(await problem(third)).to.include({ code: 'TOO_MANY_REQUESTS' });
    } finally {
      await strict.close();
    }
  });

  it('have a status for every code that a room of the node throws', () => {
    const known = codesWithStatus();
    const missing = new Set<string>();
    const root = join(import.meta.dirname, '../..');
    const rooms = ['node/src', 'sdk/src/protocol', 'sdk/src/chain'].flatMap((folder) =>
      sources(join(root, folder)),
    );
    expect(rooms).to.have.length.greaterThan(50);
    for (const file of rooms) {
      // The command line and what is done before a node runs have no status.
      if (/node\/src\/(cli|keys)\/|node\/src\/(config|setup)\.ts/.test(file)) continue;
      const text = readFileSync(file, 'utf8');
      const thrown = [...text.matchAll(/new LedgerError\(\s*['"]([A-Z0-9_]+)['"]/g)];
      const tables = file.endsWith('errors.ts') ? [...text.matchAll(/^ {2}([A-Z][A-Z0-9_]+): [[{]/gm)] : [];
      for (const [, code] of [...thrown, ...tables]) {
        if (code !== undefined && !known.has(code)) missing.add(code);
      }
    }
    expect([...missing].sort()).to.deep.equal([]);
  });

  it('have the status that the exchange itself gives to what it turns away', () => {
    for (const [code, status] of codesWithStatus()) {
      const given = statusOfRejection(new LedgerError(code, { en: '', zh: '' }));
      if (given !== undefined) expect([code, status]).to.deep.equal([code, given]);
    }
  });
});

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(folder, file));
}
