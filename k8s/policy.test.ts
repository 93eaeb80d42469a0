import { describe, expect, test } from 'vitest';
import { DELETION_COST } from '../cli/pods/pod-costs.js';
import { BYTES_PER_GIB, LIMITS, meets, type Profile, parseProfile, requirementOf } from '../proto/index.js';
import {
  type Container,
  containersOf,
  type Manifest,
  OVERLAYS,
  ofKind,
  render,
  selects,
  type Workload,
  workloads,
} from '../tests/support/manifests.js';

/** What the manifests owe an operator: pods that may do little, and have what they need to do it. */

const MEBIBYTE = 2 ** 20;
const UNITS: Readonly<Record<string, number>> = { Mi: MEBIBYTE, Gi: BYTES_PER_GIB };

function bytesOf(quantity: string): number {
  const [, number, unit = ''] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
  if (number === undefined) throw new Error(`no test knows the quantity ${quantity}`);
  return Number(number) * (UNITS[unit] ?? 1);
}

/** What a worker's pod offers to proofs. */
function offeredBy({ pod }: Workload) {
  const { cpu = '0', memory = '0Mi', ...others } = pod.containers[0]?.resources?.limits ?? {};
  return { cores: Number(cpu), memoryBytes: bytesOf(memory), gpus: Number(others['nvidia.com/gpu'] ?? 0) };
}

function profileOf(manifests: readonly Manifest[]): Profile {
  const map = ofKind(manifests, 'ConfigMap').find(({ data }) => data['profile.json'] !== undefined);
  return parseProfile(map?.['data']['profile.json'], 'profile.json');
}

function workersOf(manifests: readonly Manifest[]): readonly Workload[] {
  return workloads(manifests).filter(({ labels }) => labels['app.kubernetes.io/name'] === 'worker');
}

function classOf({ labels }: Workload): 'vm' | 'rollup' | 'gpu' {
  return labels['espalier.dev/class'] as 'vm';
}

function envOf(container: Container | undefined, name: string): string | undefined {
  return container?.env?.find((one) => one.name === name)?.value;
}

/** Those of all pods that do not keep a rule, as `pod/container`. */
async function breaking(
  overlay: (typeof OVERLAYS)[number],
  keeps: (container: Container, workload: Workload) => boolean,
) {
  return workloads(await render(overlay)).flatMap((workload) =>
    containersOf(workload.pod)
      .filter((container) => !keeps(container, workload))
      .map((container) => `${workload.name}/${container.name}`),
  );
}

describe.each(OVERLAYS)('in the overlay %s', (overlay) => {
  test('the namespace admits restricted pods only', async () => {
    const [namespace] = ofKind(await render(overlay), 'Namespace');
    expect(namespace?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });

  test('no pod runs as root, or sees its node', async () => {
    for (const { pod, name } of workloads(await render(overlay))) {
      expect([name, pod.securityContext]).toEqual([
        name,
        {
          runAsNonRoot: true,
          runAsUser: expect.any(Number),
          runAsGroup: expect.any(Number),
          fsGroup: expect.any(Number),
          fsGroupChangePolicy: 'OnRootMismatch',
          seccompProfile: { type: 'RuntimeDefault' },
        },
      ]);
      expect([name, Number(pod.securityContext?.['runAsUser'])]).not.toEqual([name, 0]);
      const ofNode = ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers', 'shareProcessNamespace'];
      expect(ofNode.filter((field) => pod[field] === true)).toEqual([]);
      const volumes = new Set(pod.volumes?.flatMap((volume) => Object.keys(volume)));
      expect(
        [...volumes].filter((key) => !/^(name|configMap|secret|persistentVolumeClaim|emptyDir)$/.test(key)),
      ).toEqual([]);
    }
  });

  test('no container may write to its root, gain rights or has any', async () => {
    const restricted = {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    };
    const strays = await breaking(overlay, ({ securityContext }) => {
      return (
        JSON.stringify(Object.entries(securityContext ?? {}).sort()) ===
        JSON.stringify(Object.entries(restricted).sort())
      );
    });
    expect(strays).toEqual([]);
  });

  test('every container gets what it may take, no more and no less', async () => {
    const strays = await breaking(overlay, ({ resources }) => {
      const { requests, limits } = resources ?? {};
      return limits?.['cpu'] !== undefined && limits['memory'] !== undefined && same(requests, limits);
    });
    expect(strays).toEqual([]);
  });

  test('what a pod may fill is bounded', async () => {
    const unbounded = workloads(await render(overlay)).flatMap(({ name, pod }) =>
      (pod.volumes ?? [])
        .filter(({ emptyDir }) => emptyDir !== undefined && emptyDir.sizeLimit === undefined)
        .map((volume) => `${name}/${volume.name}`),
    );
    expect(unbounded).toEqual([]);
  });

  test('every image is of one version', async () => {
    expect(await breaking(overlay, ({ image }) => /:\d+\.\d+\.\d+[\w.-]*$|@sha256:[0-9a-f]{64}$/.test(image))).toEqual(
      [],
    );
  });

  test('every container that serves something is asked whether it lives and is ready', async () => {
    const running = workloads(await render(overlay)).flatMap(({ pod }) => pod.containers);
    const serving = running.filter(({ ports = [] }) => ports.length > 0);
    expect(serving.length).toBeGreaterThan(2);
    for (const { name, image, startupProbe, readinessProbe, livenessProbe } of serving) {
      expect([name, startupProbe, readinessProbe, livenessProbe]).not.toContain(undefined);
      if (!image.includes('espalier')) continue;
      expect(startupProbe?.httpGet).toEqual({ path: '/readyz', port: 'metrics' });
      expect(readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'metrics' });
      // Whoever is not ready for a while, because Redis is away, is not to be killed for it.
      expect(livenessProbe?.httpGet).toEqual({ path: '/healthz', port: 'metrics' });
    }
    const mute = running.filter(({ ports = [] }) => ports.length === 0).map(({ name }) => name);
    expect(mute.filter((name) => name !== 'pod-costs')).toEqual([]);
  });

  test('what a container writes goes to volumes', async () => {
    for (const { pod } of workloads(await render(overlay))) {
      for (const container of containersOf(pod)) {
        const writable = (container.volumeMounts ?? []).filter(({ readOnly }) => readOnly !== true);
        const paths = writable.map(({ mountPath }) => mountPath);
        const cache = envOf(container, 'ESPALIER_CACHE');
        if (cache !== undefined) expect(paths).toContain(cache);
        if (container.image.includes('espalier') && container.command === undefined) expect(paths).toContain('/tmp');
      }
    }
  });

  test('only pod-costs may ask Kubernetes for anything, and only to list and patch pods', async () => {
    const manifests = await render(overlay);
    for (const account of ofKind(manifests, 'ServiceAccount')) {
      expect(account['automountServiceAccountToken']).toBe(false);
    }
    const asking = workloads(manifests).filter(({ pod }) => pod.automountServiceAccountToken !== false);
    expect(asking.map(({ name }) => name).filter((name) => name !== 'pod-costs')).toEqual([]);
    expect(manifests.filter(({ kind }) => kind.startsWith('ClusterRole'))).toEqual([]);
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'patch'] }];
    for (const { rules: given } of ofKind(manifests, 'Role')) expect(given).toEqual(rules);
    for (const { subjects, roleRef } of ofKind(manifests, 'RoleBinding')) {
      expect([roleRef.kind, roleRef.name]).toEqual(['Role', 'espalier-pod-costs']);
      expect(subjects.map(({ name }: { name: string }) => name)).toEqual(['espalier-pod-costs']);
    }
  });

  test('one orchestrator is always there', async () => {
    const manifests = await render(overlay);
    const orchestrator = workloads(manifests).find(({ name }) => name === 'orchestrator');
    expect(orchestrator?.manifest['spec'].replicas).toBe(2);
    const budgets = ofKind(manifests, 'PodDisruptionBudget').filter(({ spec }) =>
      selects(spec.selector, orchestrator?.labels ?? {}),
    );
    const [budget] = budgets.map(({ spec }) => [spec.minAvailable, spec.unhealthyPodEvictionPolicy]);
    expect([budgets.length, budget]).toEqual([1, [1, 'AlwaysAllow']]);
    if (overlay === 'local') return;
    const [apart] = orchestrator?.pod['affinity'].podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    expect(apart.topologyKey).toBe('kubernetes.io/hostname');
    expect(selects(apart.labelSelector, orchestrator?.labels ?? {})).toBe(true);
  });

  test('an orchestrator has room for as many blocks as it lets be sent at once', async () => {
    const manifests = await render(overlay);
    const orchestrator = workloads(manifests).find(({ name }) => name === 'orchestrator');
    const map = ofKind(manifests, 'ConfigMap').find(({ data }) => data['limits.json'] !== undefined);
    const { uploadsMax } = JSON.parse(map?.['data']['limits.json']) as { uploadsMax: number };
    const tmp = orchestrator?.pod.volumes?.find(({ name }) => name === 'tmp');
    expect(bytesOf(tmp?.emptyDir?.sizeLimit ?? '')).toBeGreaterThan(uploadsMax * LIMITS.blockLinesBytesMax);
  });

  test('workers spread over zones, and make room for orchestrators', async () => {
    const manifests = await render(overlay);
    const priority = (workload: Workload | undefined) =>
      ofKind(manifests, 'PriorityClass').find(({ metadata }) => metadata.name === workload?.pod.priorityClassName)?.[
        'value'
      ];
    const orchestrator = workloads(manifests).find(({ name }) => name === 'orchestrator');
    for (const worker of workersOf(manifests)) {
      const [spread] = worker.pod['topologySpreadConstraints'];
      expect(selects(spread.labelSelector, worker.labels)).toBe(true);
      expect(priority(worker)).toBeLessThan(priority(orchestrator));
    }
  });

  test('workers are killed only after they had time to give back', async () => {
    const workers = workersOf(await render(overlay));
    expect(workers.length).toBeGreaterThan(1);
    for (const { pod } of workers) {
      const graceSeconds = Number(envOf(pod.containers[0], 'WORKER_GRACE_SECONDS'));
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(graceSeconds + 5);
    }
  });

  test('there are workers for each class of the profile, and each pod has room for a proof of its class', async () => {
    const manifests = await render(overlay);
    const profile = profileOf(manifests);
    const workers = workersOf(manifests);
    const used = new Set(Object.values(profile.circuits));
    expect(workers.map(classOf)).toEqual(expect.arrayContaining([...used]));
    for (const worker of workers) {
      const named = worker.pod.containers[0]?.env?.find(({ name }) => name === 'WORKER_CLASSES');
      const label = named?.valueFrom?.fieldRef?.fieldPath === "metadata.labels['espalier.dev/class']";
      // The scaler counts a worker to the pool of the larger class that it takes.
      expect(label ? classOf(worker) : named?.value?.split(',')[0]).toBe(classOf(worker));
    }
    for (const worker of workers) expect(meets(offeredBy(worker), requirementOf(profile, classOf(worker)))).toBe(true);
  });

  test('no secret is in the manifests', async () => {
    const secrets = ofKind(await render(overlay), 'Secret').map(({ stringData, data }) => stringData ?? data);
    const local = [{ url: Buffer.from('redis://redis:6379').toString('base64') }];
    expect(secrets).toEqual(overlay === 'local' ? local : []);
  });
});

describe('sizes', () => {
  test('are those of the classes in production', async () => {
    const sizes = workersOf(await render('gpu')).map((worker) => [
      worker.name,
      worker.pod.containers[0]?.resources?.limits,
    ]);
    expect(Object.fromEntries(sizes)).toEqual({
      'worker-vm': { cpu: '32', memory: '64Gi' },
      'worker-rollup': { cpu: '8', memory: '16Gi' },
      'worker-gpu': { cpu: '8', memory: '32Gi', 'nvidia.com/gpu': 1 },
    });
  });
});

test('two versions side by side share no names', async () => {
  const names = await Promise.all(
    (['production', 'next'] as const).map(async (overlay) => {
      const maps = ofKind(await render(overlay), 'ConfigMap').map(({ data }) => data.ESPALIER_NAMESPACE);
      return maps.find((name) => name !== undefined);
    }),
  );
  expect(names).toEqual(['espalier', 'espalier-next']);
});

describe('the Redis of the local overlay', () => {
  test('keeps what it is told, and drops nothing', async () => {
    const redis = workloads(await render('local')).find(({ name }) => name === 'redis');
    const text = redis?.pod.containers[0]?.args?.join(' ');
    expect(text).toMatch(/--appendonly yes --appendfsync everysec/);
    expect(text).toMatch(/--maxmemory-policy noeviction/);
    expect(redis?.manifest['spec'].volumeClaimTemplates).toHaveLength(1);
  });
});

describe.each(['production', 'gpu', 'spot', 'next'] as const)('autoscaling in the overlay %s', (overlay) => {
  test('follows the tree for every pool, from none up', async () => {
    const manifests = await render(overlay);
    const profile = profileOf(manifests);
    const scaled = ofKind(manifests, 'ScaledObject');
    expect(scaled.map(({ spec }) => spec.scaleTargetRef.name)).toEqual(workersOf(manifests).map(({ name }) => name));
    for (const { spec } of scaled) {
      const worker = workersOf(manifests).find(({ name }) => name === spec.scaleTargetRef.name);
      if (worker === undefined) throw new Error('it scales nothing');
      // Two masters of one number would undo each other's work with every `kubectl apply`.
      expect(worker.manifest['spec'].replicas).toBeUndefined();
      const [trigger, ...others] = spec.triggers;
      expect([spec.minReplicaCount, others, trigger.type]).toEqual([0, [], 'external-push']);
      const name = classOf(worker);
      const { cores, memoryGiB } = requirementOf(profile, name);
      const offered = offeredBy(worker);
      const slots = Math.min(offered.cores / cores, offered.memoryBytes / BYTES_PER_GIB / memoryGiB);
      expect(trigger.metadata).toEqual({
        scalerAddress: `espalier-scaler.${worker.manifest.metadata.namespace}.svc:7421`,
        class: name,
        podStartSeconds: '60',
        slotsPerWorker: String(Math.floor(slots)),
        maxWorkers: String(spec.maxReplicaCount),
      });
      const { scaleUp, scaleDown } = spec.advanced.horizontalPodAutoscalerConfig.behavior;
      expect(scaleUp.stabilizationWindowSeconds).toBe(0);
      expect(scaleDown.stabilizationWindowSeconds).toBe(0);
    }
  });

  test('holds pod-costs to the one annotation, in whatever namespace it is', async () => {
    const manifests = await render(overlay);
    const [policy] = ofKind(manifests, 'ValidatingAdmissionPolicy');
    const [binding] = ofKind(manifests, 'ValidatingAdmissionPolicyBinding');
    expect(binding?.['spec']).toEqual({ policyName: policy?.metadata.name, validationActions: ['Deny'] });
    const account = workloads(manifests).find(({ name }) => name === 'pod-costs')?.pod.serviceAccountName;
    const { matchConditions, validations, failurePolicy } = policy?.['spec'] ?? {};
    expect(failurePolicy).toBe('Fail');
    expect(matchConditions[0].expression).toContain(`request.namespace + ":${account}"`);
    const named = validations.flatMap(({ expression }: { expression: string }) => expression.match(/"[^"]+"/g) ?? []);
    expect(new Set(named)).toEqual(new Set([`"${DELETION_COST}"`]));
  });

  test('is asked for where the orchestrators serve it', async () => {
    const manifests = await render(overlay);
    const service = ofKind(manifests, 'Service').find(({ metadata }) => metadata.name === 'espalier-scaler');
    expect(service?.['spec'].ports).toEqual([{ name: 'scaler', port: 7421, targetPort: 'scaler' }]);
    const orchestrator = workloads(manifests).find(({ name }) => name === 'orchestrator')?.pod.containers[0];
    expect(orchestrator?.ports).toContainEqual({ name: 'scaler', containerPort: 7421 });
    expect(envOf(orchestrator, 'ESPALIER_SCALER_LISTEN')).toBe('0.0.0.0:7421');
  });
});

function same(one: object | undefined, other: object | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
