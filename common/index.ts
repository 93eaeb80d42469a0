/** Errors, clock, paths, and files that are whole or not there: what every part shares. No I/O at import. */
export { makeFolder, sweepFolder, writeFileAtomically } from './atomic-file.js';
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
export { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.js';
export { isAbandonedTempName, tempName } from './temp-name.js';
