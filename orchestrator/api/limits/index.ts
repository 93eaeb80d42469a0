/** How much may be asked of the API at once. */
export { type ApiLimits, CallLimits, DEFAULT_LIMITS } from './call-limits.js';
