// node scripts/ceremony.ts --ptau FILE [--out DIR] [--contributors NAME,NAME,NAME] [--beacon HEX]
// Makes the keys of claim(8) and claim(40) anew from a prepared phase-1 file.
import { parseArgs } from 'node:util';
import { runCeremony } from '../circuits/tools/ceremony.ts';
import { endSnarkWorkers } from '../circuits/tools/snarkjs.ts';

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
    console.log(USAGE);
  } else if (values.ptau === undefined) {
    console.error(USAGE);
    process.exitCode = 2;
  } else {
    const started = Date.now();
    const manifest = await runCeremony({
      ptau: values.ptau,
      out: values.out,
      contributors: values.contributors?.split(',').map((name) => name.trim()),
      beacon: values.beacon,
      progress: (text) => console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}`),
    });
    for (const circuit of manifest.circuits) {
      console.log(`claim(${circuit.size}): ${circuit.constraints} constraints, circuit id ${circuit.circuitId}`);
    }
    await endSnarkWorkers();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
