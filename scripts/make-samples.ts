import { parseArgs } from 'node:util';
import { makeLargeFile, makeSamples } from './lib/samples.ts';

export { type Cast, type CastMember, makeLargeFile, makeSamples, type SampleOptions } from './lib/samples.ts';

const USAGE = `Writes the sample files.

  node --conditions=source scripts/make-samples.ts [--today YYYY-MM-DD] [--seed N] [--dir DIR]
  node --conditions=source scripts/make-samples.ts --large ROWS --out FILE

  --today  the day the samples are written for (2026-11-23)
  --seed   another seed gives other companies (1)
  --dir    where they go (test/samples)
  --large  instead, one CSV file of so many penalties, for benchmarks`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      today: { type: 'string', default: '2026-11-23' },
      seed: { type: 'string', default: '1' },
      dir: { type: 'string', default: 'test/samples' },
      large: { type: 'string' },
      out: { type: 'string', default: 'large.csv' },
      help: { type: 'boolean', default: false },
    },
  });
  const options = { today: values.today, seed: Number(values.seed) };
  if (values.help) say(USAGE);
  else if (values.large !== undefined) {
    await makeLargeFile(values.out, Number(values.large), options);
    say(`${values.large} rows in ${values.out}`);
  } else {
    await makeSamples({ ...options, dir: values.dir });
    say(`samples for ${options.today} in ${values.dir}`);
  }
}
