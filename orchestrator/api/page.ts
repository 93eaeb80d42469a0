import { EspalierError } from '../../common/index.js';

const PAGE_MAX = 1_000;
const TOKEN_CHARS_MAX = 512;

export interface PageRequest {
  /** 1 to 1,000. */
  readonly pageSize: number;
  /** Of the page before; empty: the first page. */
  readonly pageToken: string;
}

/**
 * A page of items. A token names the last item of the page before and its index: where items came or went meanwhile the
 * next page begins behind that item, or at the index where it is gone. Throws `request-malformed` for a
 * size or a token that is none.
 */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  { pageSize, pageToken }: PageRequest,
): { readonly items: readonly T[]; readonly nextPageToken: string } {
  if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > PAGE_MAX) {
    throw new EspalierError('request-malformed', `page_size is ${pageSize}`, {
      remedy: `allowed: an integer, 1 to ${PAGE_MAX}, or 0 for the default`,
    });
  }
  const first = pageToken === '' ? 0 : firstBehind(items, keyOf, pageToken);
  const page = items.slice(first, first + pageSize);
  const last = page.at(-1);
  const end = first + page.length;
  const nextPageToken = last === undefined || end >= items.length ? '' : tokenOf(end, keyOf(last));
  return { items: page, nextPageToken };
}

function tokenOf(index: number, key: string): string {
  return Buffer.from(`${index} ${key}`).toString('base64url');
}

function firstBehind<T>(items: readonly T[], keyOf: (item: T) => string, token: string): number {
  const text = token.length > TOKEN_CHARS_MAX ? '' : Buffer.from(token, 'base64url').toString();
  const [, index, key] = /^(\d{1,9}) (.+)$/s.exec(text) ?? [];
  if (index === undefined || key === undefined || tokenOf(Number(index), key) !== token) {
    throw new EspalierError('request-malformed', 'page_token is none that this service gave', {
      remedy: 'take next_page_token of the page before, or leave it out',
    });
  }
  const last = items.findIndex((item) => keyOf(item) === key);
  return last >= 0 ? last + 1 : Math.min(Number(index), items.length);
}
