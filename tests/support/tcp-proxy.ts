import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface TcpProxy {
  /** `127.0.0.1:<port>`. */
  readonly address: string;
  /** Connections that were made through it so far. */
  readonly made: () => number;
  /** Breaks all connections, in the middle of whatever they carry. New ones are made as before. */
  cut(): void;
  /** Breaks a connection when so many bytes more have come from the server over all of them. */
  cutAfter(bytes: number): void;
}

/** Passes TCP connections on to `target`, `host:port`, until the test is over. */
export async function tcpProxy(target: string): Promise<TcpProxy> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  let made = 0;
  let left = Number.POSITIVE_INFINITY;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((near) => {
    made += 1;
    const far = connect({ host, port: Number(port) });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    far.on('data', (bytes) => {
      left -= bytes.length;
      if (left > 0) return;
      left = Number.POSITIVE_INFINITY;
      near.destroy();
    });
    near.pipe(far);
    far.pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    cut();
  });
  const { port: own } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${own}`,
    made: () => made,
    cut,
    cutAfter: (bytes) => {
      left = bytes;
    },
  };
}
