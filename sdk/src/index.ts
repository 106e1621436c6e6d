export * from './protocol/index.ts';
export * from './answer/index.ts';
