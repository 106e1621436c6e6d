export * from './protocol/index.ts';
export * from './answer/index.ts';
export * from './chain/index.ts';
export * from './client/index.ts';
