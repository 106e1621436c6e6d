import { expect } from 'chai';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { HttpTransport } from '../../node/src/exchange/index.ts';
import {
  hasOpenssl,
  makeAuthority,
  type TestAuthority,
  type TestCertificate,
} from '../support/certificates.ts';
import { codeOf } from '../support/codes.ts';

describe('The certificate of another member’s node', () => {
  const servers: Server[] = [];
  let authority: TestAuthority;
  before(async function () {
    if (await hasOpenssl()) authority = await makeAuthority();
    else this.skip();
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
  after(() => authority?.dispose());

  /** A node that shows this certificate; `asked` counts the requests that got as far as being read. */
  async function node({ key, certificate }: TestCertificate): Promise<{ url: string; asked(): number }> {
    let asked = 0;
    const server = createServer({ key, cert: certificate }, (_, response) => {
      asked += 1;
      response.setHeader('content-type', 'application/json').end('{}');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
  }
  /** As in production: the network of the other members is named, and their authority. */
  const transport = (authorities = authority.certificate) =>
    new HttpTransport({ networks: ['127.0.0.0/8'], authorities });

  it('is good: the call goes through, and the days that it has left are known', async () => {
    const { url } = await node(await authority.issue({ fromDays: -1, untilDays: 9 }));
    const calling = transport();
    expect(await calling.post(url, '/x', {})).to.include({ status: 200 });
    const until = calling.calls.certificates.get(new URL(url).host)?.getTime() ?? 0;
    expect((until - Date.now()) / 86_400_000).to.be.within(8.9, 9.1);
  });

  it('has expired: nothing is sent, and the error says whose it is and what to do', async () => {
    const { url, asked } = await node(await authority.issue({ fromDays: -9, untilDays: -1 }));
    const calling = transport();
    const error = await calling.post(url, '/x', { secret: 1 }).then(
      () => undefined,
      (thrown: unknown) => thrown as Error & { code: string; messageZh: string },
    );
    expect(error?.code).to.equal('PEER_CERTIFICATE_EXPIRED');
    expect(error?.message).to.include(url).and.include('renew');
    expect(error?.messageZh).to.include(url).and.include('过期');
    expect(asked()).to.equal(0);
    expect(calling.calls.outcomes.get('PEER_CERTIFICATE_EXPIRED')).to.equal(1);
  });

  it('is of the future, of another name, or from nobody whom this node trusts: each has its code', async () => {
    const early = await node(await authority.issue({ fromDays: 1, untilDays: 9 }));
    expect(await codeOf(transport().post(early.url, '/x', {}))).to.equal('PEER_CERTIFICATE_NOT_YET_VALID');
    const other = await node(await authority.issue({ fromDays: -1, untilDays: 9, name: 'other.test' }));
    expect(await codeOf(transport().post(other.url, '/x', {}))).to.equal('PEER_CERTIFICATE_WRONG_NAME');
    const stranger = await makeAuthority();
    try {
      const good = await node(await authority.issue({ fromDays: -1, untilDays: 9 }));
      expect(await codeOf(transport(stranger.certificate).post(good.url, '/x', {}))).to.equal(
        'PEER_CERTIFICATE_UNTRUSTED',
      );
      expect(early.asked() + other.asked() + good.asked()).to.equal(0);
    } finally {
      await stranger.dispose();
    }
  });
});
