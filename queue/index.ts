/**
 * What orchestrators and workers share of their work. `JobQueue` is the ready queue between them, split by role: it knows
 * jobs and leases, nothing of the proof tree and nothing of proofs (those are in `store/`); every adapter is held to
 * `tests/conformance/job-queue.ts`. In a cluster `BlockBoard` holds the open blocks and who owns them, `BlockEvents`
 * what is told of them, `Fleet` the workers, and a `Heart` says who is alive.
 */
export {
  type BlockBoard,
  type BlockClaim,
  type BlockOwner,
  type BlockProgress,
  OPEN_MAX,
  type SubmitOutcome,
  type SubmittedBlock,
} from './board/block-board.js';
export type { Fleet, FleetEntry } from './board/fleet.js';
export { RedisBlockBoard } from './board/redis-block-board.js';
export { RedisFleet } from './board/redis-fleet.js';
export { BullmqJobQueue, type BullmqJobQueueOptions } from './bullmq/bullmq-job-queue.js';
export { countJobs } from './bullmq/queue-counts.js';
export {
  type BlockEvents,
  CHUNK_EVENTS_MAX,
  EVENT_TEXT_CHARS_MAX,
  EVENTS_KEPT_MAX,
  EVENTS_KEPT_MS,
  type EventReader,
} from './events/block-events.js';
export { MemoryBlockEvents } from './events/memory-block-events.js';
export { RedisBlockEvents } from './events/redis-block-events.js';
export type { JobConsumer, JobCounts, JobProducer, JobQueue, QueueCounts } from './job-queue.js';
export type { DurableRecords } from './memory/durable-records.js';
export { MemoryBlockBoard, type MemoryBlockBoardOptions } from './memory/memory-block-board.js';
export { MemoryFleet } from './memory/memory-fleet.js';
export { MemoryJobQueue, type MemoryJobQueueOptions } from './memory-job-queue.js';
export type { Heart } from './redis/heart.js';
export { RedisHeart, type RedisHeartOptions } from './redis/redis-heart.js';
