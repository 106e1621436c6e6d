export { AnswerService, type Preparation, type PreparedAnswer } from './answer-service.ts';
export { type CircuitKeys, type KeyLoading, loadCircuitKeys } from './circuit-keys.ts';
export { measureProver, type ProverMeasures } from './measure.ts';
export { PooledProver, type PoolOptions } from './pooled-prover.ts';
export type { AnswerFacts, BatchChoice, BatchUse, OwnRegisters, ProvableChain } from './ports.ts';
export type { Proved, ProveOptions, Prover } from './prover.ts';
