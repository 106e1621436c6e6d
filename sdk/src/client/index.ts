export * from './client.ts';
export type { components, operations, paths } from './schema.ts';
