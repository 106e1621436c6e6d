import { expect } from 'chai';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpTransport, type Resolver, type TransportOptions } from '../../node/src/exchange/index.ts';
import { refusedAddress } from '../../node/src/exchange/peer-addresses.ts';
import { traced } from '../../node/src/trace.ts';
import { codeOf } from '../support/codes.ts';

describe('The transport to other nodes', () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  const development = (options: TransportOptions = {}) =>
    new HttpTransport({ development: true, ...options });

  it('posts JSON below the path of the endpoint and returns status and body', async () => {
    let seen = '';
    const endpoint = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        seen = `${request.method} ${request.url} ${body} ${request.headers.authorization ?? 'no credentials'}`;
        response.writeHead(409, { 'content-type': 'application/problem+json' }).end('{"code":"X"}');
      });
    });
    const response = await development().post(`${endpoint}/node/`, '/v1/exchange/questions', { a: 1 });
    expect(response).to.deep.equal({ status: 409, body: { code: 'X' } });
    expect(seen).to.equal('POST /node/v1/exchange/questions {"a":1} no credentials');
  });

  it('follows no redirect', async () => {
    let reached = false;
    const inside = await serve((_, response) => {
      reached = true;
      response.end('{}');
    });
    const endpoint = await serve((_, response) => response.writeHead(307, { location: inside }).end());
    expect(await codeOf(development().post(endpoint, '/x', {}))).to.equal('PEER_RESPONSE_INVALID');
    expect(reached).to.equal(false);
  });

  it('stops reading an answer that is too large, also one that never ends', async () => {
    const endpoint = await serve((_, response) => {
      const more = (): void => {
        while (response.writable && response.write('x'.repeat(1024)));
      };
      response.on('drain', more);
      more();
    });
    const transport = development({ maxResponseBytes: 10_000 });
    expect(await codeOf(transport.post(endpoint, '/x', {}))).to.equal('PEER_RESPONSE_INVALID');
  });

  it('gives up on an answer that does not come, and on one that comes too slowly', async () => {
    const transport = development({ timeoutMilliseconds: 50 });
    const silent = await serve(() => undefined);
    expect(await codeOf(transport.post(silent, '/x', {}))).to.equal('PEER_UNREACHABLE');
    const slow = await serve((_, response) => void response.write('{'));
    expect(await codeOf(transport.post(slow, '/x', {}))).to.equal('PEER_UNREACHABLE');
  });

  it('takes what is not JSON, and a connection that breaks, for errors', async () => {
    const text = await serve((_, response) => response.end('<html>'));
    expect(await codeOf(development().post(text, '/x', {}))).to.equal('PEER_RESPONSE_INVALID');
    const broken = await serve((request) => request.socket.destroy());
    expect(await codeOf(development().post(broken, '/x', {}))).to.equal('PEER_UNREACHABLE');
  });

  for (const endpoint of [
    'not an address',
    'file:///etc/passwd',
    'ftp://example.test',
    'http://user:word@127.0.0.1',
    'http://169.254.169.254/latest',
    'http://[fe80::1]',
    'http://0.0.0.0:80',
    'http://[::ffff:169.254.169.254]/',
    'http://0xa9fea9fe/',
    'http://[64:ff9b:1::a9fe:a9fe]/',
    'http://[::ffff:0:169.254.169.254]/',
    'http://127.0.0.1:1/?query',
  ]) {
    it(`refuses the endpoint ${endpoint}, even in development`, async () => {
      expect(await codeOf(development().post(endpoint, '/x', {}))).to.equal('PEER_ENDPOINT_REFUSED');
    });
  }

  for (const endpoint of [
    'http://example.test',
    'https://127.0.0.1',
    'https://[::1]:8645',
    'https://2130706433',
  ]) {
    it(`refuses the endpoint ${endpoint} in production`, async () => {
      expect(await codeOf(new HttpTransport().post(endpoint, '/x', {}))).to.equal('PEER_ENDPOINT_REFUSED');
    });
  }

  it('refuses a name that resolves to this machine in production, at the moment of connecting', async () => {
    expect(await codeOf(new HttpTransport().post('https://localhost:1', '/x', {}))).to.equal(
      'PEER_ENDPOINT_REFUSED',
    );
  });

  describe('in production', () => {
    const production = { development: false } as const;
    for (const address of [
      ...['10.1.2.3', '192.168.1.1', '172.16.0.1', '100.64.0.1', '127.0.0.1', '127.9.9.9'],
      ...['fd12::1', '::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:7f00:1'],
    ]) {
      it(`does not connect to ${address}, unless its network is one of the members’`, () => {
        expect(refusedAddress(address, production)).to.match(/peerNetworks/);
        const networks = ['10.0.0.0/8', '192.168.1.0/24', '172.16.0.0/12', '100.64.0.0/10'];
        networks.push('127.0.0.0/8', 'fd12::/16', '::1/128');
        expect(refusedAddress(address, { ...production, networks })).to.equal(undefined);
        expect(refusedAddress(address, { development: true })).to.equal(undefined);
      });
    }

    for (const address of [
      ...['0.0.0.0', '0.1.2.3', '169.254.169.254', '100.100.100.200', '224.0.0.1', '255.255.255.255'],
      ...['::', '::7f00:1', '::10.0.0.1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'ff02::1', 'fd00:ec2::254'],
      ...['64:ff9b::7f00:1', '64:ff9b:1::a00:1', '2002:7f00:1::', '2001:0:7f00:1::', '::ffff:0:127.0.0.1'],
      ...['::ffff:169.254.169.254', '::ffff:0.0.0.0', 'not an address', '0177.0.0.1', '127.1'],
    ]) {
      it(`never connects to ${address}, whatever is allowed`, () => {
        const networks = ['0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1'];
        expect(refusedAddress(address, { ...production, networks })).to.be.a('string');
        expect(refusedAddress(address, { development: true, networks })).to.be.a('string');
      });
    }

    it('does connect to public addresses', () => {
      for (const address of ['203.0.113.5', '8.8.8.8', '::ffff:203.0.113.5', '2606:4700::1']) {
        expect(refusedAddress(address, production)).to.equal(undefined);
      }
    });

    for (const endpoint of [
      ...[
        'https://0x7f.1',
        'https://0177.0.0.1',
        'https://127.1',
        'https://2130706433',
        'https://0x7f000001',
      ],
      ...[
        'https://[::ffff:127.0.0.1]',
        'https://[::ffff:7f00:1]',
        'https://１２７.0.0.1',
        'https://①27.0.0.1',
      ],
      'https://127.0.0.1.',
    ]) {
      it(`sees this machine in ${endpoint}`, async () => {
        expect(await codeOf(new HttpTransport().post(endpoint, '/x', {}))).to.equal('PEER_ENDPOINT_REFUSED');
      });
    }

    it('refuses a name of which one address among several is private', async () => {
      const resolver = names([['203.0.113.5', '10.0.0.1']]);
      const transport = new HttpTransport({ resolver: resolver.resolve });
      expect(await codeOf(transport.post('https://member.test', '/x', {}))).to.equal('PEER_ENDPOINT_REFUSED');
    });

    it('refuses a name without any address', async () => {
      const transport = new HttpTransport({ resolver: names([[]]).resolve });
      expect(await codeOf(transport.post('https://member.test', '/x', {}))).to.equal('PEER_ENDPOINT_REFUSED');
    });
  });

  it('connects to the address that it has looked at: a name that changes its address in between gains nothing', async () => {
    // Of two servers on one port, the resolver names the allowed one first and the other ever after.
    let reached = '';
    const listener =
      (who: string): RequestListener =>
      (_, response) => {
        reached = who;
        response.setHeader('content-type', 'application/json').end('{}');
      };
    const allowed = await serve(listener('the one looked at'));
    const { port } = new URL(allowed);
    const inside = createServer(listener('the one inside'));
    servers.push(inside);
    await new Promise<void>((resolve) => inside.listen(Number(port), '127.0.0.2', resolve));
    const resolver = names([['127.0.0.1'], ['127.0.0.2']]);
    const transport = development({ resolver: resolver.resolve });
    await transport.post(`http://member.test:${port}`, '/x', {});
    expect([reached, resolver.asked()]).to.deep.equal(['the one looked at', 1]);
    // The next call asks again, and judges what it is told then.
    const strict = new HttpTransport({
      networks: ['127.0.0.1/32'],
      resolver: names([['127.0.0.2']]).resolve,
    });
    expect(await codeOf(strict.post(`https://member.test:${port}`, '/x', {}))).to.equal(
      'PEER_ENDPOINT_REFUSED',
    );
  });

  it('takes only JSON that says it is, without names that stand twice or nesting without end', async () => {
    const answering = async (type: string, body: string): Promise<string | undefined> => {
      const endpoint = await serve((_, response) => response.setHeader('content-type', type).end(body));
      return codeOf(development().post(endpoint, '/x', {}));
    };
    expect(await answering('text/html', '{}')).to.equal('PEER_RESPONSE_INVALID');
    expect(await answering('application/json', '{"a":1,"\\u0061":2}')).to.equal('PEER_RESPONSE_INVALID');
    expect(await answering('application/json', '{"__proto__":{}}')).to.equal('PEER_RESPONSE_INVALID');
    expect(await answering('application/json', '['.repeat(50_000))).to.equal('PEER_RESPONSE_INVALID');
  });

  it('passes on for which request it calls, and reports how long it is asked to wait', async () => {
    let seen: unknown;
    const endpoint = await serve((request, response) => {
      seen = request.headers['x-request-id'];
      response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '7' }).end('{}');
    });
    const response = await traced('request-of-a-person', () => development().post(endpoint, '/x', {}));
    expect(seen).to.equal('request-of-a-person');
    expect(response.retryAfterSeconds).to.equal(7);
    await development().post(endpoint, '/x', {});
    expect(seen).to.equal(undefined);
  });

  it('counts what came of its calls', async () => {
    const transport = development();
    const endpoint = await serve((_, response) =>
      response.setHeader('content-type', 'application/json').end('{}'),
    );
    await transport.post(endpoint, '/x', {});
    await codeOf(transport.post('http://0.0.0.0', '/x', {}));
    expect(Object.fromEntries(transport.calls.outcomes)).to.deep.equal({ ok: 1, PEER_ENDPOINT_REFUSED: 1 });
  });
});

/** A resolver that gives one list of addresses after the other, and the last one ever after. */
function names(answers: readonly (readonly string[])[]): { resolve: Resolver; asked(): number } {
  let asked = 0;
  return {
    asked: () => asked,
    resolve: (_name, callback) => {
      const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
      asked += 1;
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    },
  };
}
