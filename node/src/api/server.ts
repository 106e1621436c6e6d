import { randomUUID } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { isLedgerError, LedgerError, type Message } from '@credit-ledger/sdk/protocol';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import helmet from 'helmet';
import type { z } from 'zod';
import { messageOfIssue } from './schemas/said.ts';
import type { Clock } from '../clock.ts';
import type { NodeConfig } from '../config.ts';
import { isRequestId, traced } from '../trace.ts';
import { jsonBody, limited, mediaType, watchBody } from './bodies.ts';
import { allowOrigins } from './cors.ts';
import type { Call, Endpoint, Principal } from './endpoint.ts';
import { ENDPOINTS } from './endpoints/index.ts';
import { addressOf, limitByAddress, saneHead, SignInLimit, TokenLimit } from './limits.ts';
import type { Logger } from './logging.ts';
import { Metrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { whyNotPlain } from './plain-json.ts';
import { PROBLEM_MEDIA_TYPE, problemOf } from './problem.ts';
import type { NodeServices } from './services.ts';
import { retryAfterOf } from './status.ts';
import { Traffic } from './traffic.ts';

const NOBODY: Principal = { name: '', role: 'auditor' };
const METRICS_PATH = '/metrics';
const DESCRIPTION_PATH = '/v1/openapi.json';

type ApiConfig = Pick<
  NodeConfig,
  | 'maxImportMebibytes'
  | 'maxBodyKibibytes'
  | 'requestsPerMinute'
  | 'requestsPerMinuteOfToken'
  | 'requestsAtOnce'
  | 'failedSignInsPerMinute'
  | 'bodyIdleSeconds'
  | 'corsOrigins'
  | 'trustProxyHops'
>;

export interface ApiOptions {
  readonly services: NodeServices;
  readonly config: ApiConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Checks every reply against its schema, so that a test sees what the description hides. */
  readonly checkReplies?: boolean;
  /** The requests under way, for whoever ends the node; the API's own by default. */
  readonly traffic?: Traffic;
}

/** The HTTP interface of a node. It decides nothing: it checks the call, asks one room and maps the outcome. */
export function createApi(options: ApiOptions): Express {
  const { services, config, logger } = options;
  const traffic = options.traffic ?? new Traffic(config.requestsAtOnce);
  const metrics = new Metrics(services.health);
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', config.trustProxyHops);
  app.set('query parser', 'simple');
  app.set('json replacer', wireValue);
  app.set('etag', false);

  app.use(identify, observe(logger, metrics), saneHead);
  app.use(helmet({ contentSecurityPolicy: { directives: { defaultSrc: ["'none'"] }, useDefaults: false } }));
  app.use((_request, response, next) => {
    // What the node tells is about somebody: no cache may keep it.
    response.setHeader('cache-control', 'no-store');
    next();
  });
  app.use(allowOrigins(config.corsOrigins), limitByAddress(config.requestsPerMinute), traffic.guard);

  const guards = guardsOf(options, tellProblem(logger, metrics));
  const methods = new Map<string, string[]>();
  for (const spec of ENDPOINTS) {
    const path = spec.path.replaceAll(/\{(\w+)\}/g, ':$1');
    app[spec.method](path, ...guards.before(spec), serve(spec, options));
    methods.set(path, [...(methods.get(path) ?? []), spec.method.toUpperCase()]);
  }
  app.get(
    DESCRIPTION_PATH,
    name(DESCRIPTION_PATH),
    (_request, response) => void response.json(openApiDocument()),
  );
  app.get(
    METRICS_PATH,
    name(METRICS_PATH),
    ...guards.role(['operator', 'auditor']),
    (_request, response, next) => {
      metrics.render().then(({ mediaType, text }) => response.type(mediaType).send(text), next);
    },
  );
  for (const path of [DESCRIPTION_PATH, METRICS_PATH]) methods.set(path, ['GET']);
  for (const [path, allowed] of methods) {
    app.all(path, (request, response) => {
      response.setHeader(
        'allow',
        allowed.includes('GET') ? [...allowed, 'HEAD'].join(', ') : allowed.join(', '),
      );
      throw new LedgerError(
        'METHOD_NOT_ALLOWED',
        { en: `${request.method} is not possible here.`, zh: `此处不支持 ${request.method}。` },
        { allowed },
      );
    });
  }
  app.use(() => {
    throw new LedgerError('ROUTE_UNKNOWN', {
      en: `There is nothing at this address. ${DESCRIPTION_PATH} says what there is.`,
      zh: `该地址不存在。可用接口见 ${DESCRIPTION_PATH}。`,
    });
  });
  app.use(answerProblems(logger, metrics));
  return app;
}

/** Gives the request an id: the caller's when it is sane, a new one otherwise. */
const identify: RequestHandler = (request, response, next) => {
  const given = request.headers['x-request-id'];
  const id = isRequestId(given) ? given : randomUUID();
  response.locals['requestId'] = id;
  response.setHeader('x-request-id', id);
  traced(id, next);
};

function requestIdOf(response: Response): string {
  return String(response.locals['requestId'] ?? '');
}

function name(route: string): RequestHandler {
  return (_request, response, next) => {
    response.locals['route'] = route;
    next();
  };
}

/** One line a request, by route and not by address: addresses name subjects. */
function observe(logger: Logger, metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const started = performance.now();
    response.on('close', () => {
      const route = String(response.locals['route'] ?? 'unknown');
      const seconds = (performance.now() - started) / 1000;
      const principal = response.locals['principal'] as Principal | undefined;
      metrics.request(route, request.method, response.statusCode, seconds);
      logger.info(
        {
          requestId: requestIdOf(response),
          method: request.method,
          route,
          status: response.statusCode,
          milliseconds: Math.round(seconds * 1000),
          ...(principal === undefined ? {} : { role: principal.role }),
          ...(response.writableFinished ? {} : { aborted: true }),
        },
        'request',
      );
    });
    next();
  };
}

function roleNotAllowed(roles: readonly Principal['role'][], principal: Principal): LedgerError {
  return new LedgerError(
    'ROLE_NOT_ALLOWED',
    {
      en: `This needs the role ${roles.join(' or ')}; the token has ${principal.role}.`,
      zh: `此操作需要角色 ${roles.join('、')}，当前令牌的角色为 ${principal.role}。`,
    },
    { needed: [...roles], role: principal.role },
  );
}

/** What stands before an endpoint's own work: its name, its roles, its body. */
function guardsOf(
  { services, config }: ApiOptions,
  tell: (error: unknown, request: Request, response: Response) => boolean,
): {
  before(spec: Endpoint): RequestHandler[];
  role(roles: readonly Principal['role'][]): RequestHandler[];
} {
  const signIns = new SignInLimit(config.failedSignInsPerMinute);
  const ofToken = new TokenLimit(config.requestsPerMinuteOfToken);
  const json = jsonBody(config.maxBodyKibibytes * 1024);
  const idleMilliseconds = config.bodyIdleSeconds * 1000;
  const watched = watchBody({ idleMilliseconds, jsonMilliseconds: 2 * idleMilliseconds }, tell);
  const role = (roles: readonly Principal['role'][]): RequestHandler[] => [
    (request, response, next) => {
      const address = addressOf(request);
      signIns.check(address);
      services.tokens
        .authenticate(request.headers.authorization)
        .then(
          (principal) => {
            ofToken.count(principal.name);
            response.locals['principal'] = principal;
            if (!roles.includes(principal.role)) throw roleNotAllowed(roles, principal);
          },
          (error: unknown) => {
            if (isLedgerError(error, 'TOKEN_INVALID')) signIns.failed(address);
            throw error;
          },
        )
        .then(() => next(), next);
    },
  ];
  return {
    role,
    before(spec) {
      const guards = [name(spec.path)];
      // Who may not call is told so before anything of the body is read.
      if (typeof spec.access !== 'string') guards.push(...role(spec.access));
      if (spec.body !== undefined) guards.push(mediaType(['application/json']), watched('json'), ...json);
      if (spec.raw !== undefined) guards.push(mediaType(spec.raw), watched('raw'));
      return guards;
    },
  };
}

function serve(spec: Endpoint, options: ApiOptions): RequestHandler {
  const { services, config, clock, checkReplies } = options;
  return async (request, response) => {
    const principal = (response.locals['principal'] as Principal | undefined) ?? NOBODY;
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const header = request.headers['x-access-reason'];
    const reason = typeof header === 'string' && header.trim() !== '' ? decodeReason(header) : undefined;
    const call: Call<unknown, unknown, unknown> = {
      params: check('params', spec.params, request.params),
      query: check('query', spec.query, request.query),
      body: check('body', spec.body, request.body),
      stream: spec.raw === undefined ? request : limited(request, config.maxImportMebibytes * 1024 * 1024),
      principal,
      services,
      requestId: requestIdOf(response),
      reason,
      signal: gone.signal,
      noteAccess: (action, detail) =>
        services.users.logAccess({
          at: clock.now(),
          tokenName: principal.name,
          action,
          detail: {
            ...(reason === undefined ? {} : { reason }),
            ...detail,
            requestId: requestIdOf(response),
          },
        }),
    };
    const reply = await spec.handle(call as Call<never, never, never>);
    for (const [header, value] of Object.entries(reply.headers ?? {})) response.setHeader(header, value);
    response.status(reply.status);
    if (reply.file !== undefined) {
      response.type(reply.file.mediaType);
      if (reply.file.name !== undefined) response.attachment(reply.file.name);
      if (reply.file.bytes instanceof Uint8Array) response.send(Buffer.from(reply.file.bytes));
      else await pipeline(reply.file.bytes, response);
    } else if (reply.json === undefined) {
      response.end();
    } else {
      if (checkReplies === true) checkReply(spec, reply.status, reply.json);
      response.json(reply.json);
    }
  };
}

/** Reasons may be Chinese: the header then is percent-encoded UTF-8. */
function decodeReason(text: string): string {
  try {
    return decodeURIComponent(text).slice(0, 500);
  } catch {
    // Not encoded at all: taken as it is.
    return text.slice(0, 500);
  }
}

function check(part: string, schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const notPlain = whyNotPlain(value);
  if (notPlain !== undefined) {
    const { path, why } = notPlain;
    throw requestInvalid([saidAt([part, path].filter((name) => name !== '').join('.'), why)]);
  }
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw requestInvalid(
    result.error.issues
      .slice(0, 20)
      .map((issue) => saidAt([part, ...issue.path.map(String)].join('.'), messageOfIssue(issue))),
  );
}

function saidAt(where: string, { en, zh }: Message): Message {
  return { en: `${where}: ${en}`, zh: `${where}：${zh}` };
}

function requestInvalid(told: readonly Message[]): LedgerError {
  const issues = told.map(({ en }) => en);
  return new LedgerError(
    'REQUEST_INVALID',
    {
      en: `The request is not valid: ${issues.join('; ')}`,
      zh: `请求无效：${told.map(({ zh }) => zh).join('；')}`,
    },
    { issues },
  );
}

function checkReply(spec: Endpoint, status: number, json: unknown): void {
  const schema = spec.replies[status]?.schema;
  if (schema === undefined)
    throw new Error(`${spec.id} replies ${status}, which its description does not have`);
  const result = schema.safeParse(JSON.parse(JSON.stringify(json, wireValue)));
  if (!result.success) throw new Error(`${spec.id} replies what its schema refuses: ${result.error.message}`);
}

/** JSON of what the rooms give: integers beyond its range as text, bytes as hexadecimal. */
export function wireValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  return value;
}

function answerProblems(logger: Logger, metrics: Metrics): ErrorRequestHandler {
  const tell = tellProblem(logger, metrics);
  return (error: unknown, request, response, next) => {
    // Half an answer cannot be turned into a problem: it is broken off, so that nobody takes it for whole.
    if (!tell(error, request, response)) next(error);
  };
}

/** Answers with the problem; false when an answer was begun already. */
function tellProblem(logger: Logger, metrics: Metrics) {
  return (error: unknown, request: Request, response: Response): boolean => {
    const problem = problemOf(error, requestIdOf(response));
    metrics.error(problem.code);
    const line = { requestId: problem.requestId, code: problem.code, err: error };
    if (problem.status >= 500) logger.error(line, 'request failed');
    else logger.debug(line, 'request refused');
    if (response.headersSent) return false;
    const retryAfter = retryAfterOf(problem.code, problem.operands);
    if (retryAfter !== undefined && !response.hasHeader('retry-after'))
      response.setHeader('retry-after', String(retryAfter));
    if (problem.status === 401) response.setHeader('www-authenticate', 'Bearer realm="credit-ledger"');
    // What is left of a body that was not read must not be taken for the next request.
    if (!request.readableEnded) response.setHeader('connection', 'close');
    response.status(problem.status).type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(problem, wireValue));
    return true;
  };
}
