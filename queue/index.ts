/**
 * The ready queue between orchestrators and workers: the `JobQueue` port, split by role, and its adapters. It knows
 * jobs and leases, nothing of the proof tree and nothing of proofs (those are in `store/`). Every adapter is held to
 * `tests/conformance/job-queue.ts`.
 */

export type { BlockBoard, BlockClaim, BlockOwner, BlockProgress, SubmittedBlock } from './board/block-board.js';
export type { Fleet, FleetEntry } from './board/fleet.js';
export { RedisBlockBoard } from './board/redis-block-board.js';
export { RedisFleet } from './board/redis-fleet.js';
export { BullmqJobQueue, type BullmqJobQueueOptions, type JobCounts } from './bullmq/bullmq-job-queue.js';
export type { JobConsumer, JobProducer, JobQueue } from './job-queue.js';
export { MemoryJobQueue, type MemoryJobQueueOptions } from './memory-job-queue.js';
export type { Heart } from './redis/heart.js';
export { RedisHeart, type RedisHeartOptions } from './redis/redis-heart.js';
