import { expect } from 'chai';
import { LedgerError } from '@credit-ledger/sdk/protocol';
import { as, posting, startApi, type TestApi } from './support/api.ts';
import { roomDoubles, SUBJECT_NAME, USCC } from './support/doubles.ts';

describe('what the log and the access log hold', () => {
  let api: TestApi;
  before(async () => {
    const doubles = roomDoubles();
    api = await startApi(
      {},
      {
        questions: {
          ...doubles.questions,
          ask: async ({ subject }) => {
            throw new LedgerError(
              'NOT_READY',
              { en: `No answer about ${subject}.`, zh: `无 ${subject}` },
              { subject },
              { cause: new Error(`inner ${subject}`) },
            );
          },
        },
      },
    );
  });
  after(() => api.close());

  it('is, at info level, no credit code, name, file name, token or person, whatever is asked', async () => {
    const secret = 'Kanarienvogel';
    const calls: [string, RequestInit][] = [
      [
        `/v1/records?subject=${USCC}&documentNumber=${encodeURIComponent(secret)}`,
        as(api.tokens.officer, { 'x-access-reason': secret }),
      ],
      ['/v1/records/7', as(api.tokens.officer)],
      [`/v1/public/records?uscc=${USCC}`, {}],
      [`/v1/public/records?documentNumber=${encodeURIComponent(secret)}`, {}],
      [
        '/v1/records/7/operations',
        posting(api.tokens.officer, { op: 'revoke', date: '2026-01-02', reason: secret }),
      ],
      [
        `/v1/imports?fileName=${encodeURIComponent(SUBJECT_NAME)}.csv`,
        {
          method: 'POST',
          headers: { ...as(api.tokens.officer).headers, 'content-type': 'text/csv' },
          body: `${USCC},${secret}`,
        },
      ],
      ['/v1/records', posting(api.tokens.officer, { rows: [{ [SUBJECT_NAME]: USCC }] })],
      [
        '/v1/questions',
        posting(api.tokens.officer, {
          subject: USCC,
          member: '1',
          application: 'a',
          predicate: 'p',
          reason: secret,
        }),
      ],
      [`/v1/questions?${USCC}=${secret}`, as(api.tokens.auditor)],
      [`/v1/${USCC}`, as(api.tokens.auditor)],
      ['/v1/questions', { ...posting(api.tokens.officer, {}), body: `{"subject":"${USCC}` }],
      ['/v1/me', as(`clt_${secret.padEnd(43, 'x')}`)],
    ];
    for (const [path, init] of calls) await (await fetch(api.url + path, init)).arrayBuffer();
    const log = api.log();
    expect(log.split('\n').filter(Boolean)).to.have.length.greaterThan(calls.length - 1);
    for (const canary of [
      USCC,
      SUBJECT_NAME,
      encodeURIComponent(SUBJECT_NAME),
      secret,
      '王芳',
      'auditor-1',
      ...Object.values(api.tokens),
    ]) {
      expect(log, canary).to.not.include(canary);
    }
    expect(log).to.include('"route":"/v1/records/{id}"').and.include('"code":"NOT_READY"');
  });

  it('is, in the access log, who looked at whose data, when and why, with ids and never the data', async () => {
    await fetch(
      `${api.url}/v1/records?subject=${USCC}&limit=3`,
      as(api.tokens.officer, { 'x-access-reason': encodeURIComponent('核查投标资格') }),
    );
    await fetch(`${api.url}/v1/records/7`, as(api.tokens.auditor));
    const response = await fetch(`${api.url}/v1/access-log?limit=2`, as(api.tokens.auditor));
    const { items, next } = (await response.json()) as {
      items: { tokenName: string; action: string; detail: Record<string, unknown> }[];
      next: string | null;
    };
    const [read, found] = items;
    expect(read).to.deep.include({ tokenName: 'auditor-1', action: 'record.read' });
    expect(found).to.deep.include({ tokenName: '王芳', action: 'records.find' });
    expect(found?.detail).to.deep.include({ reason: '核查投标资格', recordIds: ['7'] });
    // The same subject has the same mark, so that accesses to it can be found.
    expect(read?.detail['subject']).to.equal(found?.detail['subject']);
    expect(read?.detail['subject']).to.match(/^[0-9a-f]{32}$/);
    expect(JSON.stringify(items)).to.not.include(USCC).and.not.include(SUBJECT_NAME);
    const older = await fetch(`${api.url}/v1/access-log?limit=2&after=${next}`, as(api.tokens.auditor));
    expect(((await older.json()) as { items: { id: string }[] }).items).to.not.be.empty;
  });

  it('comes before the answer: what cannot be accounted for is not told', async () => {
    const mute = await startApi();
    try {
      mute.users.logAccess = () => Promise.reject(new Error('disk full'));
      const response = await fetch(`${mute.url}/v1/records/7`, as(mute.tokens.officer));
      expect(response.status).to.equal(500);
      expect(await response.text()).to.not.include(USCC);
    } finally {
      await mute.close();
    }
  });

  it('is nothing that a cache may keep', async () => {
    const response = await fetch(`${api.url}/v1/records/7`, as(api.tokens.officer));
    expect(response.headers.get('cache-control')).to.equal('no-store');
    expect(response.headers.get('content-security-policy')).to.equal("default-src 'none'");
    expect(response.headers.get('x-powered-by')).to.equal(null);
  });
});
