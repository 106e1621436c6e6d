import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { Endpoint } from './endpoint.ts';
import { ENDPOINTS } from './endpoints/index.ts';
import { Problem, PROBLEM_MEDIA_TYPE } from './problem.ts';
import { VERSION } from './version.ts';

/** The description of the API (OpenAPI 3.1), made from the schemas that check the calls. */
export function openApiDocument(): Record<string, unknown> {
  const paths: ZodOpenApiPathsObject = {};
  for (const spec of ENDPOINTS) {
    paths[spec.path] = { ...paths[spec.path], [spec.method]: operationOf(spec) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Credit ledger node',
      version: VERSION,
      description:
        'The node of one agency. Errors are problem details (RFC 9457) with a stable `code`. ' +
        'Local users sign in with an API token; the roles that may call an endpoint are in its `x-roles`. ' +
        'Calls between members carry an EIP-712 signature in the body and no token.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:8645' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'An API token: clt_…' } },
    },
  }) as unknown as Record<string, unknown>;
}

function operationOf(spec: Endpoint): ZodOpenApiOperationObject {
  const responses: ZodOpenApiOperationObject['responses'] = {};
  for (const [status, reply] of Object.entries(spec.replies)) {
    const content =
      reply.schema !== undefined
        ? { 'application/json': { schema: reply.schema } }
        : reply.mediaType !== undefined
          ? {
              [reply.mediaType]: {
                schema: z.string().meta({ override: { contentMediaType: reply.mediaType } }),
              },
            }
          : undefined;
    responses[status as `${1 | 2 | 3 | 4 | 5}${string}`] = {
      description: reply.description,
      ...(content === undefined ? {} : { content }),
    };
  }
  responses.default = {
    description:
      spec.problems === undefined ? 'A problem.' : `A problem, for instance ${spec.problems.join(', ')}.`,
    content: { [PROBLEM_MEDIA_TYPE]: { schema: Problem } },
  };
  const requestBody =
    spec.body !== undefined
      ? { required: true, content: { 'application/json': { schema: spec.body } } }
      : spec.raw !== undefined
        ? {
            required: true,
            content: Object.fromEntries(
              spec.raw.map((type) => [
                type,
                { schema: z.string().meta({ override: { contentMediaType: type } }) },
              ]),
            ),
          }
        : undefined;
  const isLocal = Array.isArray(spec.access);
  return {
    operationId: spec.id,
    summary: spec.summary,
    tags: [spec.tag],
    'x-roles': isLocal ? [...spec.access] : spec.access,
    ...(isLocal ? {} : { security: [] }),
    requestParams: {
      ...(spec.params === undefined ? {} : { path: spec.params }),
      ...(spec.query === undefined ? {} : { query: spec.query }),
    },
    ...(requestBody === undefined ? {} : { requestBody }),
    responses,
  };
}
