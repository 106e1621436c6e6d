// node scripts/compile-circuits.ts [--json]
// Compiles claim(8) and claim(40) into circuits/build and prints their constraint counts.
import { compileClaim } from '../circuits/tools/compile.ts';
import { CLAIM_SIZES } from '../circuits/tools/paths.ts';

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

const asJson = process.argv.includes('--json');
const counts: Record<string, number> = {};
for (const size of CLAIM_SIZES) {
  const circuit = await compileClaim(size);
  counts[circuit.name] = circuit.constraints;
  if (!asJson) {
    const rows = circuit.constraints + circuit.publicSignals + 1;
    const power = Math.ceil(Math.log2(rows));
    say(
      `${circuit.name.padEnd(8)} ${String(circuit.constraints).padStart(6)} constraints, domain 2^${power}` +
        (circuit.fresh ? '' : ' (unchanged)'),
    );
  }
}
if (asJson) say(JSON.stringify(counts));
