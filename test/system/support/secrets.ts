import { CATALOGUE, checkUscc, keccakWords, type Uscc } from '@credit-ledger/sdk/protocol';
import type { Database } from '../../../node/src/store/index.ts';
import { RecordStore } from '../../../node/src/store/records.ts';
import { agenciesOf } from '../../../scripts/lib/acts/play.ts';
import { type Secret, secretCode, secretText, secretWord } from '../../support/plaintext-scan.ts';
import type { TestPlay } from './play.ts';

export const COMPANY_NAME = 'a company of the cast: name';
export const COMPANY_CODE = 'a company of the cast: code';

/** Where the nodes keep the documents behind the hashes of the processes. */
const DOCUMENTS = [
  ['step of a letter or filing', 'SELECT detail AS document FROM letter_steps'],
  ['filing', 'SELECT document FROM filings'],
  ['case', 'SELECT document FROM cases'],
  ['decision of a case', 'SELECT decision AS document FROM cases WHERE decision IS NOT NULL'],
  ['binding of a case', 'SELECT filing AS document FROM cases WHERE filing IS NOT NULL'],
] as const;
/** Numbers of 32 bytes that open what is on chain. */
const OPENS = new Set(['salt', 'nonce']);

/**
 * Everything that the nodes know of subjects and of their processes: codes, names, texts, salts and nonces. Left out is
 * what is public by purpose: names and codes of the members themselves (`Consortium.admit`), what the catalogue says,
 * titles, legal bases and template texts of items (`CommitmentItems`), and the law on which an outcome rests
 * (`legalBasisHash` of `CommitmentLetters.check`).
 */
export async function secretsOf({ play, nodes }: TestPlay): Promise<Secret[]> {
  const isPublic = new Set([
    ...agenciesOf(play.cast).flatMap(({ name, creditCode }) => [name, creditCode]),
    ...CATALOGUE.applications.flatMap(({ name, legalBasis }) => [name.zh, legalBasis]),
  ]);
  const [codes, texts, words] = [
    new Map<string, string>(),
    new Map<string, string>(),
    new Map<bigint, string>(),
  ];
  for (const { uscc, name } of play.cast.companies) {
    codes.set(uscc, COMPANY_CODE);
    texts.set(name, COMPANY_NAME);
  }
  for (const { rooms } of nodes) {
    for (const text of await publicTextsOf(rooms.db)) isPublic.add(text);
  }
  for (const { rooms } of nodes) {
    for (const record of await new RecordStore(rooms.db).list({ limit: 10_000 })) {
      note(codes, record.uscc, `code of record ${record.id}`);
      note(texts, record.subjectName, `name of record ${record.id}`);
      note(texts, record.documentNumber, `document number of record ${record.id}`);
      for (const { name, value } of record.fields) note(texts, value, `${name} of record ${record.id}`);
    }
    for (const [kind, sql] of DOCUMENTS) {
      for (const { document } of await rooms.db.query<{ document: unknown }>(sql)) {
        for (const { key, text } of textsOf(document)) {
          if (OPENS.has(key))
            words.set(BigInt(text.startsWith('0x') ? text : `0x${text}`), `${key} of a ${kind}`);
          else if (isCode(text)) note(codes, text, `code in a ${kind}`);
          else if (!text.startsWith('0x')) note(texts, text, `${key} of a ${kind}`);
        }
      }
    }
    for (const { salt } of await rooms.db.query<{ salt: Uint8Array }>('SELECT salt FROM subject_bindings')) {
      words.set(BigInt(`0x${Buffer.from(salt).toString('hex')}`), 'salt of a binding');
    }
  }
  for (const text of isPublic) {
    codes.delete(text);
    texts.delete(text);
  }
  return [
    ...[...codes].map(([code, label]) => secretCode(label, code as Uscc)),
    ...[...texts].filter(([text]) => isTelling(text)).map(([text, label]) => secretText(label, text)),
    ...[...words].map(([word, label]) => secretWord(label, word)),
  ];
}

const LOW_248 = 2n ** 248n - 1n;

/**
 * Every subject key and every body of a register's batches, and what could have been made of them without a secret.
 * `words`: of the transactions that appended, where a key has the operation above it.
 */
export function entrySecrets(registerIds: readonly bigint[], words: Iterable<bigint>): Secret[] {
  return [...words].flatMap((word) => {
    const parts = [...new Set([word, word & LOW_248])];
    const bound = registerIds.flatMap((registerId) => [
      ...parts.map((part) => keccakWords([registerId, part])),
      // As an entry is named by a process, had the salt been forgotten.
      keccakWords([0n, registerId, word]),
    ]);
    return [
      ...parts.map((part) => secretWord('a word of a batch', part)),
      ...bound.map((hash) => secretWord('a commitment to a word of a batch', BigInt(hash))),
    ];
  });
}

async function publicTextsOf(db: Database): Promise<string[]> {
  const templates = await db.query<{ told: string[]; confirmed: string[] }>(
    'SELECT told, confirmed FROM letter_templates',
  );
  const items = await db.query<{ args: { title: string; legalBasis: string } }>(
    `SELECT args FROM chain_events WHERE contract = 'CommitmentItems' AND name = 'ItemPublished'`,
  );
  const steps = await db.query<{ detail: unknown }>('SELECT detail FROM letter_steps');
  return [
    ...templates.flatMap(({ told, confirmed }) => [...told, ...confirmed]),
    ...items.flatMap(({ args }) => [args.title, args.legalBasis]),
    ...steps.flatMap(({ detail }) =>
      [...textsOf(detail)].filter(({ key }) => key === 'legalBasis').map(({ text }) => text),
    ),
  ];
}

function note(to: Map<string, string>, text: string, label: string): void {
  if (!to.has(text)) to.set(text, label);
}

/** Whether a text is a credit code, which is looked for in more forms than other texts. */
function isCode(text: string): boolean {
  return /^[0-9A-Z]{18}$/.test(text) && checkUscc(text).ok;
}

/** Every text in a document, with the name under which it stands. */
function* textsOf(value: unknown, key = ''): Generator<{ key: string; text: string }> {
  if (typeof value === 'string') yield { key, text: value };
  else if (Array.isArray(value)) for (const each of value) yield* textsOf(each, key);
  else if (typeof value === 'object' && value !== null)
    for (const [name, each] of Object.entries(value)) yield* textsOf(each, name);
}

/** Shorter texts are found by chance: six bytes in every encoding; a Chinese character has two in the shortest. */
function isTelling(text: string): boolean {
  const bytes = [...text].reduce((sum, character) => sum + (character.charCodeAt(0) < 128 ? 1 : 2), 0);
  return bytes >= 6 && new Set(text).size > 1;
}
