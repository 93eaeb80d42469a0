import type { Hasher } from '../../circuits/index.js';
import { type EspalierError, systemClock } from '../../common/index.js';
import { type ApiOptions, type RefusedCall, startApi } from '../../orchestrator/index.js';
import type { Closing } from './closing.js';
import type { OrchestratorParts } from './orchestrator-parts.js';
import type { ProcessLog } from './process-log.js';

/** Where and to whom the API is served; undefined: nowhere. */
export type ApiPlan = Omit<ApiOptions, 'onRefused' | 'onTrouble'> | undefined;

/** What is the caller's own business is told to programs that read the log, and to no person. */
const OF_CALLERS: readonly EspalierError['code'][] = [
  'block-unknown',
  'proof-unknown',
  'worker-unknown',
  'usage',
  'request-malformed',
];

/** Serves the API of these parts until `closing`. */
export async function serveApi(
  parts: OrchestratorParts,
  { plan, hasher, log }: { readonly plan: ApiPlan; readonly hasher: Hasher; readonly log: ProcessLog },
  closing: Closing,
): Promise<void> {
  if (plan === undefined) return;
  const { namespace } = parts.place;
  // Whoever calls need not know where Redis and store are.
  const place = namespace === undefined ? 'here' : `in namespace ${namespace}`;
  const server = await startApi(
    { ...parts, jobCounts: () => parts.jobCounts(), hasher, clock: systemClock, place },
    { ...plan, onTrouble: log.trouble, onRefused: (call) => logRefused(call, log) },
  );
  closing.add(server, (it) => it.stop());
  const how = plan.tls === undefined ? 'in clear' : plan.tls.clientCaFile ? 'over mutual TLS' : 'over TLS';
  const who = plan.accessFile === undefined ? 'to whoever reaches it' : 'to those in the access file';
  log.write('good', `the API is served on ${server.address}, ${how}, ${who}`, {
    kind: 'api',
    address: server.address,
    tls: plan.tls !== undefined,
    access: plan.accessFile !== undefined,
  });
}

/** Tells of a call that was refused or failed. */
export function logRefused(call: RefusedCall, log: ProcessLog): void {
  const { path, principal, peer, error, durationMs, reference, untold } = call;
  const method = path.split('/').at(-1) ?? path;
  const named = reference === undefined ? '' : ` (${reference})`;
  const others = untold === undefined ? '' : ` (and ${untold} more before it)`;
  const line = `${method} of ${principal.name} at ${peer} ended with [${error.code}]${named} ${error.message}${others}`;
  const text = OF_CALLERS.includes(error.code) ? null : line;
  const facts = { method, principal: principal.name, peer, code: error.code, message: error.message };
  log.write('warning', text, { kind: 'call-refused', ...facts, durationMs: Math.round(durationMs), reference, untold });
}
