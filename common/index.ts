/** Errors, clock and the few paths that every part shares. No I/O at import. */
export { cacheFolder } from './cache-folder.js';
export { type Clock, systemClock } from './clock.js';
export { ENVIRONMENT } from './environment.js';
export {
  ERROR_CODES,
  type ErrorCode,
  EspalierError,
  type EspalierErrorOptions,
  type SerializedError,
} from './errors.js';
export { packageRoot } from './package-root.js';
