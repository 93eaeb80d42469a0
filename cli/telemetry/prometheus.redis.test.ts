import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { INSTRUMENTS, type InstrumentSpec, packageRoot, prometheusName } from '../../common/index.js';
import type { Program } from '../../tests/faults/support/program.js';
import type { TestCluster } from '../../tests/faults/support/test-cluster.js';
import { withCluster } from '../../tests/faults/support/with-cluster.js';
import { askScaler } from '../../tests/support/ask-scaler.js';
import { promtool } from '../../tests/support/promtool.js';
import { tempFolder } from '../../tests/support/temp-folder.js';

/** Dashboard and alerts, against metrics of real processes in a real Prometheus. */

const MONITORING = join(packageRoot(import.meta.url), 'k8s/monitoring');
const read = (name: string) => readFileSync(join(MONITORING, name), 'utf8');
const START_WITHIN_MS = 30_000;

interface Series {
  readonly __name__: string;
  readonly [label: string]: string;
}

/** A Prometheus that scrapes these, every second. */
class Prometheus {
  readonly #url: string;

  static async start(targets: Readonly<Record<string, readonly string[]>>): Promise<Prometheus> {
    const folder = await tempFolder();
    const jobs = Object.entries(targets).map(([job, addresses]) => ({
      job_name: job,
      // As Kubernetes's discovery would have them labelled.
      static_configs: [{ targets: addresses, labels: { namespace: 'espalier' } }],
    }));
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: [join(MONITORING, 'alerts.yaml')],
      scrape_configs: jobs,
    };
    // What is JSON is YAML too.
    await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(config));
    const address = `127.0.0.1:${await freePort()}`;
    const args = [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${address}`,
    ];
    const child = spawn('prometheus', args, { stdio: 'ignore' });
    onTestFinished(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    const exited = once(child, 'exit');
    const prometheus = new Prometheus(`http://${address}`);
    await expect.poll(() => prometheus.isReady(), { timeout: START_WITHIN_MS }).toBe(true);
    return prometheus;
  }

  private constructor(url: string) {
    this.#url = url;
  }

  async isReady(): Promise<boolean> {
    return (await fetch(`${this.#url}/-/ready`).catch(() => undefined))?.ok === true;
  }

  async get<T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> {
    const response = await fetch(`${this.#url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const { status, data, error } = (await response.json()) as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(`${path} ${JSON.stringify(parameters)}: ${error}`);
    return data;
  }

  /** The sum of what an expression gives. */
  async sum(query: string): Promise<number> {
    const { result } = await this.get<{ result: { value: [number, string] }[] }>('query', { query });
    return result.reduce((sum, { value }) => sum + Number(value[1]), 0);
  }

  series(selector: string): Promise<readonly Series[]> {
    return this.get('series', { 'match[]': selector });
  }
}

/** Nobody else takes it in the moment until Prometheus does, most likely. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function metricsAddress(program: Program): Promise<string> {
  return String((await program.until(({ kind }) => kind === 'metrics'))['address']);
}

/** Expressions of the dashboard and of the alerts, with where they are. */
function expressions(
  rules: readonly { readonly name: string; readonly query: string }[],
): readonly (readonly [string, string])[] {
  const { panels } = JSON.parse(read('dashboard.json')) as { panels: { title: string; targets: { expr: string }[] }[] };
  const ofPanels = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const));
  return [...ofPanels, ...rules.map(({ name, query }) => [name, query] as const)].map(([name, query]) => [
    name,
    query.replaceAll('$__rate_interval', '1m'),
  ]);
}

/** The metrics that an expression names, with the labels that it chooses by, and those that it groups by. */
function namesIn(query: string) {
  const selectors = [...query.matchAll(/\b((?:espalier|nodejs|db)_[a-z0-9_]+)(\{[^}]*\})?/g)]
    // Labels are named like metrics, but are chosen by or grouped by.
    .filter(([, name = '']) => !LABELS.has(name))
    .map(([, name = '', matchers = '']) => ({ name, matchers }));
  const grouped = [...query.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  );
  return { selectors, grouped };
}

const LABELS = new Set<string>(
  Object.values<InstrumentSpec>(INSTRUMENTS).flatMap(({ attributes }) =>
    attributes.map((key) => key.replaceAll('.', '_')),
  ),
);

/** A block that is proven, and one with a job that is tried again, since its worker was killed. */
async function work(cluster: TestCluster, doomed: Program, prometheus: Prometheus): Promise<void> {
  const block = await cluster.block([3, 2, 2]);
  await cluster.submit(block);
  await doomed.until(({ kind }) => kind === 'proof-made');
  await doomed.until(({ kind }) => kind === 'proof-started');
  await expect.poll(() => prometheus.series('espalier_block_slack_min_seconds'), { timeout: 30_000 }).not.toEqual([]);
  await doomed.end();
  await cluster.expectProven(block);
}

test('Prometheus scrapes orchestrators and workers, and finds there all that dashboard and alerts ask for', () =>
  withCluster({ simulateMs: 1_000 }, async (cluster) => {
    const args = ['--metrics-listen', '127.0.0.1:0'];
    const scaling = ['--scaler-listen', '127.0.0.1:0'];
    const orchestrator = await cluster.orchestrator('o1', { args: [...args, ...scaling] });
    const { address: scaler } = await orchestrator.until(({ kind }) => kind === 'scaler');
    await askScaler(String(scaler));
    const [worker, doomed] = [await cluster.worker('a', { args }), await cluster.worker('b', { args })];
    const prometheus = await Prometheus.start({
      'espalier-orchestrator': [await metricsAddress(orchestrator)],
      'espalier-worker': [await metricsAddress(worker), await metricsAddress(doomed)],
    });
    await work(cluster, doomed, prometheus);
    const outcomes = () => prometheus.series('espalier_block_duration_seconds_count{espalier_outcome="proven"}');
    await expect.poll(outcomes, { timeout: 30_000 }).not.toEqual([]);

    const retried = () => prometheus.sum('espalier_jobs_retried_total{error_type="lease-lost"}');
    await expect.poll(retried, { timeout: 30_000 }).toBeGreaterThan(0);
    expect(await prometheus.sum('espalier_blocks_ended_total{espalier_outcome="proven"}')).toBe(1);
    expect(await prometheus.sum('espalier_board_queued')).toBe(0);

    const specs = Object.values<InstrumentSpec>(INSTRUMENTS);
    for (const spec of specs) {
      const name = `${prometheusName(spec)}${spec.kind === 'histogram' ? '_bucket' : ''}`;
      const found = await prometheus.series(name);
      expect([name, new Set(found.map(({ job }) => job))]).toEqual([
        name,
        new Set(spec.of.map((process) => `espalier-${process}`)),
      ]);
      const labels = new Set(found.flatMap((series) => Object.keys(series)));
      const known = spec.attributes.map((key) => key.replaceAll('.', '_'));
      const others = [...labels].filter(
        (label) => !['__name__', 'instance', 'job', 'namespace', 'le', ...known].includes(label),
      );
      expect([name, others]).toEqual([name, []]);
    }
    const buckets = await prometheus.series('espalier_attempt_phase_duration_seconds_bucket{le="30"}');
    expect(buckets).not.toEqual([]);

    const { groups } = await prometheus.get<{ groups: { rules: { name: string; query: string; health: string }[] }[] }>(
      'rules',
    );
    const rules = groups.flatMap((group) => group.rules);
    expect(rules.map(({ name }) => name)).toEqual(
      [...read('alerts.yaml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name),
    );
    expect(rules.filter(({ health }) => health === 'err')).toEqual([]);
    for (const [where, query] of expressions(rules)) {
      await prometheus.get('query', { query });
      const { selectors, grouped } = namesIn(query);
      expect([where, selectors.length > 0]).toEqual([where, true]);
      for (const { name, matchers } of selectors) {
        expect([where, name, matchers, (await prometheus.series(`${name}${matchers}`)).length > 0]).toEqual([
          where,
          name,
          matchers,
          true,
        ]);
      }
      const labels = new Set<string>();
      for (const { name } of selectors) {
        for (const series of await prometheus.series(name)) for (const label of Object.keys(series)) labels.add(label);
      }
      // Of errors there may have been none.
      expect([where, grouped.filter((label) => !labels.has(label))]).toEqual([where, []]);
    }
  }));

test('the rules are well-formed, and each alert fires when it should and not else', () => {
  expect(promtool(MONITORING, 'check', 'rules', 'alerts.yaml')).toMatch(/SUCCESS: \d+ rules found/);
  expect(promtool(MONITORING, 'test', 'rules', 'alerts.test.yaml')).toMatch(/SUCCESS/);
  const tested = read('alerts.test.yaml');
  for (const [, name = ''] of read('alerts.yaml').matchAll(/- alert: (\w+)/g)) {
    expect([name, tested.split(name).length - 1]).toEqual([name, 2]);
  }
});
