import { expect } from 'chai';
import { json, ledger } from './support.ts';

/** What a person may mistype, and the code that tells it. */
const MISTAKES: readonly (readonly [string, readonly string[]])[] = [
  ['USAGE_COMMAND_UNKNOWN', ['imprt', 'a.csv']],
  ['USAGE_COMMAND_UNKNOWN', ['token', 'mke']],
  ['USAGE_COMMAND_MISSING', ['token']],
  ['USAGE_OPTION_UNKNOWN', ['status', '--qiuck']],
  ['USAGE_OPTION_MISSING', ['token', 'create', '王芳']],
  ['USAGE_VALUE_MISSING', ['token', 'create', '王芳', '--role']],
  ['USAGE_ARGUMENT_MISSING', ['receipt']],
  ['USAGE_ARGUMENTS_TOO_MANY', ['status', 'now', 'please']],
  ['USAGE_VALUE_INVALID', ['status', '--lang', 'fr']],
];

describe('A command line that is not right', () => {
  for (const [code, argv] of MISTAKES) {
    it(`“${argv.join(' ')}” is told as ${code}, in either language and as JSON, with exit code 2`, async () => {
      const asJson = await ledger([...argv, '--json']);
      expect(asJson.code).to.equal(2);
      const { error } = json<{ error: { code: string; message: string; messageZh: string } }>(asJson);
      expect(error.code).to.equal(code);
      expect(error.messageZh).to.match(/\p{Script=Han}/u);
      if (code === 'USAGE_COMMAND_MISSING') return;
      const langs = argv.includes('--lang') ? [] : (['zh', 'en'] as const);
      for (const lang of langs) {
        // In front: an option without its value would swallow what follows.
        const ran = await ledger(['--lang', lang, ...argv]);
        expect(ran).to.include({ code: 2, out: '' });
        expect(ran.err)
          .to.include(lang === 'zh' ? error.messageZh : error.message)
          .and.include(code);
        if (lang === 'zh') expect(ran.err).to.not.match(/error:|unknown |required |missing /);
      }
    });
  }

  it('is told what was probably meant, and what may be given', async () => {
    expect((await ledger(['--lang', 'zh', 'imprt'])).err).to.include('import');
    expect((await ledger(['status', '--lang', 'fr'])).err).to.include('en, zh');
  });

  it('of a group without a command is answered with its help', async () => {
    const ran = await ledger(['token']);
    expect(ran.code).to.equal(2);
    expect(ran.err).to.include('create').and.include('revoke');
  });
});
