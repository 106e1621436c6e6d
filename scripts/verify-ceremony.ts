// node scripts/verify-ceremony.ts --ptau FILE [--keys DIR] [--with-phase1]
// Verifies the whole chain of contributions from the sources and the phase-1 file to the keys.
import { parseArgs } from 'node:util';
import { verifyCeremony } from '../circuits/tools/ceremony.ts';
import { endSnarkWorkers } from '../circuits/tools/snarkjs.ts';

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

const USAGE = 'Usage: node scripts/verify-ceremony.ts --ptau FILE [--keys DIR] [--with-phase1]';

try {
  const { values } = parseArgs({
    options: {
      ptau: { type: 'string' },
      keys: { type: 'string' },
      'with-phase1': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) {
    say(USAGE);
  } else if (values.ptau === undefined) {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
  } else {
    const started = Date.now();
    const problems = await verifyCeremony({
      ptau: values.ptau,
      keys: values.keys,
      withPhase1: values['with-phase1'],
      progress: (text) => say(`${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}`),
    });
    for (const problem of problems) process.stderr.write(`WRONG: ${problem}\n`);
    say(
      problems.length === 0
        ? 'The keys follow from the sources and the phase-1 file.'
        : 'The keys do not hold.',
    );
    process.exitCode = problems.length === 0 ? 0 : 1;
    await endSnarkWorkers();
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
