/**
 * The gRPC API: any orchestrator serves it for all blocks of its cluster. `startApi` is its face; `ApiBackend` what it
 * serves. Handlers translate between the wire and the ports of queue and store; who may call what, and how much, is
 * decided before a handler runs (`calls/`, `access/`, `limits/`).
 */
export type { ApiBackend } from './api-backend.js';
export type { RefusedCall } from './calls/index.js';
export { type ApiLimits, DEFAULT_LIMITS } from './limits/index.js';
export {
  DemandSource,
  type DemandSourceOptions,
  type ScalerBackend,
  type ScalerOptions,
  type ScalerServer,
  startScaler,
} from './scaler/index.js';
export { type ApiOptions, type ApiServer, checkApi, startApi } from './start-api.js';
