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

  describe('when the node says “later”', () => {
    const later = (status: number, code: string, seconds = '2'): Response =>
      Response.json({ ...problem, status, code }, { status, headers: { 'retry-after': seconds } });
    const patientClient = (answers: readonly Response[], waits: number[]) => {
      const bodies: string[] = [];
      const client = new LedgerClient({
        baseUrl: 'http://node.invalid/',
        patience: {
          wait: async (milliseconds) => {
            waits.push(milliseconds);
          },
        },
        fetch: async (request) => {
          bodies.push(await request.text());
          return answers[Math.min(bodies.length, answers.length) - 1]?.clone() ?? Response.error();
        },
      });
      return { client, bodies };
    };
    const ok = Response.json({ status: 'ok' });

    it('waits as long as it was told and asks again, with the same body', async () => {
      const waits: number[] = [];
      const { client, bodies } = patientClient(
        [later(503, 'BUSY'), later(429, 'TOO_MANY_REQUESTS', '7'), ok],
        waits,
      );
      const verify = { answer: { a: 1 }, expected: {} };
      await client.call((api) => api.POST('/v1/verifications', { body: verify as never }));
      expect(waits).to.deep.equal([2000, 7000]);
      expect(new Set(bodies)).to.deep.equal(new Set([JSON.stringify(verify)]));
    });

    it('gives up after three times, or at once when the pause is too long', async () => {
      const waits: number[] = [];
      const { client } = patientClient([later(503, 'BUSY')], waits);
      expect((await failure(client)).code).to.equal('BUSY');
      expect(waits).to.have.length(3);
      const { client: other } = patientClient([later(429, 'CASE_TOO_MANY_OPEN', '3600')], waits);
      expect((await failure(other)).code).to.equal('CASE_TOO_MANY_OPEN');
      expect(waits).to.have.length(3);
    });

    it('does not send again what the node may have begun with', async () => {
      const waits: number[] = [];
      const { client, bodies } = patientClient([later(503, 'CHAIN_UNREACHABLE'), ok], waits);
      const sent = client.call((api) => api.POST('/v1/verifications', { body: {} as never }));
      expect(await sent.catch((error: { code: string }) => error.code)).to.equal('CHAIN_UNREACHABLE');
      expect([bodies.length, waits.length]).to.deep.equal([1, 0]);
      // A reading does nothing, so it can be repeated.
      const { client: reading } = patientClient([later(503, 'CHAIN_UNREACHABLE'), ok], waits);
      expect(await reading.call((api) => api.GET('/v1/health'))).to.deep.equal({ status: 'ok' });
    });
  });
});
