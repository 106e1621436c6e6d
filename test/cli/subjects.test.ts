import { signerOf } from '@credit-ledger/sdk/answer';
import {
  applicationIdOf,
  bindingCommitOf,
  bindingDigest,
  consentIdOf,
  FILING_PROMISE_TYPES,
  type Hex,
  ledgerDomain,
  saltedHash,
  type StatementDocument,
  statementDigest,
  TRUTH_PROMISE,
  type Uscc,
} from '@credit-ledger/sdk/protocol';
import { expect } from 'chai';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SignedDocument } from '../../node/src/cli/subject-documents.ts';
import { OTHER_SUBJECT } from '../answers/support/claims.ts';
import { startApi, type TestApi } from '../api/support/api.ts';
import { HASH, roomDoubles, USCC } from '../api/support/doubles.ts';
import { madeUpProcesses } from '../support/deployment.ts';
import { makeTempDir } from '../support/temp.ts';
import { json, ledger, type Ran } from './support.ts';

const environment = { LEDGER_KEYS_PASSPHRASE: 'only for tests, twelve' };

describe('a subject without a node', function () {
  this.timeout(120_000);
  let temp: Awaited<ReturnType<typeof makeTempDir>>;
  let api: TestApi;
  let directory: string;
  let address: Hex;
  const received: Record<string, unknown> = {};
  const processes = madeUpProcesses();
  const domain = ledgerDomain(31_337n, processes['consents'] as Hex);

  before(async () => {
    temp = await makeTempDir();
    directory = temp.path;
    const one = `0x${'1'.repeat(40)}`;
    await writeFile(
      join(directory, 'deployment.json'),
      JSON.stringify({
        chainId: 31_337,
        consortium: one,
        registers: one,
        applications: one,
        grants: one,
        answerLog: one,
        processes,
        deployedAtBlock: 1,
      }),
    );
    const { subjects, questions } = roomDoubles();
    api = await startApi(
      { requestsPerMinute: 100_000 },
      {
        questions: { ...questions, ask: (ask, by) => ((received['ask'] = ask), questions.ask(ask, by)) },
        subjects: {
          ...subjects,
          bind: (binding, by) => ((received['binding'] = binding), subjects.bind(binding, by)),
          endBinding: (id, signature) => ((received['end'] = signature), subjects.endBinding(id, signature)),
          giveConsent: (consent, by) => ((received['consent'] = consent), subjects.giveConsent(consent, by)),
          revokeConsent: (id, by) => ((received['revoked'] = id), subjects.revokeConsent(id, by)),
          addStatement: (given) => ((received['statement'] = given), subjects.addStatement(given)),
          revokeStatement: (id, by) => ((received['withdrawn'] = by), subjects.revokeStatement(id, by)),
          authenticate: (reading) => ((received['reading'] = reading), subjects.authenticate(reading)),
        },
      },
    );
  });
  after(async () => {
    await api.close();
    await temp.remove();
  });

  const alone = (...argv: string[]): Promise<Ran> =>
    ledger([...argv, '--lang', 'en'], { directory, environment });
  const officer = (...argv: string[]): Promise<Ran> =>
    alone(...argv, '--url', api.url, '--token', api.tokens.officer, '--json');
  const fileOf = async <T>(name: string): Promise<T> =>
    JSON.parse(await readFile(join(directory, name), 'utf8')) as T;
  const made = async (name: string, ...argv: string[]): Promise<void> => {
    const ran = await alone('subject', ...argv, '--deployment', 'deployment.json', '--output', name);
    expect(ran.code, ran.err).to.equal(0);
  };
  async function signed(name: string): Promise<SignedDocument> {
    const output = name.replace('.json', '.signed.json');
    const ran = await alone('subject', 'sign', name, '--key', 'key.json', '--yes', '--output', output);
    expect(ran.code, ran.err).to.equal(0);
    return fileOf<SignedDocument>(output);
  }

  it('makes a key that only the passphrase opens, and never writes over one', async () => {
    const ran = await alone('subject', 'keygen', 'key.json', '--json');
    address = json<{ address: Hex }>(ran).address;
    expect((await stat(join(directory, 'key.json'))).mode & 0o077).to.equal(0);
    expect((await alone('subject', 'address', 'key.json')).out.trim()).to.equal(address);
    const again = await alone('subject', 'keygen', 'key.json', '--json');
    expect(json<{ error: { code: string } }>(again).error.code).to.equal('SUBJECT_KEY_EXISTS');
    const other = { LEDGER_KEYS_PASSPHRASE: 'another passphrase' };
    const wrong = await ledger(['subject', 'address', 'key.json', '--json'], {
      directory,
      environment: other,
    });
    expect(json<{ error: { code: string } }>(wrong).error.code).to.equal('KEYRING_PASSPHRASE_WRONG');
    const weak = { LEDGER_KEYS_PASSPHRASE: 'short' };
    const refused = await ledger(['subject', 'keygen', 'weak.json', '--json'], {
      directory,
      environment: weak,
    });
    expect(json<{ error: { code: string } }>(refused).error.code).to.equal('KEYRING_PASSPHRASE_WEAK');
  });

  it('writes and signs its binding, which the officer hands to the node', async () => {
    await made('binding.json', 'binding', USCC, '--voucher', '1');
    const document = await signed('binding.json');
    const salt = document.about?.['salt'] as Hex;
    const commit = bindingCommitOf(USCC as Uscc, salt);
    expect(signerOf(bindingDigest(domain, 1n, commit), document.signature)).to.equal(address);
    const ran = await officer('binding', 'make', 'binding.signed.json');
    expect(ran.code, ran.err).to.equal(0);
    expect(received['binding']).to.deep.equal({
      uscc: USCC,
      salt,
      subject: address,
      signature: document.signature,
    });
    expect((await officer('binding', 'list')).code).to.equal(0);
  });

  it('reads what it signs, in its language, before it signs, and signs nothing without --yes', async () => {
    await made(
      'consent.json',
      ...['consent', '--binding', 'binding.signed.json', '--binding-id', '4'],
      ...['--application', 'bank-credit-review', '--register', '1', '--requester', '3'],
      ...['--from', '2026-06-01', '--until', '2026-06-30'],
    );
    const argv = ['subject', 'sign', 'consent.json', '--key', 'key.json'];
    const shown = await ledger([...argv, '--lang', 'zh'], { directory, environment });
    expect(shown.code).to.equal(2);
    expect(shown.err)
      .to.include('被授权成员: 3')
      .and.include('企业授信审查')
      .and.include('2026-06-30T15:59:59');
    expect((await alone(...argv)).err).to.include('member who may ask: 3');
    expect(await stat(join(directory, 'consent.signed.json')).catch(() => 'absent')).to.equal('absent');
  });

  it('signs a consent, which is given, used in a question, and revoked', async () => {
    const document = await signed('consent.json');
    const terms = {
      bindingId: 4n,
      applicationId: applicationIdOf('bank-credit-review'),
      registerId: 1n,
      requester: 3n,
      validFrom: BigInt(Date.parse('2026-05-31T16:00:00Z') / 1000),
      validUntil: BigInt(Date.parse('2026-06-30T15:59:59Z') / 1000),
      maxUses: 1,
      salt: document.message['salt'] as Hex,
    };
    const consentId = consentIdOf(domain, terms);
    expect(signerOf(consentId, document.signature)).to.equal(address);
    expect(document.about?.['consentId']).to.equal(consentId);
    expect((await officer('consent', 'give', 'consent.signed.json')).code).to.equal(0);
    const { opening, input } = received['consent'] as { opening: { uscc: string }; input: object };
    expect(opening.uscc).to.equal(USCC);
    expect(input).to.deep.equal(document.message);
    const asked = await officer(
      ...['ask', '--subject', USCC, '--register', '1', '--application', 'a', '--predicate', 'p'],
      ...['--reason', 'r', '--consent', 'consent.signed.json', '--wait', '0'],
    );
    expect(json<{ error: { code: string } }>(asked).error.code).to.equal('ANSWER_NOT_THERE_YET');
    expect((received['ask'] as { consent: unknown }).consent).to.deep.equal({
      consentId,
      salt: document.about?.['salt'],
    });
    await made('revocation.json', 'consent-revocation', consentId);
    await signed('revocation.json');
    expect((await officer('consent', 'revoke', 'revocation.signed.json')).code).to.equal(0);
    expect(received['revoked']).to.equal(consentId);
    for (const argv of [
      ['consent', 'list'],
      ['consent', 'show', HASH],
    ]) {
      expect((await officer(...argv)).code).to.equal(0);
    }
  });

  it('registers a statement with the promise of truth, and withdraws it', async () => {
    await made(
      'statement.json',
      ...['statement', '--binding', 'binding.signed.json', '--binding-id', '4', '--kind', '46'],
      ...['--name', '北京示例有限公司', '--title', '认证证书', '--contents', '编号 1', '--day', '2026-01-05'],
    );
    const document = await signed('statement.json');
    const inside = document.about?.['document'] as StatementDocument;
    expect(inside.promise).to.equal(TRUTH_PROMISE);
    const documentHash = saltedHash(inside);
    expect(signerOf(statementDigest(domain, 4n, documentHash), document.signature)).to.equal(address);
    expect((await officer('statement', 'add', 'statement.signed.json')).code).to.equal(0);
    expect(received['statement']).to.deep.include({ bindingId: '4', document: inside });
    await made(
      'withdrawal.json',
      ...['statement-revocation', documentHash, '--binding', 'binding.signed.json', '--binding-id', '4'],
    );
    await signed('withdrawal.json');
    expect((await officer('statement', 'revoke', 'withdrawal.signed.json')).code).to.equal(0);
    const listed = await alone('statement', 'list', USCC, '--url', api.url, '--token', api.tokens.officer);
    expect(listed.out).to.include('p');
  });

  it('ends its binding by its own word, and reads by its key what was asked about it', async () => {
    await made('end.json', 'binding-end', '4');
    const { signature } = await signed('end.json');
    expect((await officer('binding', 'end', '4', '--signed', 'end.signed.json')).code).to.equal(0);
    expect(received['end']).to.equal(signature);
    const ran = await alone(
      ...['subject', 'questions', '--key', 'key.json', '--binding', 'binding.signed.json'],
      ...['--binding-id', '4', '--member', '1', '--deployment', 'deployment.json', '--url', api.url],
    );
    expect(ran.code, ran.err).to.equal(0);
    expect(received['reading']).to.include({ uscc: USCC, bindingId: '4' });
    const asked = await alone(
      'asked',
      USCC,
      '--reason',
      'r',
      '--url',
      api.url,
      '--token',
      api.tokens.officer,
    );
    expect(asked.code, asked.err).to.equal(0);
  });

  it('reads what its letter and its filing promise, whose hashes alone would say nothing', async () => {
    const document = {
      format: 'filing-promise/1',
      salt: 'ab'.repeat(32),
      missing: ['场所使用证明'],
      due: '七个工作日内',
    };
    const toSign = {
      domain,
      types: FILING_PROMISE_TYPES,
      primaryType: 'FilingPromise',
      message: { authority: '1', promiseHash: saltedHash(document) },
    };
    const shownOf = async (about: unknown): Promise<Ran> => {
      await writeFile(join(directory, 'filing.json'), JSON.stringify({ ...toSign, about }));
      return alone('subject', 'sign', 'filing.json', '--key', 'key.json');
    };
    const shown = (await shownOf({ documents: [document] })).err;
    expect(shown)
      .to.include('Promises to bring the missing documents')
      .and.include('missing.0: 场所使用证明');
    expect(shown).to.not.include(document.salt).and.not.include('not in this file');
    expect((await shownOf(undefined)).err).to.include('not in this file: ask for it');
    // A document that would paint over what it says is shown as it is.
    const painted = { ...document, due: '\u001b[2K\n  authority: 2' };
    await writeFile(
      join(directory, 'painted.json'),
      JSON.stringify({
        ...toSign,
        message: { authority: '1', promiseHash: saltedHash(painted) },
        about: { documents: [painted] },
      }),
    );
    const plain = (await alone('subject', 'sign', 'painted.json', '--key', 'key.json')).err;
    expect(plain).to.include('due: \u{FFFD}[2K\u{FFFD}  authority: 2').and.not.include('\u001b');
    const other = await shownOf({ documents: [{ ...document, due: '三十个工作日内' }] });
    expect(other.err).to.include('SUBJECT_DOCUMENT_DIFFERS');
  });

  it('is told of a file that is not there, by its place', async () => {
    const ran = await alone('subject', 'sign', 'nowhere.json', '--key', 'key.json');
    expect(ran.err)
      .to.include('FILE_UNREADABLE')
      .and.include('ENOENT')
      .and.include('look at its name and place');
  });

  describe('does not sign', () => {
    const refused = async (name: string, change: (document: SignedDocument) => unknown): Promise<string> => {
      const document = await fileOf<SignedDocument>(name);
      await writeFile(join(directory, 'altered.json'), JSON.stringify(change(document)));
      const argv = ['subject', 'sign', 'altered.json', '--key', 'key.json', '--yes', '--json'];
      const ran = await ledger(argv, { directory, environment });
      expect(ran.code, ran.err + ran.out).to.equal(1);
      return json<{ error: { code: string } }>(ran).error.code;
    };

    it('a document that shows something else than what would be signed', async () => {
      for (const [name, about] of [
        ['binding.json', { uscc: OTHER_SUBJECT }],
        ['statement.json', { document: { title: '另一证书', salt: 'ab'.repeat(32) } }],
        ['consent.json', { consentId: HASH }],
      ] as const) {
        const code = await refused(name, (each) => ({ ...each, about: { ...each.about, ...about } }));
        expect(code, name).to.equal('SUBJECT_DOCUMENT_DIFFERS');
      }
      const extra = await refused('consent.json', (each) => ({
        ...each,
        message: { ...each.message, note: 'harmless' },
      }));
      expect(extra).to.equal('SUBJECT_DOCUMENT_DIFFERS');
    });

    it('what is no document', async () => {
      expect(await refused('consent.json', () => ({ hello: 1 }))).to.equal('SUBJECT_DOCUMENT_MALFORMED');
    });

    it('without a warning what only looks like a type of the ledger', async () => {
      const document = await fileOf<SignedDocument>('revocation.json');
      const types = { ConsentRevocation: [{ name: 'consentId', type: 'uint256' }] };
      await writeFile(join(directory, 'odd.json'), JSON.stringify({ ...document, types }));
      const ran = await alone('subject', 'sign', 'odd.json', '--key', 'key.json');
      expect(ran.err).to.include('does not know what this type means');
    });
  });

  it('a document of another kind is not relayed', async () => {
    const ran = await officer('consent', 'give', 'binding.signed.json');
    expect(json<{ error: { code: string } }>(ran).error.code).to.equal('SUBJECT_DOCUMENT_MALFORMED');
    const unsigned = await officer('consent', 'give', 'consent.json');
    expect(json<{ error: { code: string } }>(unsigned).error.code).to.equal('SUBJECT_DOCUMENT_MALFORMED');
  });
});
