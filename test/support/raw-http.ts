import { connect, type Socket } from 'node:net';

/** What came back on a connection until it was closed. */
export interface RawAnswer {
  readonly status: number;
  readonly text: string;
  /** The code of the problem in the last answer, where there is one. */
  readonly code: string | undefined;
}

export interface RawConnection {
  readonly socket: Socket;
  write(text: string): void;
  /** What has come so far. */
  received(): string;
  /** Resolves when the other side has closed, or the connection was cut. */
  readonly ended: Promise<RawAnswer>;
}

/** A connection on which a test says byte for byte what it wants, at its own pace. */
export function rawConnection(url: string): RawConnection {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  const ended = new Promise<RawAnswer>((resolve) => {
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    // Being cut off is one of the ends that are looked at.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const status = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].at(-1)?.[1];
      const code = [...text.matchAll(/"code":"([A-Z_]+)"/g)].at(-1)?.[1];
      resolve({ status: Number(status ?? 0), text, code });
    });
  });
  return { socket, ended, received: () => text, write: (part) => void socket.write(part) };
}

/** Sends all of it at once and gives what came until the connection was closed. */
export async function sendRaw(url: string, text: string): Promise<RawAnswer> {
  const connection = rawConnection(url);
  connection.write(text);
  return connection.ended;
}
