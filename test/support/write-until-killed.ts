// A process that writes to an embedded database and says what was acknowledged, until it is killed.
import { openDatabase } from '../../node/src/store/database.ts';

const dataDir = process.argv[2];
if (dataDir === undefined) throw new Error('no data directory given');
const db = await openDatabase({ dataDir });
await db.exec('CREATE TABLE written (id integer PRIMARY KEY, filler text NOT NULL)');
for (let id = 1; ; id++) {
  await db.transaction((tx) => tx.query('INSERT INTO written VALUES ($1, $2)', [id, 'x'.repeat(1_000)]));
  process.stdout.write(`${id}\n`);
}
