/** `host:port`, as in `127.0.0.1:7420` and `[::1]:7420`. */
export function hostPort(host: string, port: number | string): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
