import { eachAtOnce } from '../../common/index.js';
import { deletionCost } from '../../orchestrator/index.js';
import { machineOf, type WorkerInfo } from '../../proto/index.js';
import type { KubernetesApi, PodEntry } from './kubernetes-api.js';

/** By which a ReplicaSet picks pods to stop, the lowest first: a whole number as text (Kubernetes 1.22 and later). */
export const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';

/** Requests at once. */
const PATCHES_MAX = 8;

export interface CostChange {
  readonly pod: string;
  /** null: it had none. */
  readonly from: string | null;
  readonly to: string;
}

/**
 * The costs that differ from what the pods are annotated with. A worker is on the pod that its machine is named after;
 * pods without a living worker start, or end, and are left alone. `nowMs`: since the epoch.
 */
export function costChanges(
  workers: readonly WorkerInfo[],
  pods: readonly PodEntry[],
  nowMs: number,
): readonly CostChange[] {
  const byMachine = new Map<string, WorkerInfo[]>();
  for (const worker of workers) {
    const machine = machineOf(worker.workerId);
    byMachine.set(machine, [...(byMachine.get(machine) ?? []), worker]);
  }
  return pods.flatMap(({ name, annotations }) => {
    const there = byMachine.get(name);
    if (there === undefined) return [];
    const [from, to] = [annotations[DELETION_COST] ?? null, String(costOf(there, nowMs))];
    return from === to ? [] : [{ pod: name, from, to }];
  });
}

/** Sets them; returns those of pods that were still there. */
export async function applyChanges(
  kubernetes: Pick<KubernetesApi, 'annotate'>,
  namespace: string,
  changes: readonly CostChange[],
): Promise<readonly CostChange[]> {
  const done: CostChange[] = [];
  await eachAtOnce(changes, PATCHES_MAX, async (change) => {
    const isThere = await kubernetes.annotate(namespace, change.pod, { [DELETION_COST]: change.to });
    if (isThere) done.push(change);
  });
  return done;
}

/** Of all workers of one pod together, of which there is one as a rule. */
function costOf(workers: readonly WorkerInfo[], nowMs: number): number {
  const isIdle = workers.every(({ running }) => running === 0);
  const idleSince = workers.map(({ idleSinceMs, startedAtMs }) => idleSinceMs ?? startedAtMs);
  return deletionCost({
    nowMs,
    provingSinceMs: workers.flatMap(({ provingSinceMs }) => provingSinceMs ?? []),
    idleSinceMs: isIdle ? Math.max(...idleSince) : undefined,
  });
}
