import { expect } from 'chai';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ENDPOINTS } from '../../node/src/api/endpoints/index.ts';
import type { NodeServices } from '../../node/src/api/services.ts';
import { startApi, type TestApi } from '../api/support/api.ts';
import { caseView, HASH, roomDoubles, USCC } from '../api/support/doubles.ts';
import { makeTempDir } from '../support/temp.ts';
import { json, ledger, type Ran } from './support.ts';
import { madeUpProcesses } from '../support/deployment.ts';

describe('commands that talk to a node', () => {
  let api: TestApi;
  const answered: NodeServices['questions'] = {
    ...roomDoubles().questions,
    get: async () =>
      ({
        ...(await roomDoubles().questions.get(5n)),
        state: 'answered',
        answer: true,
        disputed: false,
        document: { format: 'credit-answer/1', answer: true },
      }) as never,
  };
  before(async () => {
    api = await startApi({ requestsPerMinute: 100_000 }, { questions: answered });
  });
  after(() => api.close());

  const as = (role: keyof TestApi['tokens'], ...argv: string[]): Promise<Ran> =>
    ledger([...argv, '--url', api.url, '--token', api.tokens[role], '--lang', 'en']);

  const CALLS: [keyof TestApi['tokens'], string[], string[]][] = [
    [
      'operator',
      ['token', 'create', 'somebody', '--role', 'officer'],
      ['name', 'role', 'createdAt', 'revokedAt', 'lastUsedAt', 'token'],
    ],
    ['operator', ['token', 'list'], ['items']],
    ['operator', ['token', 'revoke', 'somebody'], ['name', 'revoked']],
    ['operator', ['register', 'open'], ['state', 'transactionHash', 'blockNumber', 'registerId']],
    ['operator', ['register', 'list'], ['items']],
    ['operator', ['register', 'anchor', '1'], ['batches', 'entries']],
    ['operator', ['register', 'heartbeat', '1'], ['state', 'transactionHash', 'blockNumber', 'registerId']],
    ['officer', ['grant', 'list'], ['items']],
    ['officer', ['grant', 'revoke', HASH], ['state', 'transactionHash', 'blockNumber', 'registerId']],
    ['officer', ['revoke', '7', '--reason', 'r'], ['recordId', 'newRecordId', 'entryIds', 'alreadyDone']],
    [
      'officer',
      ['repair', '7', '--reason', 'r', '--date', '2026-11-01'],
      ['recordId', 'newRecordId', 'entryIds', 'alreadyDone'],
    ],
    ['officer', ['dispute', '7', '--reason', 'r'], ['recordId', 'newRecordId', 'entryIds', 'alreadyDone']],
    ['officer', ['settle', '7', '--reason', 'r'], ['recordId', 'newRecordId', 'entryIds', 'alreadyDone']],
    [
      'officer',
      ['correct', '7', '--reason', 'r', '--set', '罚款金额=1'],
      ['recordId', 'newRecordId', 'entryIds', 'alreadyDone'],
    ],
    [
      'officer',
      ['dispute', '--register', '1', '--subject', USCC, '--document', '京罚1号', '--reason', 'r'],
      ['filing', 'documentHash', 'delivered', 'case', 'sent'],
    ],
    [
      'officer',
      [
        'repair',
        '--register',
        '1',
        '--subject',
        USCC,
        '--document',
        '京罚1号',
        '--reason',
        'r',
        '--met',
        'training',
      ],
      ['filing', 'documentHash', 'delivered', 'case', 'sent'],
    ],
    ['officer', ['case', 'list', '--overdue'], ['items', 'next']],
    ['officer', ['case', 'show', '9', '--reason', 'r'], [...Object.keys(caseView), 'ourParts', 'private']],
    [
      'officer',
      ['case', 'decide', '9', '--outcome', 'upheld', '--reason', 'r'],
      ['state', 'transactionHash', 'blockNumber', 'registerId'],
    ],
    [
      'officer',
      ['case', 'dismiss', '9', '--code', 'MALFORMED'],
      ['state', 'transactionHash', 'blockNumber', 'registerId'],
    ],
    ['officer', ['case', 'withdraw', '9'], ['state', 'transactionHash', 'blockNumber', 'registerId']],
    ['officer', ['case', 'overdue', '9'], ['state', 'transactionHash', 'blockNumber', 'registerId']],
    ['officer', ['report', USCC, '--reason', 'r'], ['format', 'records']],
    ['officer', ['receipt', '7'], ['recordId', 'registerId', 'entries']],
    ['officer', ['network'], ['format']],
    ['officer', ['checkpoint', '1'], ['format']],
    ['officer', ['status'], ['ready', 'chain', 'store', 'journal', 'prover', 'ledger']],
    [
      'officer',
      ['ask', '--subject', USCC, '--member', '1', '--application', 'a', '--predicate', 'p', '--reason', 'r'],
      ['items'],
    ],
    [
      'officer',
      ['import', join(import.meta.dirname, 'node.test.ts')],
      ['rows', 'records', 'duplicates', 'issues'],
    ],
    [
      'officer',
      ['operations', join(import.meta.dirname, 'node.test.ts')],
      ['rows', 'done', 'alreadyDone', 'issues'],
    ],
  ];
  for (const [role, argv, keys] of CALLS) {
    it(`${argv.slice(0, 2).join(' ')}: words for people, one JSON value with the documented keys for programs`, async () => {
      if (argv[1] === 'revoke' && argv[0] === 'token')
        await as('operator', 'token', 'create', 'somebody', '--role', 'auditor');
      const machine = await as(role, ...argv, '--json');
      expect(machine.code, machine.err).to.equal(0);
      expect(Object.keys(json<object>(machine))).to.have.members(keys);
      if (argv[0] === 'token' && argv[1] !== 'list') return;
      const people = await as(role, ...argv);
      expect(people.code, people.err).to.equal(0);
      expect(people.out).to.not.equal('');
    });
  }

  it('grant give: turns days at UTC+8 into moments', async () => {
    let given: unknown;
    const other = await startApi(
      {},
      {
        grants: {
          ...roomDoubles().grants,
          give: async (grant) => ((given = grant), (await roomDoubles().grants.list())[0] as never),
        },
      },
    );
    try {
      const ran = await ledger([
        'grant',
        'give',
        '--region',
        '120000',
        '--application',
        'a',
        '--classes',
        '1,2',
        '--until',
        '2027-12-31',
        '--from',
        '2027-01-01',
        '--max-uses',
        '5',
        '--url',
        other.url,
        '--token',
        other.tokens.officer,
      ]);
      expect(ran.code, ran.err).to.equal(0);
      expect(given).to.deep.equal({
        grantee: { region: 120_000 },
        application: 'a',
        classes: [1, 2],
        validFrom: '2026-12-31T16:00:00.000Z',
        validUntil: '2027-12-31T15:59:59.000Z',
        maxUses: 5,
        consentRequired: false,
      });
    } finally {
      await other.close();
    }
  });

  it('tell what the node tells, with its code, and what to do next', async () => {
    const ran = await as('auditor', 'revoke', '7', '--reason', 'r', '--json');
    expect(ran.code).to.equal(1);
    expect(json<{ error: { code: string } }>(ran).error.code).to.equal('ROLE_NOT_ALLOWED');
    expect(ran.err)
      .to.match(/Error ROLE_NOT_ALLOWED: .*officer/)
      .and.include('→');
    const zh = await ledger([
      'receipt',
      '99',
      '--url',
      api.url,
      '--token',
      api.tokens.officer,
      '--lang',
      'zh',
    ]);
    expect(zh.err).to.match(/错误 NOT_FOUND/);
  });

  it('tell that no node is there', async () => {
    const ran = await ledger([
      'token',
      'list',
      '--url',
      'http://127.0.0.1:9',
      '--token',
      'x',
      '--lang',
      'en',
    ]);
    expect(ran.code).to.equal(1);
    expect(ran.err).to.include('NODE_UNREACHABLE').and.include('ledger serve');
  });

  it('take address and token from the environment, and say when there is no token', async () => {
    const environment = { LEDGER_URL: api.url, LEDGER_TOKEN: api.tokens.operator };
    expect((await ledger(['token', 'list'], { environment })).code).to.equal(0);
    const without = await ledger(['token', 'list', '--lang', 'en'], { environment: { LEDGER_URL: api.url } });
    expect(without.code).to.equal(1);
    expect(without.err).to.include('TOKEN_MISSING').and.include('LEDGER_TOKEN');
  });

  it('name endpoints that exist', async () => {
    const known = new Set(ENDPOINTS.map(({ id }) => id));
    for (const file of ['answers', 'checks', 'intake', 'ledger', 'node', 'subject', 'subjects']) {
      const text = await readFile(
        join(import.meta.dirname, `../../node/src/cli/commands/${file}.ts`),
        'utf8',
      );
      for (const [, id] of text.matchAll(/(?:call(?:<[^(]*>)?|download)\(\s*'(\w+)'/g))
        expect(known.has(id ?? ''), id).to.equal(true);
    }
  });
});

describe('init', () => {
  it('sets a node up without a question, keeps secrets to the owner, and touches nothing that is there', async () => {
    const temp = await makeTempDir();
    const directory = temp.path;
    try {
      const address = `0x${'1'.repeat(40)}`;
      await writeFile(
        join(directory, 'deployment.json'),
        JSON.stringify({
          chainId: 31337,
          consortium: address,
          registers: address,
          applications: address,
          grants: address,
          answerLog: address,
          processes: madeUpProcesses(),
          deployedAtBlock: 1,
        }),
      );
      const argv = [
        'init',
        '--data',
        'node',
        '--rpc',
        'http://127.0.0.1:8545',
        '--deployment',
        'deployment.json',
        '--json',
      ];
      const made = await ledger(argv, { directory });
      expect(made.code, made.err).to.equal(0);
      const outcome = json<Record<string, string>>(made);
      expect(outcome['operator'])
        .to.match(/^0x[0-9a-fA-F]{40}$/)
        .and.not.equal(outcome['witness']);
      for (const file of [
        'node/keys/operator.json',
        'node/tokens.json',
        'node/ledger.json',
        'node.passphrase',
      ]) {
        expect((await stat(join(directory, file))).mode & 0o077, file).to.equal(0);
      }
      const keys = await readFile(join(directory, 'node/keys/operator.json'), 'utf8');
      const again = await ledger(argv, { directory });
      expect(again.code).to.equal(1);
      expect(json<{ error: { code: string } }>(again).error.code).to.equal('NODE_EXISTS');
      expect(await readFile(join(directory, 'node/keys/operator.json'), 'utf8')).to.equal(keys);

      // Keys for a change by the council, beside those that there are.
      const inNode = (...args: string[]) => ledger([...args, '--data', 'node', '--json'], { directory });
      const further = await inNode('keys', 'new', '--role', 'witness');
      expect(further.code, further.err).to.equal(0);
      const [key] = json<{ made: { role: string; address: string }[] }>(further).made;
      expect(key?.role).to.equal('witness');
      const shown = json<{ held: Record<string, string[]> }>(await inNode('keys', 'show'));
      expect(shown.held).to.deep.equal({
        operator: [outcome['operator']],
        witness: [outcome['witness'], key?.address],
      });
      const file = `node/keys/witness-${key?.address.slice(2).toLowerCase()}.json`;
      expect((await stat(join(directory, file))).mode & 0o077).to.equal(0);
      const wrong = await inNode('keys', 'new', '--role', 'council');
      expect(json<{ error: { code: string } }>(wrong).error.code).to.equal('KEY_ROLE_UNKNOWN');
    } finally {
      await temp.remove();
    }
  });

  it('leaves nothing behind when it fails half-way, so that the next try succeeds', async () => {
    const temp = await makeTempDir();
    try {
      const address = `0x${'1'.repeat(40)}`;
      await writeFile(
        join(temp.path, 'deployment.json'),
        JSON.stringify({
          chainId: 31337,
          consortium: address,
          registers: address,
          applications: address,
          grants: address,
          answerLog: address,
          processes: madeUpProcesses(),
          deployedAtBlock: 1,
        }),
      );
      const argv = [
        'init',
        '--data',
        'node',
        '--rpc',
        'http://127.0.0.1:1',
        '--deployment',
        'deployment.json',
        '--json',
      ];
      const failed = await ledger(argv, {
        directory: temp.path,
        environment: { DATABASE_URL: 'postgres://nobody:x@127.0.0.1:9/none' },
      });
      expect(failed.code).to.equal(1);
      expect(json<{ error: { code: string } }>(failed).error.code).to.equal('STORE_UNAVAILABLE');
      expect(await stat(join(temp.path, 'node')).catch(() => 'absent')).to.equal('absent');
      expect(await stat(join(temp.path, 'node.passphrase')).catch(() => 'absent')).to.equal('absent');
      const made = await ledger(argv, { directory: temp.path });
      expect(made.code, made.err).to.equal(0);
    } finally {
      await temp.remove();
    }
  });

  it('tells every mistake of the settings at once and writes nothing', async () => {
    const temp = await makeTempDir();
    try {
      const ran = await ledger(
        [
          'init',
          '--data',
          'node',
          '--rpc',
          'nonsense',
          '--deployment',
          'none.json',
          '--port',
          '99999',
          '--lang',
          'en',
        ],
        { directory: temp.path },
      );
      expect(ran.code).to.equal(1);
      expect(ran.err).to.include('CONFIG_INVALID').and.include('rpcUrl').and.include('port');
      expect(await stat(join(temp.path, 'node')).catch(() => 'absent')).to.equal('absent');
    } finally {
      await temp.remove();
    }
  });
});
