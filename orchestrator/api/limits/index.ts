/** How much may be asked of the API at once. */
export { type ApiLimits, apiLimits, DEFAULT_LIMITS } from './api-limits.js';
export { type CallKind, CallLimits } from './call-limits.js';
