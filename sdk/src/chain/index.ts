export * from './abi/index.ts';
export * from './checkpoint.ts';
export * from './deployment.ts';
export * from './events.ts';
export * from './facts.ts';
export * from './members.ts';
export * from './network.ts';
export * from './view.ts';
