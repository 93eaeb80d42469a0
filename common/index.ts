/**
 * What every part shares: errors, clock, paths, files that are whole or not there, folders that one process has at a
 * time. No I/O at import.
 */
export { makeFolder, sweepFolder, writeFileAtomically } from './atomic-file.js';
export { cacheFolder } from './cache-folder.js';
export { type Clock, systemClock } from './clock.js';
export { eachAtOnce } from './each-at-once.js';
export { ENVIRONMENT } from './environment.js';
export {
  ERROR_CODES,
  type ErrorCode,
  EspalierError,
  type EspalierErrorOptions,
  GRPC_STATUS,
  type SerializedError,
} from './errors.js';
export { FolderLock } from './folder-lock.js';
export { hostPort } from './host-port.js';
export { type HeapItem, IndexedHeap } from './indexed-heap.js';
export { packageRoot } from './package-root.js';
export { isRunning, ownIdentity, ownPlace, type ProcessIdentity } from './process-identity.js';
export { connectRedis, type RedisOptions } from './redis/connect-redis.js';
export { redactRedisUrl } from './redis/redact-redis-url.js';
export { withRedisCa } from './redis/redis-tls.js';
export { settledWithin } from './settled-within.js';
export { errnoOf, storeError } from './store-error.js';
export {
  type AttributesOf,
  createCounter,
  createGauge,
  createHistogram,
} from './telemetry/create-instruments.js';
export {
  ATTRIBUTES,
  type AttributeKey,
  INSTRUMENTS,
  type InstrumentSpec,
  type Process,
  prometheusName,
} from './telemetry/instruments.js';
export { remoteContext, traceparentOf } from './telemetry/span-context.js';
export { SPAN_ATTRIBUTES, SPANS } from './telemetry/spans.js';
export {
  blockContext,
  formatTraceparent,
  parseTraceparent,
  TRACEPARENT,
  type TraceContext,
} from './telemetry/trace-context.js';
export { isAbandonedTempName, tempName } from './temp-name.js';
export * as wasm from './wasm/index.js';
