import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { EspalierError } from '../../common/index.js';

export interface ListenOptions {
  /** Of `addressesOf`. */
  readonly addresses: readonly string[];
  /** For messages. */
  readonly host: string;
  /** 0: any that is free. undefined: the addresses are paths of sockets. */
  readonly port: number | undefined;
  /** Connections at once; one more is closed at once. */
  readonly connectionsMax: number;
  readonly onConnection: (socket: Socket) => void;
  /** Hears when there are too many, at most once a minute. */
  readonly onTrouble: (line: string) => void;
}

export interface Listening {
  /** 0 for sockets with a path. */
  readonly port: number;
  /** Takes no more connections. */
  close(): void;
  /** Ends those that are left. */
  destroy(): void;
}

const TOLD_EVERY_MS = 60_000;

/** Listens on all addresses, on one port. Rejects with `usage` where it cannot on any. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { addresses, host } = options;
  const sockets = new Set<Socket>();
  const servers: Server[] = [];
  const take = connectionTaker(options, sockets);
  let port = options.port;
  let fault: Error | undefined;
  for (const address of addresses) {
    const server = createServer({ noDelay: true }, take);
    try {
      server.listen(port === undefined ? { path: address } : { host: address, port });
      await once(server, 'listening');
      servers.push(server);
      if (port !== undefined) port = portOf(server);
    } catch (thrown) {
      // A machine may know a name for addresses that it does not have, of IPv6 above all; a port in use is another matter.
      fault = thrown as Error;
      if ((thrown as NodeJS.ErrnoException).code === 'EADDRINUSE') break;
    }
  }
  const close = () => {
    for (const server of servers) server.close();
  };
  const isInUse = (fault as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE';
  if (servers.length > 0 && !isInUse) {
    const destroy = () => {
      for (const socket of sockets) socket.destroy();
    };
    return { port: port ?? 0, close, destroy };
  }
  close();
  throw new EspalierError('usage', `the API cannot listen on ${host}: ${fault?.message ?? 'it has no address'}`, {
    cause: fault,
    remedy: isInUse ? 'stop what listens there, or name another port' : 'name an address of this machine',
  });
}

function connectionTaker(
  { connectionsMax, onConnection, onTrouble }: ListenOptions,
  sockets: Set<Socket>,
): (socket: Socket) => void {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return (socket) => {
    if (sockets.size >= connectionsMax) {
      socket.destroy();
      if (performance.now() - toldAtMs < TOLD_EVERY_MS) return;
      toldAtMs = performance.now();
      onTrouble(`the API has ${connectionsMax} connections, as many as it takes (connectionsMax): others are closed`);
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // Before HTTP/2 or TLS listens to it, and after.
    socket.on('error', () => {});
    onConnection(socket);
  };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
