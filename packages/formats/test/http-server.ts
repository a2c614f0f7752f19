import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server on this machine for one test file; what it answers is set by each test. */
export interface TestServer {
  readonly url: string;
  /** The `range` header of each request so far. */
  readonly ranges: (string | undefined)[];
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

/** Start a server on 127.0.0.1 and a free port. */
export async function startServer(): Promise<TestServer> {
  const ranges: (string | undefined)[] = [];
  const server: Server = createServer((request, response) => {
    ranges.push(request.headers.range);
    test.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const test: TestServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ranges,
    answer: (_, response) => response.writeHead(500).end(),
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return test;
}

/** Answer a ranged request as a good server does. */
export function serveRange(
  bytes: Uint8Array,
  request: IncomingMessage,
  response: ServerResponse,
  headers: Record<string, string> = {},
): void {
  const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const first = Number(match?.[1]);
  if (match === null || first >= bytes.length) {
    response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end('no such range');
    return;
  }
  const last = Math.min(Number(match[2]), bytes.length - 1);
  const body = bytes.subarray(first, last + 1);
  const range = `bytes ${first}-${last}/${bytes.length}`;
  response.writeHead(206, { 'content-range': range, 'content-length': body.length, ...headers }).end(body);
}
