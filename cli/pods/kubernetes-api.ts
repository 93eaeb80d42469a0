import { readFile } from 'node:fs/promises';
import { request as requestClear } from 'node:http';
import { request as requestTls } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EspalierError } from '../../common/index.js';

export interface KubernetesOptions {
  /** `https://10.0.0.1:443`, or `http://127.0.0.1:8001` as `kubectl proxy` serves it. */
  readonly url: string;
  /** With `token` and `ca.crt`, as Kubernetes mounts a service account; not read where the URL is `http:`. */
  readonly accountFolder: string;
  readonly signal: AbortSignal;
}

/** What is used of a pod. */
export interface PodEntry {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Of a pod its metadata alone: a tenth of what it is, and less work for the API too. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
const PAGE = 500;
/** A namespace with more of them is none of ours. */
const PODS_MAX = 20_000;
const TRIES_MAX = 4;
const PAUSE_MS = 250;
const PAUSE_MAX_MS = 5_000;
const ANSWER_WITHIN_MS = 10_000;
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const SHOWN_CHARS_MAX = 200;

interface Answer {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly body: string;
}

/**
 * The little of the Kubernetes API that is needed here: lists pods and sets annotations. Token and CA are read for every
 * request: Kubernetes renews them while the process runs. What may pass (no answer, 429, 5xx, a token that was just
 * renewed) is tried `TRIES_MAX` times.
 */
export class KubernetesApi {
  readonly #options: KubernetesOptions;

  constructor(options: KubernetesOptions) {
    this.#options = options;
  }

  async pods(namespace: string, labelSelector: string): Promise<readonly PodEntry[]> {
    const pods: PodEntry[] = [];
    let token = '';
    do {
      const query = new URLSearchParams({ labelSelector, limit: String(PAGE), ...(token && { continue: token }) });
      const answer = await this.#ask('GET', `${podsPath(namespace)}?${query}`);
      if (answer.status !== 200) throw refusal(answer, `list the pods of namespace ${namespace}`);
      const page = parseList(answer.body);
      pods.push(...page.pods);
      token = page.next;
    } while (token !== '' && pods.length < PODS_MAX);
    return pods;
  }

  /** False for a pod that is not there any more. */
  async annotate(namespace: string, pod: string, annotations: Readonly<Record<string, string>>): Promise<boolean> {
    const path = `${podsPath(namespace)}/${encodeURIComponent(pod)}`;
    const answer = await this.#ask('PATCH', path, JSON.stringify({ metadata: { annotations } }));
    if (answer.status === 404) return false;
    if (answer.status !== 200) throw refusal(answer, `annotate pod ${pod}`);
    return true;
  }

  async #ask(method: 'GET' | 'PATCH', path: string, body?: string): Promise<Answer> {
    const { signal, url } = this.#options;
    for (let tries = 1; ; tries++) {
      let answer: Answer | undefined;
      let fault: Error | undefined;
      try {
        answer = await this.#send(method, path, body);
        const mayPass = answer.status === 401 || answer.status === 429 || answer.status >= 500;
        if (!mayPass || tries === TRIES_MAX) return answer;
      } catch (thrown) {
        signal.throwIfAborted();
        fault = thrown as Error;
      }
      if (fault !== undefined && tries === TRIES_MAX) {
        throw new EspalierError(
          'server-unavailable',
          `the Kubernetes API at ${url} does not answer: ${fault.message}`,
          {
            cause: fault,
            remedy: 'see whether a network policy lets this pod reach it',
          },
        );
      }
      const pauseMs = answer?.retryAfterMs ?? PAUSE_MS * 2 ** tries;
      await delay(Math.min(PAUSE_MAX_MS, pauseMs), undefined, { signal });
    }
  }

  async #send(method: string, path: string, body: string | undefined): Promise<Answer> {
    const { url, accountFolder, signal } = this.#options;
    const target = new URL(path, url);
    const isTls = target.protocol === 'https:';
    const read = async (name: string) => (await readFile(join(accountFolder, name), 'utf8')).trim();
    const [token, ca] = isTls ? await Promise.all([read('token'), read('ca.crt')]) : [];
    const headers = {
      accept: method === 'GET' ? METADATA_ONLY : 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/merge-patch+json', 'content-length': Buffer.byteLength(body) }),
    };
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    return new Promise((resolve, reject) => {
      const options = { method, headers, signal: within, ...(ca === undefined ? {} : { ca }) };
      const request = (isTls ? requestTls : requestClear)(target, options, (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > ANSWER_BYTES_MAX) response.destroy(new Error(`an answer of more than ${ANSWER_BYTES_MAX} bytes`));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => {
          const seconds = Number(response.headers['retry-after']);
          resolve({
            status: response.statusCode ?? 0,
            retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : undefined,
            body: Buffer.concat(chunks).toString('utf8'),
          });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }
}

function podsPath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
}

interface PodList {
  readonly metadata?: { readonly continue?: string };
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly annotations?: Readonly<Record<string, string>>;
      readonly deletionTimestamp?: string;
    };
  }[];
}

/** Pods that are going away already are left out. */
function parseList(body: string): { readonly pods: readonly PodEntry[]; readonly next: string } {
  try {
    const { items, metadata } = JSON.parse(body) as PodList;
    const pods = items
      .filter((pod) => pod.metadata.deletionTimestamp === undefined)
      .map(({ metadata: { name, annotations = {} } }) => ({ name: String(name), annotations }));
    return { pods, next: metadata?.continue ?? '' };
  } catch (cause) {
    throw new EspalierError('server-unavailable', 'what answers at the address of the Kubernetes API lists no pods', {
      cause,
      remedy: 'see what --kubernetes names',
    });
  }
}

function refusal({ status, body }: Answer, what: string): EspalierError {
  const message = messageOf(body);
  if (status === 401) {
    return new EspalierError('unauthenticated', `the Kubernetes API does not know who asks it to ${what}: ${message}`, {
      remedy: 'mount the token of a service account (automountServiceAccountToken)',
    });
  }
  if (status === 403) {
    return new EspalierError('permission-denied', `the Kubernetes API does not let us ${what}: ${message}`, {
      remedy: 'give the service account a Role with the verbs list and patch for pods of that namespace',
    });
  }
  return new EspalierError('server-unavailable', `the Kubernetes API did not ${what}, with ${status}: ${message}`);
}

/** A `Status` object, or whatever it is. */
function messageOf(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    if (typeof message === 'string') return message.slice(0, SHOWN_CHARS_MAX);
  } catch {
    // Of a proxy, say.
  }
  return body.slice(0, SHOWN_CHARS_MAX);
}
