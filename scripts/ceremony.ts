// node scripts/ceremony.ts --ptau FILE [--out DIR] [--contributors NAME,NAME,NAME] [--beacon HEX]
// Makes the keys of claim(8) and claim(40) anew from a prepared phase-1 file.
import { parseArgs } from 'node:util';
import { runCeremony } from '../circuits/tools/ceremony.ts';
import { endSnarkWorkers } from '../circuits/tools/snarkjs.ts';

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

const USAGE =
  'Usage: node scripts/ceremony.ts --ptau FILE [--out DIR] [--contributors NAME,NAME,NAME,…] [--beacon HEX]';

try {
  const { values } = parseArgs({
    options: {
      ptau: { type: 'string' },
      out: { type: 'string' },
      contributors: { type: 'string' },
      beacon: { type: 'string' },
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
    const manifest = await runCeremony({
      ptau: values.ptau,
      out: values.out,
      contributors: values.contributors?.split(',').map((name) => name.trim()),
      beacon: values.beacon,
      progress: (text) => say(`${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}`),
    });
    for (const circuit of manifest.circuits) {
      say(`claim(${circuit.size}): ${circuit.constraints} constraints, circuit id ${circuit.circuitId}`);
    }
    await endSnarkWorkers();
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
