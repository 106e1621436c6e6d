// Writes node/openapi.json from the schemas of the API. A test compares the two.
//   node --conditions=source scripts/make-openapi.ts
import { writeFileSync } from 'node:fs';
import { openApiDocument } from '../node/src/api/openapi.ts';

const file = new URL('../node/openapi.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
process.stderr.write('wrote node/openapi.json\n');
