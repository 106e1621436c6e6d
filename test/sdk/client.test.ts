import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LedgerClient } from '@credit-ledger/sdk/client';
import { isLedgerError } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';

const problem = {
  type: 'urn:credit-ledger:problem:GRANT_EXHAUSTED',
  title: 'Conflict',
  status: 409,
  code: 'GRANT_EXHAUSTED',
  detail: 'The grant is used up.',
  detailZh: '授权已用完。',
  operands: { maxUses: 3 },
  requestId: 'r-1',
};

function clientThat(answer: (request: Request) => Promise<Response> | Response): LedgerClient {
  return new LedgerClient({
    baseUrl: 'http://node.invalid/',
    token: 'clt_secret',
    fetch: (request) => Promise.resolve(answer(request)),
    timeoutMilliseconds: 50,
  });
}

async function failure(client: LedgerClient): Promise<{ code: string; messageZh: string; operands: object }> {
  try {
    await client.call((api) => api.GET('/v1/health'));
  } catch (error) {
    if (isLedgerError(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('the client of a node', function () {
  this.timeout(30_000);

  it('has the types of the API’s description', () => {
    const script = fileURLToPath(new URL('../../scripts/make-client.ts', import.meta.url));
    execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' });
  });

  it('asks the node by the path, with the token, and gives its data', async () => {
    let seen: Request | undefined;
    const client = clientThat((request) => {
      seen = request;
      return Response.json({ status: 'ok' });
    });
    expect(await client.call((api) => api.GET('/v1/health'))).to.deep.equal({ status: 'ok' });
    expect(seen?.url).to.equal('http://node.invalid/v1/health');
    expect(seen?.headers.get('authorization')).to.equal('Bearer clt_secret');
  });

  it('throws the node’s own problem with its code and words', async () => {
    const thrown = await failure(clientThat(() => Response.json(problem, { status: 409 })));
    expect(thrown.code).to.equal('GRANT_EXHAUSTED');
    expect(thrown.messageZh).to.equal('授权已用完。');
    expect(thrown.operands).to.deep.equal({ maxUses: 3, status: 409, requestId: 'r-1' });
  });

  it('tells what is no node from a node that cannot be reached', async () => {
    const page = await failure(clientThat(() => new Response('<html>', { status: 502 })));
    expect(page.code).to.equal('NODE_RESPONSE_UNKNOWN');
    const gone = await failure(clientThat(() => Promise.reject(new TypeError('fetch failed'))));
    expect(gone.code).to.equal('NODE_UNREACHABLE');
  });

  it('does not wait for ever', async () => {
    const silent = clientThat(
      (request) =>
        new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
        }),
    );
    expect((await failure(silent)).code).to.equal('NODE_UNREACHABLE');
  });
});
