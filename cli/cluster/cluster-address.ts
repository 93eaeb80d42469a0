/** Where a cluster is. The URLs may hold passwords: show them by `redactRedisUrl` and `shownStoreUrl` only. */
export interface ClusterAddress {
  readonly redisUrl: string;
  readonly storeUrl: string;
  readonly namespace: string;
}

/** A store's URL as it may be shown: without a password. */
export function shownStoreUrl(url: string): string {
  return url.replace(/^([a-z0-9+.-]+:\/\/[^/@]*?:)[^/@]*@/i, '$1***@');
}
