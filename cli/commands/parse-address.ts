import { EspalierError } from '../../common/index.js';

const PORT_MAX = 65_535;

/** `HOST:PORT` or `[IPv6]:PORT`; null for `off`. Throws `usage`, naming the option and an example. */
export function parseAddress(
  option: string,
  text: string,
  example: string,
): { readonly host: string; readonly port: number } | null {
  if (text === 'off') return null;
  const [, name, address, port] = /^(?:([^:[\]\s]+)|\[([0-9A-Fa-f:.]+)\]):(\d{1,5})$/.exec(text) ?? [];
  const host = name ?? address;
  if (host === undefined || Number(port) > PORT_MAX) {
    throw new EspalierError('usage', `${option} must be HOST:PORT, [IPv6]:PORT or off, got "${text}"`, {
      remedy: `as in ${option} ${example}`,
    });
  }
  return { host, port: Number(port) };
}
