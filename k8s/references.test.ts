import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../common/index.js';
import {
  type Container,
  containersOf,
  type Manifest,
  OVERLAYS,
  type Overlay,
  ofKind,
  type PodSpec,
  render,
  selects,
  workloads,
} from '../tests/support/manifests.js';

/** Whatever a manifest names is there: in the overlay, or made by the operator as docs/operations.md says. */

const page = readFileSync(join(packageRoot(import.meta.url), 'docs', 'operations.md'), 'utf8');

/** Secrets that the operator makes, with their keys: rows of the page's table, as in "| `name` | `key`, `key` | …". */
const OPERATORS_SECRETS = new Map(
  [...page.matchAll(/^\| `(espalier-[a-z-]+)` \| ((?:`[\w.-]+`(?:, )?)+) \|/gm)].map(([, name = '', keys = '']) => [
    name,
    [...keys.matchAll(/`([\w.-]+)`/g)].map(([, key]) => key),
  ]),
);

interface Use {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  /** undefined: all of it. */
  readonly key?: string;
}

function usesOf(pod: PodSpec): readonly Use[] {
  const ofContainers = containersOf(pod).flatMap(({ env = [], envFrom = [] }) => [
    ...env.flatMap(({ valueFrom }): readonly Use[] => {
      const { secretKeyRef: secret, configMapKeyRef: map } = valueFrom ?? {};
      return [
        ...(secret ? [{ kind: 'Secret', ...secret } as const] : []),
        ...(map ? [{ kind: 'ConfigMap', ...map } as const] : []),
      ];
    }),
    ...envFrom.flatMap(({ configMapRef: map, secretRef: secret }): readonly Use[] => [
      ...(map ? [{ kind: 'ConfigMap', name: map.name } as const] : []),
      ...(secret ? [{ kind: 'Secret', name: secret.name } as const] : []),
    ]),
  ]);
  const ofVolumes = (pod.volumes ?? []).flatMap(({ configMap, secret }): readonly Use[] => {
    if (configMap) return [{ kind: 'ConfigMap', name: configMap.name }];
    if (!secret) return [];
    const { secretName: name, items } = secret;
    return items ? items.map(({ key }) => ({ kind: 'Secret', name, key })) : [{ kind: 'Secret', name }];
  });
  return [...ofContainers, ...ofVolumes];
}

/** Files that arguments name below the mounts of Secrets and ConfigMaps are keys of theirs. */
function filesOf(pod: PodSpec): readonly Use[] {
  return pod.containers.flatMap(({ args = [], volumeMounts = [] }) =>
    args.flatMap((arg): readonly Use[] => {
      const path = /=(\/etc\/.*)$/.exec(arg)?.[1];
      if (path === undefined) return [];
      const mount = volumeMounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
      const volume = pod.volumes?.find(({ name }) => name === mount?.name);
      const key = path.slice((mount?.mountPath.length ?? 0) + 1);
      if (volume?.secret) return [{ kind: 'Secret', name: volume.secret.secretName, key }];
      return [{ kind: 'ConfigMap', name: volume?.configMap?.name ?? `that would hold ${path}`, key }];
    }),
  );
}

function isThere(manifests: readonly Manifest[], { kind, name, key }: Use): boolean {
  const made = ofKind(manifests, kind).find(({ metadata }) => metadata.name === name);
  const keys = made === undefined ? OPERATORS_SECRETS.get(name) : Object.keys(made['data']);
  const known = kind === 'Secret' || made !== undefined ? keys : undefined;
  return known !== undefined && (key === undefined || known.includes(key));
}

describe.each(OVERLAYS)('in the overlay %s', (overlay) => {
  test('every Secret, ConfigMap and key is there', async () => {
    const manifests = await render(overlay);
    const uses = workloads(manifests).flatMap(({ pod }) => [...usesOf(pod), ...filesOf(pod)]);
    expect(uses.length).toBeGreaterThan(8);
    expect(uses.filter((use) => !isThere(manifests, use))).toEqual([]);
  });

  test('every account, priority and volume is there', async () => {
    const manifests = await render(overlay);
    const has = (kind: string, name: string | undefined) =>
      ofKind(manifests, kind).some(({ metadata }) => metadata.name === name);
    for (const { name, pod, manifest } of workloads(manifests)) {
      const account = pod.serviceAccountName;
      expect([name, account === undefined || has('ServiceAccount', account)]).toEqual([name, true]);
      expect([name, has('PriorityClass', pod.priorityClassName)]).toEqual([name, true]);
      const claims = pod.volumes?.flatMap(({ persistentVolumeClaim: claim }) => (claim ? [claim.claimName] : [])) ?? [];
      expect(claims.filter((claim) => !has('PersistentVolumeClaim', claim))).toEqual([]);
      const templates: readonly Manifest[] = manifest['spec'].volumeClaimTemplates ?? [];
      const volumes = [
        ...(pod.volumes ?? []).map((volume) => volume.name),
        ...templates.map((one) => one.metadata.name),
      ];
      const mounted = containersOf(pod).flatMap(({ volumeMounts = [] }) => volumeMounts.map((mount) => mount.name));
      expect([name, new Set(mounted)]).toEqual([name, new Set(volumes)]);
    }
    for (const { subjects, roleRef } of ofKind(manifests, 'RoleBinding')) {
      expect(has(roleRef.kind, roleRef.name)).toBe(true);
      for (const subject of subjects) expect(has(subject.kind, subject.name)).toBe(true);
    }
  });

  test('every variable in an argument is set', async () => {
    const unset = workloads(await render(overlay)).flatMap(({ pod }) =>
      containersOf(pod).flatMap(({ args = [], env = [] }) =>
        args
          .flatMap((arg) => [...arg.matchAll(/\$\((\w+)\)/g)].map(([, name]) => name))
          .filter((name) => !env.some((one) => one.name === name)),
      ),
    );
    expect(unset).toEqual([]);
  });

  test('every label that a pod reads of itself is set', async () => {
    const unset = workloads(await render(overlay)).flatMap(({ pod, labels }) =>
      containersOf(pod)
        .flatMap(({ env = [] }) => env.flatMap(({ valueFrom }) => valueFrom?.fieldRef?.fieldPath ?? []))
        .filter((path) => path !== 'metadata.name' && !(labels[/'(.*)'/.exec(path)?.[1] ?? ''] ?? false)),
    );
    expect(unset).toEqual([]);
  });

  test('every selector selects the pods that are meant, and every named port is theirs', async () => {
    const manifests = await render(overlay);
    const all = workloads(manifests);
    for (const { name, manifest } of all) {
      const selected = all.filter(({ labels }) => selects(manifest['spec'].selector, labels));
      expect(selected.map((one) => one.name)).toEqual([name]);
    }
    for (const { metadata, spec } of ofKind(manifests, 'Service')) {
      const selected = all.filter(({ labels }) => selects({ matchLabels: spec.selector }, labels));
      expect([metadata.name, selected.length]).toEqual([metadata.name, 1]);
      for (const { targetPort } of spec.ports) expect(portsOf(selected[0]?.pod)).toContain(targetPort);
    }
    for (const { pod } of all) {
      const probed = pod.containers.flatMap((container) => probedPorts(container));
      expect(probed.filter((port) => !portsOf(pod).includes(port))).toEqual([]);
    }
  });

  test('whatever is asked by name is asked where it is', async () => {
    const manifests = await render(overlay);
    const server = workloads(manifests)
      .flatMap(({ pod }) => pod.containers.flatMap(({ env = [] }) => env))
      .find(({ name }) => name === 'ESPALIER_SERVER')?.value;
    expect(server).toBe(overlay === 'local' ? undefined : 'espalier:7420');
    const namespaces = manifests.map(({ metadata }) => metadata.namespace).filter((name) => name !== undefined);
    expect([...new Set(namespaces)]).toEqual([overlay === 'next' ? 'espalier-next' : 'espalier']);
  });
});

describe('the page for operators', () => {
  test('lists every Secret that production needs, and no other', async () => {
    const used = new Set<string>();
    for (const overlay of ['production', 'gpu'] as const) {
      for (const { pod } of workloads(await render(overlay))) {
        for (const { kind, name } of usesOf(pod)) if (kind === 'Secret') used.add(name);
      }
    }
    expect([...OPERATORS_SECRETS.keys()].sort()).toEqual([...used].sort());
  });
});

/** `who -> whom: ports` for each rule, where a rule's other side is outside the namespace as it is written. */
function flows(manifests: readonly Manifest[]): readonly string[] {
  const names = (selector: object) =>
    workloads(manifests)
      .filter(({ labels }) => selects(selector, labels))
      .map(({ name }) => name)
      .join(' ');
  const peer = ({ podSelector, namespaceSelector, ipBlock }: Manifest) => {
    if (ipBlock) return ipBlock.cidr as string;
    if (!namespaceSelector) return names(podSelector);
    return `(${[namespaceSelector, podSelector ?? {}].flatMap(({ matchLabels = {} }) => Object.values(matchLabels)).join(' ')})`;
  };
  const rules = (list: readonly Manifest[] | undefined, side: 'from' | 'to') =>
    (list ?? []).flatMap((rule) =>
      (rule[side] as Manifest[]).map((one) => ({
        other: peer(one),
        ports: (rule['ports'] as { port: string | number }[]).map(({ port }) => port).join(' '),
      })),
    );
  return ofKind(manifests, 'NetworkPolicy').flatMap(({ spec }) => {
    const own = names(spec.podSelector);
    return [
      ...rules(spec.ingress, 'from').map(({ other, ports }) => `${other} -> ${own}: ${ports}`),
      ...rules(spec.egress, 'to').map(({ other, ports }) => `${own} -> ${other}: ${ports}`),
    ];
  });
}

const WORKERS = 'worker-rollup worker-vm';
const BASE = [
  '(true) -> orchestrator: grpc',
  `(monitoring) -> orchestrator ${WORKERS}: metrics`,
  `orchestrator ${WORKERS} -> (monitoring): 4318`,
  'orchestrator -> 0.0.0.0/0: 443',
];
const PRODUCTION = [
  ...BASE,
  '(keda keda-operator) -> orchestrator: scaler',
  'pod-costs -> orchestrator: 7420',
  'pod-costs -> 0.0.0.0/0: 443 6443',
  'pod-costs -> orchestrator: grpc',
  `orchestrator ${WORKERS} -> 10.0.0.0/8: 6379`,
  `orchestrator ${WORKERS} -> 0.0.0.0/0: 443`,
];
const FLOWS: Readonly<Partial<Record<Overlay, readonly string[]>>> = {
  local: [...BASE, `orchestrator ${WORKERS} -> redis: redis`, `orchestrator ${WORKERS} -> redis: redis`],
  production: PRODUCTION,
  spot: PRODUCTION,
  next: PRODUCTION,
};

describe('network policies', () => {
  test.each(Object.entries(FLOWS))(
    'of the overlay %s let in and out what must, and nothing else',
    async (overlay, expected) => {
      const manifests = await render(overlay as Overlay);
      const dns = /-> (\(kube-system kube-dns\)|169\.254\.20\.10\/32): 53 53$/;
      expect(
        flows(manifests)
          .filter((flow) => !dns.test(flow))
          .sort(),
      ).toEqual([...expected].sort());
    },
  );

  test.each(OVERLAYS)('of the overlay %s deny what none of them names', async (overlay) => {
    const manifests = await render(overlay);
    const all = ofKind(manifests, 'NetworkPolicy');
    expect(
      all.filter(({ spec }) => Object.keys(spec.podSelector).length === 0 && !spec.ingress && !spec.egress),
    ).toEqual([expect.objectContaining({ spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } })]);
    for (const { spec } of all) {
      const types = [...(spec.ingress ? ['Ingress'] : []), ...(spec.egress ? ['Egress'] : [])];
      if (types.length > 0) expect(spec.policyTypes).toEqual(types);
    }
  });

  test.each(OVERLAYS)('of the overlay %s select pods that there are, and ports that they have', async (overlay) => {
    const manifests = await render(overlay);
    const pods = workloads(manifests);
    for (const { metadata, spec } of ofKind(manifests, 'NetworkPolicy')) {
      const own = pods.filter(({ labels }) => selects(spec.podSelector, labels));
      const named = (rules: readonly Manifest[] = []) =>
        rules
          .flatMap(({ ports }) => ports.map(({ port }: { port: unknown }) => port))
          .filter((port) => typeof port === 'string');
      const peers = (rules: readonly Manifest[] = [], side: 'from' | 'to') =>
        rules
          .flatMap((rule) => rule[side] as Manifest[])
          .filter(({ podSelector, namespaceSelector }) => podSelector && !namespaceSelector)
          .map(({ podSelector }) => pods.filter(({ labels }) => selects(podSelector, labels)));
      const targets = peers(spec.egress, 'to');
      expect([metadata.name, own.length > 0]).toEqual([metadata.name, true]);
      for (const found of [...peers(spec.ingress, 'from'), ...targets]) expect(found.length).toBeGreaterThan(0);
      for (const { pod } of own) expect(portsOf(pod)).toEqual(expect.arrayContaining(named(spec.ingress)));
      for (const { pod } of targets.flat()) expect(portsOf(pod)).toEqual(expect.arrayContaining(named(spec.egress)));
    }
  });
});

function portsOf(pod: PodSpec | undefined): readonly (string | number)[] {
  return pod?.containers.flatMap(({ ports = [] }) => ports.map(({ name }) => name)) ?? [];
}

function probedPorts({ startupProbe, readinessProbe, livenessProbe }: Container): readonly (string | number)[] {
  return [startupProbe, readinessProbe, livenessProbe].flatMap((probe) => {
    const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port;
    return port === undefined ? [] : [port];
  });
}
