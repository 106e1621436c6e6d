export { Tokens } from './auth.ts';
export { ENDPOINTS } from './endpoints/index.ts';
export { createLogger, type Logger } from './logging.ts';
export { openApiDocument } from './openapi.ts';
export { closeHttpServer, createHttpServer } from './http-server.ts';
export { createApi, wireValue, type ApiOptions } from './server.ts';
export type { NodeServices } from './services.ts';
export { Traffic } from './traffic.ts';
