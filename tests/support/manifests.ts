import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { packageRoot } from '../../common/index.js';
import { kustomize } from './kubectl.js';

/** Manifests as Kustomize renders them, and what the policy tests look at. Schemas are held by `k8s/schemas.test.ts`. */

export const OVERLAYS = ['local', 'production', 'gpu', 'spot', 'next'] as const;
export type Overlay = (typeof OVERLAYS)[number];

export type Labels = Readonly<Record<string, string>>;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels };
  // biome-ignore lint/suspicious/noExplicitAny: what it is depends on its kind, and the schemas have been checked
  readonly [key: string]: any;
}

export interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
  readonly tcpSocket?: { readonly port: string | number };
  readonly exec?: { readonly command: readonly string[] };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: ValueSource }[];
  readonly envFrom?: readonly { readonly configMapRef?: Reference; readonly secretRef?: Reference }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources?: { readonly requests?: Labels; readonly limits?: Labels };
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

interface ValueSource {
  readonly secretKeyRef?: Reference & { readonly key: string };
  readonly configMapKeyRef?: Reference & { readonly key: string };
  readonly fieldRef?: { readonly fieldPath: string };
}

export interface Reference {
  readonly name: string;
  readonly optional?: boolean;
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly priorityClassName?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  // biome-ignore lint/suspicious/noExplicitAny: looked at by one test each
  readonly [key: string]: any;
}

export interface Volume {
  readonly name: string;
  readonly configMap?: Reference;
  readonly secret?: { readonly secretName: string; readonly items?: readonly { readonly key: string }[] };
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly emptyDir?: { readonly sizeLimit?: string };
}

/** A Deployment or StatefulSet, and the pods that it makes. */
export interface Workload {
  readonly name: string;
  readonly manifest: Manifest;
  readonly labels: Labels;
  readonly pod: PodSpec;
}

const root = packageRoot(import.meta.url);
const rendered = new Map<Overlay, Promise<readonly Manifest[]>>();

/** The manifests of an overlay, rendered once a test file. */
export function render(overlay: Overlay): Promise<readonly Manifest[]> {
  const known = rendered.get(overlay);
  if (known !== undefined) return known;
  const made = kustomize(join(root, 'k8s', 'overlays', overlay)).then((yaml) =>
    parseAllDocuments(yaml).map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS() as Manifest;
    }),
  );
  rendered.set(overlay, made);
  return made;
}

export function ofKind(manifests: readonly Manifest[], kind: string): readonly Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}

const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'];

export function workloads(manifests: readonly Manifest[]): readonly Workload[] {
  return manifests
    .filter(({ kind }) => WORKLOADS.includes(kind))
    .map((manifest) => {
      const { metadata, spec } = manifest['spec'].template;
      return { name: manifest.metadata.name, manifest, labels: metadata.labels ?? {}, pod: spec };
    });
}

/** All containers of a pod, those that come first first. */
export function containersOf({ initContainers = [], containers }: PodSpec): readonly Container[] {
  return [...initContainers, ...containers];
}

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** Whether a label selector selects these labels. An empty one selects all. Throws for an operator that is not used here. */
export function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator !== 'In') throw new Error(`no test knows the operator ${operator}`);
      return values.includes(labels[key] ?? '');
    })
  );
}
