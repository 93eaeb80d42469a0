import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface FileServerBehaviour {
  /** Sends everything with status 200, whatever range was asked for. */
  readonly ignoresRanges?: boolean;
  /** Breaks the connection after this many bytes, in each of the first answers listed. */
  readonly breaksAfterBytes?: readonly number[];
  /** Sends this many bytes of the first answer, and then nothing more. */
  readonly stallsAfterBytes?: number;
  readonly status?: number;
}

/** An HTTP server of one file on this machine, gone when the test is over. */
export async function serveFile(
  name: string,
  content: Uint8Array,
  behaviour: FileServerBehaviour = {},
): Promise<{ readonly host: string; readonly ranges: readonly string[] }> {
  const ranges: string[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range ?? '');
    if (request.url === `/${name}`) answer(request, response, content, behaviour, ranges.length - 1);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ranges };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  content: Uint8Array,
  behaviour: FileServerBehaviour,
  answerIndex: number,
): void {
  if (behaviour.status !== undefined) {
    response.writeHead(behaviour.status).end();
    return;
  }
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const partial = range !== null && !behaviour.ignoresRanges;
  const body = partial ? content.subarray(Number(range[1]), Number(range[2]) + 1) : content;
  response.writeHead(partial ? 206 : 200, { 'content-length': body.length });
  const breaksAfter = behaviour.breaksAfterBytes?.[answerIndex];
  if (breaksAfter !== undefined) response.write(body.subarray(0, breaksAfter), () => response.destroy());
  else if (answerIndex === 0 && behaviour.stallsAfterBytes !== undefined) {
    response.write(body.subarray(0, behaviour.stallsAfterBytes));
  } else response.end(body);
}
