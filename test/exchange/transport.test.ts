import { expect } from 'chai';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HttpTransport, type TransportOptions } from '../../node/src/exchange/index.ts';
import { refusedAddress } from '../../node/src/exchange/peer-addresses.ts';
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

  it('allows the private networks that agencies are on', () => {
    for (const address of ['10.1.2.3', '192.168.1.1', '172.16.0.1', 'fd12::1', '203.0.113.5']) {
      expect(refusedAddress(address, false)).to.equal(undefined);
    }
  });
});
