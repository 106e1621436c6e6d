import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { openApiDocument } from '../../node/src/api/openapi.ts';
import { ledger } from '../cli/support.ts';
import { breaches, judgingWords } from './support/neutrality.ts';

const CLI = fileURLToPath(new URL('../../node/src/cli/', import.meta.url));

/** A description with one schema, in a reply or in a request. */
function description(schema: object, where: 'reply' | 'request' = 'reply'): object {
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/It' } } };
  const operation =
    where === 'reply' ? { responses: { 200: { content } } } : { requestBody: { content }, responses: {} };
  return { paths: { '/v1/it': { post: operation } }, components: { schemas: { It: schema } } };
}
const withProperties = (...names: string[]): object => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
});

describe('Neutrality', () => {
  it('of the API: no judgement of ours, no person as a subject, no severity without its source and basis', () => {
    const document: unknown = JSON.parse(JSON.stringify(openApiDocument()));
    expect(breaches(document)).to.deep.equal([]);
    // The description does speak of severities: otherwise nothing was looked at.
    expect(JSON.stringify(document)).to.include('"severity"');
  });

  it('of the command line: nothing judges in the help of any command, in either language', async () => {
    const commandsIn = (help: string): string[] =>
      help
        .slice(help.search(/^Commands:/m))
        .split('\n')
        .flatMap((line) => /^ {2}([a-z][\w-]*)/.exec(line)?.[1] ?? [])
        .filter((name) => name !== 'help');
    for (const lang of ['en', 'zh']) {
      const top = await ledger(['--help', '--lang', lang]);
      expect(commandsIn(top.out)).to.include.members(['import', 'publicity', 'ask']);
      const waiting = commandsIn(top.out).map((name) => [name]);
      expect(judgingWords(top.out)).to.deep.equal([]);
      for (let words = waiting.pop(); words !== undefined; words = waiting.pop()) {
        const { out } = await ledger([...words, '--help', '--lang', lang]);
        expect(judgingWords(out), words.join(' ')).to.deep.equal([]);
        if (words.length < 3 && /^Commands:/m.test(out)) {
          const inner = words;
          waiting.push(...commandsIn(out).map((name) => [...inner, name]));
        }
      }
    }
  });

  it('of the command line: nor does anything else that it can say', () => {
    const files = readdirSync(CLI, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    );
    expect(files.length).to.be.greaterThan(8);
    for (const file of files)
      expect(judgingWords(readFileSync(join(CLI, file), 'utf8')), file).to.deep.equal([]);
  });

  describe('is missed by nothing of what would break it', () => {
    const BROKEN: Readonly<Record<string, object>> = {
      'a score as a property': description(withProperties('creditScore')),
      'a rating as a value': description({ type: 'string', enum: ['risk_level', 'other'] }),
      'a ranking in words': description({ type: 'object', description: 'Companies by ranking.' }),
      'a Chinese score': description({ type: 'object', description: '企业信用评分' }),
      'a Chinese list': description({
        type: 'object',
        properties: { note: { description: '是否列入黑名单' } },
      }),
      'a path that grades': { paths: { '/v1/subjects/{id}/grade': { get: { responses: {} } } } },
      'a parameter that asks for a tier': {
        paths: { '/v1/it': { get: { parameters: [{ name: 'tier', in: 'query' }], responses: {} } } },
      },
      'a severity alone': description(withProperties('severity')),
      'a severity with a basis and no source': description(withProperties('severity', 'severityBasis')),
      'a severity with a source and no basis': description(withProperties('severity', 'sourceAgency')),
      'a severity that is sent without a basis': description(withProperties('severity'), 'request'),
      'a severity deep inside': description({
        type: 'object',
        properties: { items: { type: 'array', items: withProperties('severity', 'name') } },
      }),
      'an identity card': description(withProperties('idCardNumber')),
      'a person’s name as a parameter': {
        paths: {
          '/v1/it': { get: { parameters: [{ name: 'legalRepresentative', in: 'query' }], responses: {} } },
        },
      },
      'an identity card in words': description({ type: 'object', description: '按身份证号查询' }),
    };
    for (const [name, document] of Object.entries(BROKEN))
      it(name, () => {
        expect(breaches(document)).to.have.length.greaterThan(0);
      });

    const SOUND: Readonly<Record<string, object>> = {
      'a severity beside its basis and source': description(
        withProperties('severity', 'severityBasis', 'sourceAgency'),
      ),
      'a severity with both inside': description({
        type: 'object',
        properties: { severity: { anyOf: [withProperties('code', 'source', 'basis'), { type: 'null' }] } },
      }),
      'a severity that is sent with its basis': description(
        withProperties('severity', 'severityBasis'),
        'request',
      ),
      'the threshold of a question': description(withProperties('minSeverity')),
    };
    for (const [name, document] of Object.entries(SOUND))
      it(`and raises no false alarm: ${name}`, () => {
        expect(breaches(document)).to.deep.equal([]);
      });
  });
});
