import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { WorkerInfo } from '../proto/index.js';
import { openApi } from '../tests/api/api-bench.js';
import { workerInfo } from '../tests/support/board-samples.js';
import { makeCertificateFiles } from '../tests/support/certificate-files.js';
import { tempFolder } from '../tests/support/temp-folder.js';
import { DELETION_COST } from './pods/pod-costs.js';
import { runCli } from './run-cli.js';
import { captureContext } from './testing/test-context.js';

/**
 * Against a server that answers as the Kubernetes API does for these two requests: no cluster can run where these tests
 * do. TLS, the token, paging, merge patches and status objects are as in its reference.
 */
async function startKubernetes(pods: Record<string, Record<string, string>>) {
  const certificates = await makeCertificateFiles();
  const { certFile, keyFile } = certificates.server;
  const state = { token: 'first', pods, patches: [] as string[], refuse: [] as [number, string?][], pageSize: 500 };
  const answer = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  const refuse = (response: ServerResponse, status: number, message = 'no', headers = {}) =>
    answer(response, status, { kind: 'Status', status: 'Failure', message, code: status }, headers);
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.headers.authorization !== `Bearer ${state.token}`) return refuse(response, 401, 'Unauthorized');
    const refused = state.refuse.shift();
    if (refused !== undefined) return refuse(response, refused[0], refused[1], { 'retry-after': '0' });
    const { pathname, searchParams } = new URL(request.url ?? '', 'https://kubernetes');
    const [, namespace, name] = /^\/api\/v1\/namespaces\/([^/]+)\/pods(?:\/(.+))?$/.exec(pathname) ?? [];
    if (namespace !== 'provers') return refuse(response, 404);
    if (request.method === 'GET') {
      expect(searchParams.get('labelSelector')).toBe('espalier.dev/class');
      expect(request.headers.accept).toMatch(/^application\/json;as=PartialObjectMetadataList;/);
      const from = Number(searchParams.get('continue') ?? 0);
      const items = Object.entries(state.pods).map(([pod, annotations]) => ({ metadata: { name: pod, annotations } }));
      const next = from + state.pageSize < items.length ? String(from + state.pageSize) : '';
      return answer(response, 200, { items: items.slice(from, from + state.pageSize), metadata: { continue: next } });
    }
    expect([request.method, request.headers['content-type']]).toEqual(['PATCH', 'application/merge-patch+json']);
    const pod = state.pods[name ?? ''];
    if (pod === undefined) return refuse(response, 404);
    state.patches.push(name ?? '');
    Object.assign(pod, JSON.parse(Buffer.concat(chunks).toString()).metadata.annotations);
    return answer(response, 200, { metadata: { name, annotations: pod } });
  };
  const options = { cert: await readFile(certFile), key: await readFile(keyFile) };
  const server = createServer(options, (request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const account = await tempFolder();
  await writeFile(join(account, 'token'), 'first\n');
  await writeFile(join(account, 'namespace'), 'provers\n');
  await writeFile(join(account, 'ca.crt'), await readFile(certificates.caFile));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await certificates.remove();
  });
  const env = {
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String((server.address() as AddressInfo).port),
  };
  return { state, account, env };
}

async function startBench(pods: Record<string, Record<string, string>>, workers: readonly WorkerInfo[]) {
  const api = await openApi();
  for (const info of workers) await api.fleet.join(info);
  const kubernetes = await startKubernetes(pods);
  const run = async (...args: string[]) => {
    const controller = new AbortController();
    const { context, stdout, stderr } = captureContext({ env: kubernetes.env, signal: controller.signal });
    const all = ['pod-costs', '--server', api.server.address, '--service-account', kubernetes.account, ...args];
    const ended = runCli(all, context);
    return { ended, stdout, stderr, stop: () => controller.abort() };
  };
  const runOnce = async (...args: string[]) => {
    const { ended, stdout, stderr } = await run('--once', ...args);
    return { exitCode: await ended, stdout: stdout(), stderr: stderr() };
  };
  return { ...kubernetes, run, runOnce };
}

const NOW = Date.now();
const idle = (name: string, sinceMs: number): WorkerInfo => ({ ...workerInfo(`${name}.1`), idleSinceMs: sinceMs });
const busy = (name: string, ...sinceMs: number[]): WorkerInfo => ({
  ...workerInfo(`${name}.1`, sinceMs.length),
  provingSinceMs: sinceMs,
});
const WORKERS = [
  idle('idle-long', NOW - 600_000),
  idle('idle-short', NOW - 20_000),
  busy('just-begun', NOW - 1_000),
  busy('half-way', NOW - 60_000),
  busy('two-proofs', NOW - 60_000, NOW - 59_000),
];
const NAMES = ['idle-long', 'idle-short', 'just-begun', 'half-way', 'two-proofs'];
const podsOf = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, {} as Record<string, string>]));

describe('pod-costs', () => {
  it('makes idle pods the cheapest, and busy ones dearer the more would be lost; again, it changes nothing', async () => {
    const { state, runOnce } = await startBench(podsOf([...NAMES, 'starting']), WORKERS);
    state.pageSize = 2;
    expect(await runOnce()).toEqual({ exitCode: 0, stdout: '5 deletion costs set, of 6 pods\n', stderr: '' });
    const costs = Object.entries(state.pods).map(([name, pod]) => [name, Number(pod[DELETION_COST])] as const);
    const byCost = costs.filter(([, cost]) => Number.isInteger(cost)).sort((a, b) => a[1] - b[1]);
    expect(byCost.map(([name]) => name)).toEqual(['idle-short', 'idle-long', 'just-begun', 'half-way', 'two-proofs']);
    expect(Math.abs(byCost[0]?.[1] ?? 0)).toBeLessThan(2 ** 31);
    expect(state.pods['starting']).toEqual({});
    state.patches.length = 0;
    expect(await runOnce()).toMatchObject({ exitCode: 0, stdout: '' });
    expect(state.patches).toEqual([]);
  });

  it('changes nothing with --dry-run, and says what it would', async () => {
    const { state, runOnce } = await startBench({ 'just-begun': { [DELETION_COST]: '7' } }, WORKERS);
    expect(await runOnce('--dry-run')).toMatchObject({ exitCode: 0, stdout: 'just-begun: 7 -> 1\n' });
    expect(state.pods).toEqual({ 'just-begun': { [DELETION_COST]: '7' } });
  });

  it('tries again what may pass, with the token as it is by then', async () => {
    const { state, account, runOnce } = await startBench(podsOf(NAMES), WORKERS);
    state.refuse.push([500], [429], [503]);
    state.token = 'second';
    await writeFile(join(account, 'token'), 'second\n');
    expect(await runOnce()).toMatchObject({ exitCode: 0, stdout: '5 deletion costs set, of 5 pods\n' });
  });

  it('gives up, and says what is missing, where it may not', async () => {
    const { state, runOnce } = await startBench(podsOf(NAMES), WORKERS);
    state.refuse.push([403, 'pods is forbidden']);
    const refused = await runOnce();
    expect(refused.exitCode).not.toBe(0);
    expect(refused.stderr).toContain('pods is forbidden');
    expect(refused.stderr).toContain('a Role with the verbs list and patch for pods');
  });

  it('leaves out a pod that went away meanwhile', async () => {
    const { state, runOnce } = await startBench(podsOf(NAMES), WORKERS);
    const { pods } = state;
    // It is listed, and gone when it is patched.
    state.pods = { ...pods, gone: {} };
    Object.defineProperty(state.pods, 'just-begun', { get: () => undefined, enumerable: true });
    expect(await runOnce()).toMatchObject({ exitCode: 0, stdout: '4 deletion costs set, of 6 pods\n' });
  });

  it('goes on until it is told to end, also while the API is away', async () => {
    const { state, run } = await startBench(podsOf(NAMES), WORKERS);
    state.refuse.push([400, 'not now']);
    const { ended, stdout, stderr, stop } = await run('--interval', '10ms');
    await expect.poll(() => state.patches.length).toBeGreaterThanOrEqual(5);
    await expect.poll(stdout).toContain('5 deletion costs set, of 5 pods\n');
    expect(stderr()).toContain('not now: trying again');
    stop();
    await ended;
  });

  it.each([
    ['a right that it lacks', 403, 'permission-denied'],
    ['a token that is not known', 401, 'unauthenticated'],
  ])('ends at %s, to be started anew: trying again brings neither', async (_, status, code) => {
    const { state, run } = await startBench(podsOf(NAMES), WORKERS);
    state.refuse.push(...new Array<[number, string]>(4).fill([status, 'not you']));
    const { ended, stderr } = await run('--interval', '10ms');
    expect(await ended).not.toBe(0);
    expect(stderr()).toContain('not you');
    expect(stderr()).toContain(code);
  });

  it('says where it can be run', async () => {
    const { context, stderr } = captureContext();
    expect(await runCli(['pod-costs', '--once'], context)).toBe(2);
    expect(stderr()).toContain('KUBERNETES_SERVICE_HOST is not set');
  });
});
