import { expect } from 'chai';
import { as, posting, startApi, type TestApi } from './support/api.ts';

describe('API tokens', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(() => api.close());

  const create = async (name: string): Promise<{ token: string; name: string }> => {
    const response = await fetch(
      `${api.url}/v1/tokens`,
      posting(api.tokens.operator, { name, role: 'officer' }),
    );
    expect(response.status).to.equal(201);
    return (await response.json()) as { token: string; name: string };
  };

  it('have 256 bits, are shown once and never stored', async () => {
    const { token } = await create('李雷');
    expect(token).to.match(/^clt_[A-Za-z0-9_-]{43}$/);
    const listed = await (await fetch(`${api.url}/v1/tokens`, as(api.tokens.operator))).text();
    expect(listed).to.include('李雷').and.not.include(token);
    const stored = JSON.stringify(
      await api.query(`SELECT *, encode(token_hash, 'escape') AS e FROM api_tokens`),
    );
    expect(stored).to.not.include(token).and.not.include(token.slice(4));
    const rows = await api.query<{ token_hash: Uint8Array }>('SELECT token_hash FROM api_tokens');
    expect(rows.every(({ token_hash }) => token_hash.length === 32)).to.equal(true);
  });

  it('are hashed under the pepper: the plain SHA-256 of a token is not in the database', async () => {
    const { token } = await create('韩梅梅');
    const found = await api.query(
      `SELECT 1 FROM api_tokens WHERE token_hash IN (sha256('${token}'), sha256('token:${token}'))`,
    );
    expect(found).to.have.length(0);
  });

  it('stop working when revoked, and a name is never given twice', async () => {
    const { token } = await create('left us');
    expect((await fetch(`${api.url}/v1/me`, as(token))).status).to.equal(200);
    const revoked = await fetch(
      `${api.url}/v1/tokens/left%20us/revoke`,
      posting(api.tokens.operator, undefined),
    );
    expect(revoked.status).to.equal(204);
    expect((await fetch(`${api.url}/v1/me`, as(token))).status).to.equal(401);
    const again = await fetch(
      `${api.url}/v1/tokens`,
      posting(api.tokens.operator, { name: 'left us', role: 'officer' }),
    );
    expect(again.status).to.equal(409);
    expect(await again.json()).to.include({ code: 'TOKEN_NAME_TAKEN' });
  });

  it('cannot be guessed at leisure: after some failures the address is told to wait', async () => {
    const strict = await startApi({ failedSignInsPerMinute: 3 });
    try {
      const guess = async (): Promise<number> =>
        (await fetch(`${strict.url}/v1/me`, as(`clt_${'x'.repeat(43)}`))).status;
      expect([await guess(), await guess(), await guess(), await guess()]).to.deep.equal([
        401, 401, 401, 429,
      ]);
    } finally {
      await strict.close();
    }
  });

  it('that work are never held back, however many calls come at once', async () => {
    const strict = await startApi({ failedSignInsPerMinute: 2 });
    try {
      const call = async (): Promise<number> =>
        (await fetch(`${strict.url}/v1/me`, as(strict.tokens.auditor))).status;
      const statuses = await Promise.all(Array.from({ length: 40 }, call));
      expect(new Set(statuses)).to.deep.equal(new Set([200]));
    } finally {
      await strict.close();
    }
  });

  it('that are missing are no guesses', async () => {
    const strict = await startApi({ failedSignInsPerMinute: 1 });
    try {
      for (let i = 0; i < 3; i += 1) expect((await fetch(`${strict.url}/v1/me`)).status).to.equal(401);
    } finally {
      await strict.close();
    }
  });
});
