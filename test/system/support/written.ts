import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ENDPOINTS } from '../../../node/src/api/index.ts';
import { decryptSecret } from '../../../node/src/keys/index.ts';
import { LOCAL_TOKENS_FILE } from '../../../node/src/setup.ts';
import { companyOf } from '../../../scripts/lib/acts/play.ts';
import type { StageNode } from '../../../scripts/lib/stage.ts';
import { type Secret, secretText, secretWord, type Source } from '../../support/plaintext-scan.ts';
import type { TestPlay } from './play.ts';

const encoder = new TextEncoder();

/** What every node has written of itself: its log, to the last detail, and what it tells whoever watches it. */
export async function writtenBy({ stage, nodes, logs }: TestPlay): Promise<Source[]> {
  const sources: Source[] = [];
  for (const [i, node] of nodes.entries()) {
    const add = (what: string, text: string): void =>
      void sources.push({ where: `${what} of node ${i}`, bytes: encoder.encode(text) });
    add('log', (logs.get(node) ?? []).join(''));
    const { dataDir } = stage.nodes[i] ?? {};
    const { operator } = await tokensOf(dataDir ?? '');
    for (const [what, path] of [
      ['metrics', '/metrics'],
      ['readiness', '/v1/ready'],
      ['health', '/v1/health'],
    ] as const) {
      const response = await fetch(new URL(path, node.url), {
        headers: { authorization: `Bearer ${operator ?? ''}` },
      });
      if (!response.ok && response.status !== 503) throw new Error(`${what}: ${response.status}`);
      add(what, await response.text());
    }
  }
  return sources;
}

/** What only this node may know to act for its member: keys, register secrets, tokens, the passphrase. */
export async function keySecretsOf(nodes: readonly StageNode[]): Promise<Secret[]> {
  const secrets: Secret[] = [];
  for (const { slug, dataDir } of nodes) {
    const passphrase = (await readFile(`${dataDir}.passphrase`, 'utf8')).trim();
    secrets.push(secretText(`passphrase of ${slug}`, passphrase));
    for (const [role, token] of Object.entries(await tokensOf(dataDir)))
      secrets.push(secretText(`token of ${slug}’s ${role}`, token));
    for (const file of await readdir(join(dataDir, 'keys'))) {
      const key = await decryptSecret(await readFile(join(dataDir, 'keys', file), 'utf8'), passphrase, file);
      const label = `${file.replace(/\.json$/, '')} of ${slug}`;
      secrets.push(secretWord(label, BigInt(key)), secretText(`${label}, as digits`, key.slice(2)));
    }
  }
  return secrets;
}

/** Names under which calls give a subject, or what is said of it. */
const NAMES_OF_SUBJECTS = [
  'uscc',
  'subject',
  'creditCode',
  'applicant',
  'company',
  'name',
  'subjectName',
  'documentNumber',
];

/**
 * What the first node answers to wrong calls about a subject that it knows: to every endpoint, with the subject
 * in every place where something can be put. Its refusals are kept; what succeeds is not looked at here.
 */
export async function provokedErrors({ stage, nodes, play }: TestPlay): Promise<Source[]> {
  const { uscc, name } = companyOf(play, 'clean');
  const [node] = nodes;
  const tokens = await tokensOf(stage.nodes[0]?.dataDir ?? '');
  if (node === undefined) throw new Error('no node');
  const valueOf = (field: string): string => (/name/i.test(field) ? name : uscc);
  const sources: Source[] = [];
  for (const endpoint of ENDPOINTS) {
    const url = new URL(
      endpoint.path.replaceAll(/\{(\w+)\}/g, (_, field: string) => encodeURIComponent(valueOf(field))),
      node.url,
    );
    for (const field of Object.keys(endpoint.query?.shape ?? {})) url.searchParams.set(field, valueOf(field));
    const shape = (endpoint.body as { shape?: object } | undefined)?.shape ?? {};
    const fields = [...NAMES_OF_SUBJECTS, ...Object.keys(shape)];
    const bodies =
      endpoint.method === 'get'
        ? [undefined]
        : [
            JSON.stringify(Object.fromEntries(fields.map((field) => [field, valueOf(field)]))),
            JSON.stringify(Object.fromEntries(Object.keys(shape).map((field) => [field, valueOf(field)]))),
            JSON.stringify([uscc, name]),
            `{"${uscc}": "${name}"`,
          ];
    const hasNothingToGetWrong =
      endpoint.method === 'post' &&
      endpoint.body === undefined &&
      endpoint.raw === undefined &&
      endpoint.params === undefined;
    // The name of a token is said back to whoever gives it; it is no subject's.
    if (hasNothingToGetWrong || endpoint.id === 'revokeToken') continue;
    for (const body of bodies) {
      const response = await fetch(url, {
        method: endpoint.method.toUpperCase(),
        headers: {
          ...(typeof endpoint.access === 'string'
            ? {}
            : { authorization: `Bearer ${tokens[endpoint.access[0] ?? ''] ?? ''}` }),
          'x-access-reason': 'test',
          ...(body === undefined ? {} : { 'content-type': endpoint.raw?.[0] ?? 'application/json' }),
        },
        ...(body === undefined ? {} : { body }),
      });
      const text = await response.text();
      if (response.status < 400) continue;
      const bytes = encoder.encode(text + JSON.stringify([...response.headers]));
      sources.push({ where: `${response.status} of ${endpoint.id}`, bytes });
    }
  }
  return sources;
}

async function tokensOf(dataDir: string): Promise<Record<string, string>> {
  return JSON.parse(await readFile(join(dataDir, LOCAL_TOKENS_FILE), 'utf8')) as Record<string, string>;
}
