import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What is to become of a request: go through, never arrive, arrive and its answer be lost, or be answered otherwise. */
export type Fate =
  | 'pass'
  | 'drop'
  | 'lose-answer'
  | { readonly answer: unknown }
  | { readonly error: { readonly code: number; readonly message: string } };

export interface RpcProxy {
  readonly url: string;
  /** Decides over each call; everything passes by default. */
  fate: (method: string, params: readonly unknown[]) => Fate | Promise<Fate>;
  /** Decides over a request as a whole, however many calls are in it, before each call; everything passes by default. */
  line: () => 'pass' | 'drop' | 'lose-answer' | Promise<'pass' | 'drop' | 'lose-answer'>;
  /** Sends what comes in to another endpoint from now on. */
  target: string;
  /** Calls seen so far, by method. */
  readonly calls: Map<string, number>;
  close(): Promise<void>;
}

interface Call {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** An endpoint between a node and its chain that loses what a test wants lost. */
export async function startRpcProxy(target: string): Promise<RpcProxy> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString('utf8');
      const parsed = JSON.parse(body) as Call | Call[];
      const calls = Array.isArray(parsed) ? parsed : [parsed];
      for (const { method } of calls) proxy.calls.set(method, (proxy.calls.get(method) ?? 0) + 1);
      const fates: Fate[] = [await proxy.line()];
      for (const { method, params } of calls) fates.push(await proxy.fate(method, params));
      if (fates.includes('drop')) {
        request.socket.destroy();
        return;
      }
      const upstream = await fetch(proxy.target, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      const answers = (await upstream.json()) as object | object[];
      if (fates.includes('lose-answer')) {
        request.socket.destroy();
        return;
      }
      const altered = (Array.isArray(answers) ? answers : [answers]).map((given, index) => {
        const fate = fates[index + 1];
        if (typeof fate !== 'object') return given;
        const told = 'answer' in fate ? { result: fate.answer } : { error: fate.error };
        return { jsonrpc: '2.0', id: calls[index]?.id, ...told };
      });
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(Array.isArray(parsed) ? altered : altered[0]));
    };
    answer().catch(() => request.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy: RpcProxy = {
    url: `http://127.0.0.1:${port}`,
    fate: () => 'pass',
    line: () => 'pass',
    target,
    calls: new Map(),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
}
