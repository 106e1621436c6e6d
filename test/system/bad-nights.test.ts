import { createServer, type Server } from 'node:https';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { consortiumAbi } from '@credit-ledger/sdk/chain';
import { dateOfDay, dayAt } from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { encodeFunctionData } from 'viem';
import { createLogger } from '../../node/src/api/logging.ts';
import type { QuestionDetail } from '../../node/src/api/schemas/answers.ts';
import type { Token } from '../../node/src/api/schemas/system.ts';
import { createNode, type LedgerNode } from '../../node/src/app.ts';
import { ShiftedClock } from '../../node/src/clock.ts';
import { loadConfig } from '../../node/src/config.ts';
import { agenciesOf, type Play, playerOf, playOn } from '../../scripts/lib/acts/play.ts';
import { fillRegisters, giveGrant } from '../../scripts/lib/acts/registers.ts';
import { untilAnswered } from '../../scripts/lib/errands.ts';
import { Narrator } from '../../scripts/lib/narrate.ts';
import { makeSamples } from '../../scripts/lib/samples.ts';
import { setStage, type Stage, type StageNode } from '../../scripts/lib/stage.ts';
import { hasOpenssl, makeAuthority, type TestAuthority } from '../support/certificates.ts';
import { codeOf } from '../support/codes.ts';
import { makeTempDir } from '../support/temp.ts';
import { waitFor } from '../support/wait.ts';

const APPLICATION = 'procurement-qualification';
const TEN_MINUTES = 600_000;
const SLOW = { timeoutMilliseconds: 60_000 };

/** What the restored backup of yesterday does over today's node is in node.test.ts. */
describe('A bad night', function () {
  this.timeout(180_000);
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  let authority: TestAuthority | undefined;
  let stage: Stage;
  let play: Play;
  const clocks = new Map<string, ShiftedClock>();
  const nodes = new Map<string, LedgerNode>();

  before(async () => {
    temp = await makeTempDir();
    const authorities = join(temp.path, 'authorities.pem');
    authority = (await hasOpenssl()) ? await makeAuthority() : undefined;
    if (authority !== undefined) await writeFile(authorities, authority.certificate);
    const samples = join(temp.path, 'samples');
    await mkdir(samples);
    const today = dateOfDay(dayAt(Math.floor(Date.now() / 1000)));
    const cast = await makeSamples({ today, seed: 2021, dir: samples });
    stage = await setStage({
      directory: join(temp.path, 'stage'),
      agencies: agenciesOf(cast).filter(({ slug }) => slug !== 'bank'),
      settings: {
        pollMilliseconds: 100,
        proverWorkers: 1,
        ...(authority === undefined ? {} : { peerAuthoritiesPath: authorities }),
      },
      startInProcess: async (dataDir) => {
        const clock = new ShiftedClock();
        const logger = createLogger('silent');
        const node = await createNode(await loadConfig(dataDir, {}), { environment: {}, logger, clock });
        await node.start();
        const slug = dataDir.split('/').at(-1) ?? '';
        clocks.set(slug, clock);
        nodes.set(slug, node);
        return node;
      },
    });
    play = playOn(stage, {
      narrator: new Narrator({ write: () => true }),
      cast,
      samples,
      directory: temp.path,
    });
    await fillRegisters(play);
    await giveGrant(play, playerOf(play, 'beijing'), playerOf(play, 'hebei'), APPLICATION, {
      region: 130_000,
    });
  });
  after(async () => {
    await stage.stop();
    await authority?.dispose();
    await temp.remove();
  });

  /** Whatever a scenario did to the clocks, the next one begins with right ones. */
  const shifted = new Map<string, number>();
  const shift = (slug: string, by: number): void => {
    clocks.get(slug)?.shift(by);
    shifted.set(slug, (shifted.get(slug) ?? 0) + by);
  };
  afterEach(() => {
    for (const [slug, by] of shifted) shift(slug, -by);
  });
  const node = (slug: string): StageNode => playerOf(play, slug as 'beijing') as StageNode;
  const question = () => ({
    subject: play.cast.companies[0]?.uscc ?? '',
    member: node('beijing').memberId.toString(),
    application: APPLICATION,
    predicate: 'no-severe-default',
    reason: 'bad night',
  });
  const ask = async (): Promise<string> => {
    const { body } = await node('hebei').connection.call<{ items: QuestionDetail[] }>('ask', {
      json: question(),
    });
    return body.items[0]?.id ?? '';
  };
  const read = async (id: string): Promise<QuestionDetail> =>
    (
      await node('hebei').connection.call<QuestionDetail>('getQuestion', {
        params: { id },
        reason: 'bad night',
      })
    ).body;
  const until = (
    what: string,
    id: string,
    holds: (read: QuestionDetail) => boolean,
  ): Promise<QuestionDetail> =>
    waitFor(
      what,
      async () => {
        const now = await read(id);
        return holds(now) ? now : undefined;
      },
      SLOW,
    );
  const gauge = async (slug: string, name: string): Promise<number> => {
    const text = await (
      await fetch(`${node(slug).url}/metrics`, {
        headers: { authorization: `Bearer ${await tokenOf(slug, 'operator')}` },
      })
    ).text();
    return Number(new RegExp(`^ledger_${name} (.*)$`, 'm').exec(text)?.[1]);
  };
  const tokenOf = async (slug: string, role: 'operator'): Promise<string> => {
    const name = `night ${role} ${Math.random()}`;
    const { body } = await node(slug).connection.call<Token & { token: string }>('createToken', {
      json: { name, role },
    });
    return body.token;
  };

  for (const [title, by] of [
    ['ten minutes fast', TEN_MINUTES],
    ['ten minutes slow', -TEN_MINUTES],
  ] as const) {
    it(`the responder’s clock is ${title}: nothing is answered, both sides say why, and it goes on when it is right`, async () => {
      shift('beijing', by);
      const id = await ask();
      const waiting = await until('the trouble', id, ({ error }) => error !== null);
      expect([waiting.state, waiting.error?.code]).to.deep.equal(['created', 'RESPONDER_TURNED_AWAY']);
      expect(waiting.error?.message).to.include('CLOCK_OFF');
      expect(waiting.error?.messageZh).to.include('CLOCK_OFF');
      await waitFor(
        'the gauge that the alert looks at',
        async () => Math.abs((await gauge('beijing', 'clock_offset_seconds')) - by / 1000) < 60,
        SLOW,
      );
      shift('beijing', -by);
      expect((await until('the answer', id, ({ state }) => state === 'answered')).answer).to.equal(true);
    });

    it(`the asker’s clock is ${title}: it asks nothing and says why`, async () => {
      shift('hebei', by);
      expect(await codeOf(ask())).to.equal('CLOCK_OFF');
      shift('hebei', -by);
      await untilAnswered(node('hebei').connection, question());
    });
  }

  it('the responder’s certificate has expired: nothing is sent to it, the asker is told whose it is, and it goes on when it is renewed', async function () {
    if (authority === undefined) return this.skip();
    const expired = await inFrontOf(
      node('beijing').url,
      await authority.issue({ fromDays: -9, untilDays: -1 }),
    );
    const before = node('beijing').url;
    await setEndpoint(expired.url);
    const id = await ask();
    const waiting = await until('the trouble', id, ({ error }) => error !== null);
    expect(waiting.error?.code).to.equal('PEER_CERTIFICATE_EXPIRED');
    expect(waiting.error?.message).to.include('renew');
    const good = await authority.issue({ fromDays: -1, untilDays: 9 });
    expired.server.setSecureContext({ key: good.key, cert: good.certificate });
    await until('the answer', id, ({ state }) => state === 'answered');
    await setEndpoint(before);
    expired.server.close();
    expired.server.closeAllConnections();
  });

  it('a token has leaked: what was read with it is in the access log, and revoked it is worth nothing at once', async () => {
    const { connection, url } = node('beijing');
    const { body: leaked } = await connection.call<Token & { token: string }>('createToken', {
      json: { name: '失窃', role: 'officer' },
    });
    const steal = (): Promise<Response> =>
      fetch(`${url}/v1/records?subject=${question().subject}`, {
        headers: { authorization: `Bearer ${leaked.token}`, 'x-access-reason': 'theft' },
      });
    expect((await steal()).status).to.equal(200);
    const { body: log } = await connection.call<{ items: { who: string; reason: string | null }[] }>(
      'listAccess',
    );
    expect(JSON.stringify(log.items)).to.include('失窃').and.to.include('theft');
    await connection.call('revokeToken', { params: { name: '失窃' } });
    const refused = await steal();
    expect(refused.status).to.equal(401);
    const told = (await refused.json()) as { code: string; detail: string; detailZh: string };
    expect(told.code).to.match(/^TOKEN_/);
    expect(told.detailZh).to.match(/\p{Script=Han}/u);
    const { body: tokens } = await connection.call<{ items: Token[] }>('listTokens');
    expect(tokens.items.find(({ name }) => name === '失窃')?.revokedAt).to.be.a('string');
  });

  /** The member says where it is to be reached from now on, as it may. */
  async function setEndpoint(endpoint: string): Promise<void> {
    const { outbox, db, deployment, follower } = nodes.get('beijing')?.rooms ?? {};
    if (!outbox || !db || !deployment || !follower) throw new Error('no node');
    const data = encodeFunctionData({ abi: consortiumAbi, functionName: 'setEndpoint', args: [endpoint] });
    const id = await db.transaction((tx) =>
      outbox.enqueue(tx, {
        ...{ kind: 'set-endpoint', dedupeKey: `endpoint ${endpoint} ${Math.random()}` },
        ...{ role: 'operator', to: deployment.consortium, data },
      }),
    );
    await outbox.waitFor(id);
  }

  /** What stands in front of a node, as nginx would: TLS without, HTTP within. */
  async function inFrontOf(
    target: string,
    { key, certificate }: { readonly key: string; readonly certificate: string },
  ): Promise<{ readonly url: string; readonly server: Server }> {
    const server = createServer({ key, cert: certificate }, (incoming, response) => {
      const { method, headers, url } = incoming;
      const passed = request(new URL(url ?? '/', target), { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      passed.on('error', () => response.destroy());
      incoming.pipe(passed);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
  }
});
