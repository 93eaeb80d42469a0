/**
 * The ready queue between orchestrators and workers: the `JobQueue` port, split by role, and its adapters. It knows
 * jobs and leases, nothing of the proof tree and nothing of proofs (those are in `store/`). Every adapter is held to
 * `tests/conformance/job-queue.ts`.
 */
export type { JobConsumer, JobProducer, JobQueue } from './job-queue.js';
export { MemoryJobQueue, type MemoryJobQueueOptions } from './memory-job-queue.js';
export { BEAT_INTERVAL_MS, GRACE_MS, type Heart, SESSION_TTL_MS } from './redis/heart.js';
export { RedisHeart, type RedisHeartOptions } from './redis/redis-heart.js';
export { NAMESPACE_DEFAULT, RedisKeys } from './redis/redis-keys.js';
