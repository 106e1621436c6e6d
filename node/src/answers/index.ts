export { type CircuitKeys, type KeyLoading, loadCircuitKeys } from './circuit-keys.ts';
export { PooledProver, type PoolOptions } from './pooled-prover.ts';
export { type Proved, type ProveOptions, type Prover } from './prover.ts';
export { measureProver, type ProverMeasures } from './measure.ts';
