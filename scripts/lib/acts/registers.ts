import { counted } from '../../../node/src/cli/io.ts';
import { join } from 'node:path';
import { importFile, operateFile, untilGrantKnown, untilRegisterOpen, untilWitnessed } from '../errands.ts';
import type { Grant } from '../../../node/src/api/schemas/ledger.ts';
import type { Cast } from '../samples.ts';
import { authoritiesOf, chainTime, type Play, type Player, playerOf } from './play.ts';

const GRANT_DAYS = 365;

/** Each agency opens its register and imports its files; everything is anchored and witnessed. */
export async function fillRegisters(play: Play): Promise<void> {
  const { narrator: n } = play;
  await n.step(
    'Each agency opens its register: a secret stays at home, its commitment goes on chain · 开立登记册',
    async () => {
      // One after the other: so a register has the number of its member.
      for (const { connection } of authoritiesOf(play)) {
        await connection.call('openRegister', { json: {} });
        await untilRegisterOpen(connection);
      }
    },
  );
  await n.step(
    'Officers import their files; nothing of them leaves the agency · 导入双公示文件',
    (progress) => importAll(play, progress),
  );
  await n.step(
    'Blinded entries are anchored, and replayed and attested by the two other members · 上链并由两地见证',
    (progress) => anchorAll(play, progress),
  );
}

/** Puts what every agency holds on the chain now, and waits until the others have witnessed it. */
export async function anchorAll(play: Play, progress?: (text: string) => void): Promise<void> {
  const authorities = authoritiesOf(play);
  await Promise.all(
    authorities.map(async ({ connection }) => {
      await connection.call('anchor', { params: { id: await untilRegisterOpen(connection) } });
    }),
  );
  await untilWitnessed(
    authorities.map(({ connection }) => connection),
    progress,
  );
}

/** One member lets another, or a region, ask for one purpose; known to the other when it returns. */
export async function giveGrant(
  play: Play,
  by: Player,
  to: Player,
  application: string,
  options: { readonly region?: number; readonly consentRequired?: boolean } = {},
): Promise<void> {
  const grantee =
    options.region === undefined ? { member: to.memberId.toString() } : { region: options.region };
  const validUntil = new Date(((await chainTime(play)) + GRANT_DAYS * 86_400) * 1000).toISOString();
  const { body } = await by.connection.call<Grant>('giveGrant', {
    json: {
      grantee,
      application,
      classes: [1],
      validUntil,
      maxUses: 1000,
      consentRequired: options.consentRequired ?? false,
    },
  });
  await untilGrantKnown(to.connection, body.id);
}

async function importAll(play: Play, progress: (text: string) => void): Promise<void> {
  const { narrator: n, cast, samples } = play;
  for (const { slug, name, connection } of authoritiesOf(play)) {
    const { files, operations } = cast.imports[slug as keyof Cast['imports']];
    for (const { file, profile } of files) {
      progress(`${name}: ${file}`);
      const done = await importFile(connection, join(samples, file), profile);
      n.say(`  ${file}: ${outcomeWords(done)}`);
    }
    const done = await operateFile(connection, join(samples, operations));
    n.say(
      `  ${operations}: ${done.done} of ${counted(done.rows, 'operation')} 操作 (repair, revoke, dispute, settle, correct)`,
    );
  }
  const beijing = playerOf(play, 'beijing');
  const dirty = await importFile(beijing.connection, join(samples, 'dirty-penalties.csv'));
  n.say(`  dirty-penalties.csv: ${outcomeWords(dirty)}, each with its reason 每个问题都有原因`);
}

function outcomeWords(
  done: Readonly<Record<'rows' | 'records' | 'duplicates' | 'rowsWithIssues', number>>,
): string {
  const { rows, records, duplicates, rowsWithIssues } = done;
  return `${counted(rows, 'row')} 行 → ${counted(records, 'record')} 记录, ${counted(duplicates, 'duplicate')} 重复, ${rowsWithIssues} with issues 问题`;
}
