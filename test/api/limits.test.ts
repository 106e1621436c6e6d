import { expect } from 'chai';
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { Problem } from '../../node/src/api/problem.ts';
import { MinuteCounter } from '../../node/src/api/minute-counter.ts';
import { parseStrictJson } from '../../node/src/strict-json.ts';
import { rawConnection, sendRaw } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { as, posting, startApi, type TestApi } from './support/api.ts';
import { roomDoubles, USCC } from './support/doubles.ts';

const CODE = async (response: Response): Promise<string> => Problem.parse(await response.json()).code;

describe('The limits of the API', () => {
  let first: TestApi;
  before(async () => {
    first = await startApi();
  });
  after(() => first.close());
  const start: TestApi['beside'] = (settings, rooms) => first.beside(settings, rooms);
  /** A question whose JSON is written as given. */
  const asking = (api: TestApi, body: BodyInit, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${api.url}/v1/questions`, {
      method: 'POST',
      headers: { ...as(api.tokens.officer).headers, 'content-type': 'application/json', ...headers },
      body,
    });

  describe('of JSON', () => {
    it('are its depth, its number of parts, names that stand twice, and __proto__', async () => {
      const api = await start();
      const ask = `"subject":"${USCC}","application":"a"`;
      const refused: readonly (readonly [string, string])[] = [
        [`{"more":${'['.repeat(60)}${']'.repeat(60)}}`, 'BODY_TOO_COMPLEX'],
        [`{"more":${'{"a":'.repeat(60)}1${'}'.repeat(60)}}`, 'BODY_TOO_COMPLEX'],
        ['['.repeat(400_000), 'BODY_TOO_COMPLEX'],
        [`[${'1,'.repeat(300_000)}1]`, 'BODY_TOO_COMPLEX'],
        [`{${ask},"subject":"x"}`, 'BODY_AMBIGUOUS'],
        [`{${ask},"s\\u0075bject":"x"}`, 'BODY_AMBIGUOUS'],
        [`{${ask},"deep":[{"b":1,"c":{},"b":2}]}`, 'BODY_AMBIGUOUS'],
        [`{${ask},"__proto__":{"role":"operator"}}`, 'BODY_AMBIGUOUS'],
        [`{${ask},"\\u005f_proto__":{"role":"operator"}}`, 'BODY_AMBIGUOUS'],
        [`{${ask}`, 'BODY_MALFORMED'],
        [`{${ask},}`, 'BODY_MALFORMED'],
        ['', 'REQUEST_INVALID'],
      ];
      for (const [body, code] of refused) {
        const response = await asking(api, body);
        expect([response.status, await CODE(response)], body.slice(0, 80)).to.deep.equal([400, code]);
      }
    });

    it('are no other than JSON’s own for what people write', () => {
      fc.assert(
        fc.property(fc.json({ maxDepth: 8 }), (text) => {
          // A name that is never one of ours, and that the check refuses.
          fc.pre(!text.includes('__proto__'));
          expect(parseStrictJson(Buffer.from(text))).to.deep.equal(JSON.parse(text));
        }),
        {
          examples: [['{"a\\"b":"c:{d","e":[{"a":1},{"a":2}]}'], ['"\\\\"'], [' { "a" : { "a" : 1 } } ']],
        },
      );
    });

    it('need UTF-8: other bytes and other character sets are refused', async () => {
      const api = await start();
      expect(await CODE(await asking(api, Buffer.from([0x22, 0xff, 0xfe, 0x22])))).to.equal('BODY_MALFORMED');
      const utf16 = await asking(api, '{}', { 'content-type': 'application/json; charset=utf-16' });
      expect([utf16.status, await CODE(utf16)]).to.deep.equal([415, 'MEDIA_TYPE_UNSUPPORTED']);
      const utf8 = await asking(api, '{}', { 'content-type': 'application/json; charset="UTF-8"' });
      expect(await CODE(utf8)).to.equal('REQUEST_INVALID');
    });
  });

  it('take no packed body, so that none can be a bomb', async () => {
    const api = await start();
    for (const encoding of ['gzip', 'deflate', 'br', 'zstd', 'gzip, gzip', 'made-up']) {
      const response = await asking(api, gzipSync('{}'), { 'content-encoding': encoding });
      expect([response.status, await CODE(response)]).to.deep.equal([415, 'MEDIA_TYPE_UNSUPPORTED']);
    }
  });

  it('take no multipart form', async () => {
    const api = await start();
    const form = new FormData();
    form.set('subject', USCC);
    const response = await fetch(`${api.url}/v1/questions`, {
      method: 'POST',
      ...as(api.tokens.officer),
      body: form,
    });
    expect(response.status).to.equal(415);
  });

  it('are 4096 characters of address, a hundred headers and 16 KiB of them, told with a code each', async () => {
    const api = await start();
    const long = await fetch(`${api.url}/v1/health?${'x'.repeat(5000)}`);
    expect([long.status, await CODE(long)]).to.deep.equal([414, 'URL_TOO_LONG']);
    const many = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`x-h-${i}`, 'v']));
    const crowded = await fetch(`${api.url}/v1/health`, { headers: many });
    expect([crowded.status, await CODE(crowded)]).to.deep.equal([431, 'HEADERS_TOO_LARGE']);
    const large = await sendRaw(api.url, `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
    expect([large.status, large.code]).to.deep.equal([431, 'HEADERS_TOO_LARGE']);
    const noise = await sendRaw(api.url, '\u0016\u0003\u0001 hello\r\n\r\n');
    expect([noise.status, noise.code]).to.deep.equal([400, 'REQUEST_MALFORMED']);
    const two = await sendRaw(
      api.url,
      'POST /v1/questions HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    );
    expect([two.status, two.code]).to.deep.equal([400, 'REQUEST_MALFORMED']);
  });

  it('are the time for the headers', async () => {
    const api = await start({ headersSeconds: 1 });
    const connection = rawConnection(api.url);
    connection.write('GET /v1/health HTTP/1.1\r\nhost: x\r\nx-slow: ');
    const answer = await connection.ended;
    expect([answer.status, answer.code]).to.deep.equal([408, 'REQUEST_TOO_SLOW']);
  });

  it('are the time in which nothing of a body comes, of JSON and of a file', async () => {
    const api = await start({ bodyIdleSeconds: 1 });
    for (const [path, type] of [
      ['/v1/questions', 'application/json'],
      ['/v1/imports?fileName=a.csv', 'text/csv'],
    ]) {
      const connection = rawConnection(api.url);
      connection.write(
        `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.tokens.officer}\r\n` +
          `content-type: ${type}\r\ncontent-length: 100\r\n\r\n{"a`,
      );
      const answer = await connection.ended;
      expect([answer.status, answer.code], path).to.deep.equal([408, 'BODY_TOO_SLOW']);
    }
    // One byte now and then does not keep a JSON body alive for ever.
    const dripping = rawConnection(api.url);
    dripping.write(
      `POST /v1/questions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${api.tokens.officer}\r\n` +
        'content-type: application/json\r\ncontent-length: 100\r\n\r\n',
    );
    const drip = setInterval(() => dripping.write(' '), 100);
    try {
      expect((await dripping.ended).code).to.equal('BODY_TOO_SLOW');
    } finally {
      clearInterval(drip);
    }
  });

  it('are the requests with one token, from wherever, and say when to come again', async () => {
    const api = await start({ requestsPerMinuteOfToken: 2, trustProxyHops: 1 });
    const from = (address: string): Promise<Response> =>
      fetch(`${api.url}/v1/me`, as(api.tokens.officer, { 'x-forwarded-for': address }));
    expect((await from('203.0.113.1')).status).to.equal(200);
    expect((await from('203.0.113.2')).status).to.equal(200);
    const third = await from('203.0.113.3');
    expect(third.status).to.equal(429);
    expect(Number(third.headers.get('retry-after'))).to.be.within(1, 60);
    expect(Problem.parse(await third.json())).to.deep.include({ code: 'TOO_MANY_REQUESTS' });
    // Another's token is not held back by it.
    expect((await fetch(`${api.url}/v1/me`, as(api.tokens.auditor))).status).to.equal(200);
  });

  it('go by the address of the connection, and by X-Forwarded-For only as far as proxies are trusted', async () => {
    const statuses = async (api: TestApi, forwarded: readonly string[]): Promise<number[]> => {
      const all: number[] = [];
      for (const each of forwarded) {
        all.push((await fetch(`${api.url}/v1/health`, { headers: { 'x-forwarded-for': each } })).status);
      }
      return all;
    };
    // No proxy: whatever is claimed, it is one address.
    const direct = await start({ requestsPerMinute: 2, trustProxyHops: 0 });
    expect(await statuses(direct, ['1.1.1.1', '2.2.2.2', '3.3.3.3'])).to.deep.equal([200, 200, 429]);
    // One proxy: the last address is the one that it has seen; what the caller wrote before it counts nothing.
    const behind = await start({ requestsPerMinute: 2, trustProxyHops: 1 });
    expect(
      await statuses(behind, ['9.9.9.1, 4.4.4.4', '9.9.9.2, 4.4.4.4', '9.9.9.3, 4.4.4.4']),
    ).to.deep.equal([200, 200, 429]);
    expect(await statuses(behind, ['4.4.4.4, 5.5.5.5'])).to.deep.equal([200]);
  });

  it('count with bounded memory, however many addresses come', () => {
    const counter = new MinuteCounter(100);
    for (let i = 0; i < 10_000; i += 1) counter.add(`address ${i}`);
    expect(counter.size).to.equal(100);
    expect(counter.hits('address 9999')).to.equal(1);
    expect(counter.hits('address 1')).to.equal(0);
  });

  it('are the requests answered at once; a supervisor is answered all the same', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const doubles = roomDoubles();
    const slow = { ...doubles.records, get: () => held.then(() => doubles.records.get(7n)) };
    const api = await start({ requestsAtOnce: 2 }, { records: slow });
    const waiting = [1, 2].map(() => fetch(`${api.url}/v1/records/7`, as(api.tokens.officer)));
    await waitFor('both to be under way', () => api.traffic.inFlight === 2);
    const third = await fetch(`${api.url}/v1/records/7`, as(api.tokens.officer));
    expect([third.status, await CODE(third)]).to.deep.equal([503, 'BUSY']);
    expect(third.headers.get('retry-after')).to.match(/^\d+$/);
    expect((await fetch(`${api.url}/v1/health`)).status).to.equal(200);
    expect((await fetch(`${api.url}/metrics`, as(api.tokens.operator))).status).to.equal(200);
    release();
    expect((await Promise.all(waiting)).map(({ status }) => status)).to.deep.equal([200, 200]);
    expect((await fetch(`${api.url}/v1/records/7`, as(api.tokens.officer))).status).to.equal(200);
  });

  it('are connections: what is beyond is closed', async () => {
    const api = await start({ connections: 2 });
    const two = [rawConnection(api.url), rawConnection(api.url)];
    for (const each of two) {
      each.write('GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n');
      await waitFor('an answer', () => each.received().includes('"ok"'));
    }
    const third = await sendRaw(api.url, 'GET /v1/health HTTP/1.1\r\nhost: x\r\n\r\n');
    expect(third.status).to.equal(0);
    for (const each of two) each.socket.destroy();
  });

  describe('towards browsers', () => {
    const preflight = {
      method: 'OPTIONS',
      headers: { origin: 'https://desk.example.cn', 'access-control-request-method': 'POST' },
    };

    it('are closed: no page of another origin may call, unless it is named', async () => {
      const api = await start();
      const refused = await fetch(`${api.url}/v1/questions`, preflight);
      expect(refused.status).to.equal(405);
      expect(refused.headers.get('access-control-allow-origin')).to.equal(null);
    });

    it('open for the origins that are named, to the letter, and never with cookies', async () => {
      const api = await start({ corsOrigins: ['https://desk.example.cn'] });
      const allowed = await fetch(`${api.url}/v1/questions`, preflight);
      expect(allowed.status).to.equal(204);
      expect(allowed.headers.get('access-control-allow-origin')).to.equal('https://desk.example.cn');
      expect(allowed.headers.get('access-control-allow-credentials')).to.equal(null);
      expect(allowed.headers.get('vary')).to.match(/origin/i);
      for (const origin of ['https://desk.example.cn.evil.test', 'http://desk.example.cn', 'null']) {
        const other = await fetch(`${api.url}/v1/health`, { headers: { origin } });
        expect(other.headers.get('access-control-allow-origin')).to.equal(null);
      }
    });

    it('forbid framing, sniffing, scripts and caches with every answer', async () => {
      const api = await start();
      for (const path of ['/v1/health', '/v1/nothing', '/v1/openapi.json']) {
        const { headers } = await fetch(api.url + path);
        expect(headers.get('content-security-policy')).to.equal("default-src 'none'");
        expect(headers.get('x-content-type-options')).to.equal('nosniff');
        expect(headers.get('x-frame-options')).to.equal('SAMEORIGIN');
        expect(headers.get('strict-transport-security')).to.match(/max-age=\d+/);
        expect(headers.get('referrer-policy')).to.equal('no-referrer');
        expect(headers.get('cross-origin-resource-policy')).to.equal('same-origin');
        expect(headers.get('cache-control')).to.equal('no-store');
        expect(headers.get('x-powered-by')).to.equal(null);
      }
    });
  });

  it('say when to come again with every answer that says “later”', async () => {
    const { LedgerError } = await import('@credit-ledger/sdk/protocol');
    for (const code of [
      'STORE_UNAVAILABLE',
      'STORE_BUSY',
      'CHAIN_UNREACHABLE',
      'PROVER_CRASHED',
      'CASE_TOO_MANY_OPEN',
    ]) {
      const failing = async (): Promise<never> => {
        throw new LedgerError(code, { en: 'x', zh: '中' });
      };
      const api = await start({}, { records: { ...roomDoubles().records, get: failing } });
      const response = await fetch(`${api.url}/v1/records/7`, as(api.tokens.officer));
      expect([response.status, await CODE(response)]).to.deep.equal([
        code.startsWith('CASE') ? 429 : 503,
        code,
      ]);
      expect(response.headers.get('retry-after'), code).to.match(/^\d+$/);
    }
  });

  it('once the node is ending are nothing at all, and a supervisor still sees that it lives', async () => {
    const api = await start();
    api.traffic.end();
    const refused = await fetch(`${api.url}/v1/questions`, posting(api.tokens.officer, {}));
    expect([refused.status, await CODE(refused)]).to.deep.equal([503, 'SHUTTING_DOWN']);
    expect(refused.headers.get('connection')).to.equal('close');
    expect((await fetch(`${api.url}/v1/health`)).status).to.equal(200);
  });
});
