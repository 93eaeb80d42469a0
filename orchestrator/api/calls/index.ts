/** Every call, from its headers to its end: who may make it, within which limits, and what it ends with. */
export { Admission, type Credentials } from './admission.js';
export type { CallTools, RefusedCall } from './call-tools.js';
export { refusalLog } from './refusal-log.js';
export { safeServer } from './safe-definition.js';
export { serveService } from './serve-service.js';
export type { CallContext, Principal, ServiceHandlers } from './service-handlers.js';
