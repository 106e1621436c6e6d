export { membershipOf, type OwnMembership } from './member.ts';
export type { TreeAppender } from './ports.ts';
export { RegisterReplay } from './replay.ts';
export { type RegisterWatch, Witness, type WitnessOptions, type WitnessStatus } from './witness.ts';
