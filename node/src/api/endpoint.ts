import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { UserRole } from '../store/users.ts';
import type { NodeServices } from './services.ts';

/**
 * Who may call an endpoint: the roles of local users; `public`, everybody;
 * `member`, another member's node, whose EIP-712 signature in the body is
 * checked by the room that is called.
 */
export type Access = readonly UserRole[] | 'public' | 'member';

export const ALL_ROLES: readonly UserRole[] = ['officer', 'auditor', 'operator'];

/** Who calls. */
export interface Principal {
  /** Name of the API token. */
  readonly name: string;
  readonly role: UserRole;
}

export interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** For raw bodies: the bytes as they arrive, cut off with `BODY_TOO_LARGE` at the limit. */
  readonly stream: Readable;
  /** Of endpoints with roles; for others, nobody. */
  readonly principal: Principal;
  readonly services: NodeServices;
  readonly requestId: string;
  /** Why the caller wants to know, as the header X-Access-Reason says. */
  readonly reason: string | undefined;
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
  /**
   * Notes an access to a subject's data: who, when, what and the reason that the
   * caller gave. Ids only. If it cannot be written, the call fails.
   */
  noteAccess(action: string, detail: Readonly<Record<string, unknown>>): Promise<void>;
}

export interface Reply {
  readonly status: number;
  /** JSON; integers beyond its range as strings, bytes as hexadecimal, dates as ISO 8601. */
  readonly json?: unknown;
  readonly file?: {
    readonly bytes: Uint8Array | Readable;
    readonly mediaType: string;
    readonly name?: string;
  };
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ReplyDoc {
  readonly description: string;
  readonly schema?: z.ZodType;
  /** When it is not JSON. */
  readonly mediaType?: string;
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

export interface EndpointSpec<P, Q, B> {
  /** Stable name; the client's function is called so. */
  readonly id: string;
  readonly method: 'get' | 'post';
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly access: Access;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  /** Takes the raw bytes of one of these media types in place of JSON. */
  readonly raw?: readonly string[];
  readonly replies: Readonly<Record<number, ReplyDoc>>;
  /** Codes of the problems that are this endpoint's own, for the description. */
  readonly problems?: readonly string[];
  handle(call: Call<Parsed<P>, Parsed<Q>, Parsed<B>>): Promise<Reply>;
}

/** An endpoint with its types forgotten: what routers, description and tests go through. */
export type Endpoint = Omit<
  EndpointSpec<z.ZodObject | undefined, z.ZodObject | undefined, z.ZodType | undefined>,
  'handle'
> & {
  handle(call: Call<never, never, never>): Promise<Reply>;
};

export function endpoint<
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(spec: EndpointSpec<P, Q, B>): Endpoint {
  return spec as unknown as Endpoint;
}
