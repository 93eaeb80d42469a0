/** Where a cluster is. The URLs may hold passwords: they are shown by `redactRedisUrl`, and by what the opened store says. */
export interface ClusterAddress {
  readonly redisUrl: string;
  readonly storeUrl: string;
  readonly namespace: string;
}
