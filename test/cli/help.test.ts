import { expect } from 'chai';
import { ledger } from './support.ts';

/** Every command that the README and the operators' guide name. */
const COMMANDS = [
  'init',
  'serve',
  'status',
  'restore',
  'token create',
  'token list',
  'token revoke',
  'register open',
  'register list',
  'register anchor',
  'register heartbeat',
  'grant give',
  'grant list',
  'grant revoke',
  'import',
  'revoke',
  'repair',
  'dispute',
  'settle',
  'correct',
  'operations',
  'receipt',
  'publicity due',
  'publicity timeliness',
  'publicity show',
  'publicity withhold',
  'publicity release',
  'case list',
  'case show',
  'case decide',
  'case dismiss',
  'case withdraw',
  'case overdue',
  'case draft',
  'case relay',
  'report',
  'ask',
  'asked',
  'binding make',
  'binding list',
  'binding end',
  'consent give',
  'consent list',
  'consent show',
  'consent revoke',
  'statement add',
  'statement list',
  'statement revoke',
  'subject keygen',
  'subject address',
  'subject sign',
  'subject binding',
  'subject binding-end',
  'subject consent',
  'subject consent-revocation',
  'subject statement',
  'subject statement-revocation',
  'subject questions',
  'network',
  'checkpoint',
  'verify',
  'audit',
  'item publish',
  'item withdraw',
  'item template',
  'item list',
  'letter offer',
  'letter inform',
  'letter to-sign',
  'letter promise',
  'letter decide',
  'letter check',
  'letter withdrawal',
  'letter withdraw',
  'letter relay-withdrawal',
  'letter refuse',
  'letter terminate',
  'letter list',
  'letter show',
  'letter copies',
  'draw open',
  'draw reveal',
  'draw list',
  'filing take-in',
  'filing to-sign',
  'filing accept',
  'filing supply',
  'filing record',
  'filing overdue',
  'filing list',
  'filing show',
  'pledge draw-up',
  'pledge publish',
  'pledge withdrawal',
  'pledge withdraw',
  'pledge observe',
  'pledge list',
];

describe('the command line explains itself', () => {
  for (const command of COMMANDS) {
    it(`${command}: --help with an example, in both languages`, async () => {
      const words = command.split(' ');
      const english = await ledger([...words, '--help', '--lang', 'en']);
      expect(english.code).to.equal(0);
      expect(english.out)
        .to.match(/^Usage: ledger /)
        .and.include('--json');
      expect(english.out).to.match(new RegExp(`Example:\\n {2}ledger ${command}`));
      const chinese = await ledger([...words, '--help', '--lang', 'zh']);
      expect(chinese.out)
        .to.match(/示例：/)
        .and.match(/\p{Script=Han}/u);
    });
  }

  it('takes the language from the machine when none is asked for', async () => {
    const { out } = await ledger(['import', '--help'], { environment: { LANG: 'zh_CN.UTF-8' } });
    expect(out).to.include('示例：');
  });

  it('lists every command in its help', async () => {
    const { out, code } = await ledger(['--help', '--lang', 'en']);
    expect(code).to.equal(0);
    for (const command of COMMANDS) expect(out).to.include(command.split(' ')[0]);
  });

  it('ends with 2 and an explanation on standard error for wrong usage', async () => {
    for (const argv of [
      [],
      ['nonsense'],
      ['import'],
      ['verify', 'a.json'],
      ['revoke', '1'],
      ['status', '--nonsense'],
    ]) {
      const ran = await ledger(argv);
      expect(ran.code, argv.join(' ')).to.equal(2);
      expect(ran.out).to.equal('');
      expect(ran.err).to.not.equal('');
    }
  });
});
