export * from './client.ts';
export { DEFAULT_PATIENCE, type Patience, sendPatiently } from './patience.ts';
export type { components, operations, paths } from './schema.ts';
