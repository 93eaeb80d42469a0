import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { Random } from '../../orchestrator/fleet/random.js';
import type { Block } from '../../proto/index.js';
import type { Program } from '../faults/support/program.js';
import { TestCluster } from '../faults/support/test-cluster.js';

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Blocks that are open at once; default 20, more than one orchestrator takes. */
  readonly open?: number;
  /** Transactions of every block, of two calls each. Default: a few, varying. */
  readonly txs?: number | undefined;
  /** How long a simulated proof takes; default 30. */
  readonly simulateMs?: number | undefined;
  readonly log?: (line: string) => void;
}

export interface SoakResult {
  readonly blocks: number;
  readonly proven: number;
  readonly cancelled: number;
  readonly faults: Readonly<Record<string, number>>;
}

const WORKERS = ['w1', 'w2', 'w3'];
const ORCHESTRATORS = ['o1', 'o2'];
const FAULTS = [
  'kill-worker',
  'kill-worker',
  'stop-worker',
  'stop-orchestrator',
  'drain-worker',
  'spot-worker',
  'kill-orchestrator',
  'kill-redis',
] as const;
const FAULT_PAUSE_MS = [300, 3_000] as const;
const STOPPED_MS = [500, 6_000] as const;
/** Longer than any chain of faults should hold up one block. */
const BLOCK_TIMEOUT_MS = 120_000;
const BLOCK_TIMEOUT_MS_PER_TX = 1_500;

/**
 * A cluster of real processes in which something dies every second or so, while blocks come and are cancelled. The seed
 * decides what is done in which order; the timing is the machine's, so a seed is a scenario and not a replay.
 *
 * Checks: every block ends, as proven unless it was cancelled; no proof is accepted twice for one block, none is lost;
 * in the end no key of a block or job is in Redis and no file in the store.
 */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const cluster = await TestCluster.start({ simulateMs: options.simulateMs ?? 30 });
  try {
    return await new Soak(cluster, options).run();
  } catch (error) {
    process.stderr.write(`soak --seed ${options.seed} failed\n${cluster.output().slice(-20_000)}\n`);
    throw error;
  } finally {
    await cluster.stop();
  }
}

class Soak {
  readonly #cluster: TestCluster;
  readonly #options: SoakOptions;
  readonly #random: Random;
  readonly #programs = new Map<string, Program>();
  readonly #faults: Record<string, number> = {};
  readonly #blocks: Block[] = [];
  #endsAtMs = 0;
  #proven = 0;
  #cancelled = 0;

  constructor(cluster: TestCluster, options: SoakOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#random = new Random(options.seed);
  }

  async run(): Promise<SoakResult> {
    await Promise.all([...ORCHESTRATORS, ...WORKERS].map((name) => this.#start(name)));
    // Not before: starting five processes takes as long as the shortest soak on a busy machine.
    this.#endsAtMs = performance.now() + this.#options.minutes * 60_000;
    const submitters = Array.from({ length: this.#options.open ?? 20 }, (_, lane) => this.#submitBlocks(lane));
    await Promise.all([this.#breakThings(), ...submitters]);
    const accepted = this.#cluster.events.filter((event) => event.kind === 'job-proven');
    const keys = accepted.map((event) => `${event.blockId} ${event.jobId}`);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
    await this.#cluster.expectNothingLeft(this.#blocks);
    return {
      blocks: this.#blocks.length,
      proven: this.#proven,
      cancelled: this.#cancelled,
      faults: this.#faults,
    };
  }

  /** One block after another, each with content of its own. */
  async #submitBlocks(lane: number): Promise<void> {
    for (let round = 0; performance.now() < this.#endsAtMs; round += 1) {
      const calls = this.#callCounts();
      const block = await this.#cluster.block(calls, this.#options.seed * 10_000 + lane * 1_000 + round);
      this.#blocks.push(block);
      if (this.#random.chance(0.2)) await this.#submitAndCancel(block);
      await this.#cluster.submit(block);
      await this.#cluster.expectProven(block, this.#timeoutMs);
      this.#proven += 1;
    }
  }

  #callCounts(): readonly number[] {
    const { txs } = this.#options;
    if (txs !== undefined) return Array.from({ length: txs }, () => 2);
    return Array.from({ length: this.#random.integer(1, 5) }, () => this.#random.integer(0, 2));
  }

  get #timeoutMs(): number {
    return BLOCK_TIMEOUT_MS + BLOCK_TIMEOUT_MS_PER_TX * (this.#options.txs ?? 0);
  }

  async #submitAndCancel(block: Block): Promise<void> {
    const id = await this.#cluster.submit(block);
    await delay(this.#random.integer(0, 400));
    // It may have been proven by then.
    if (!(await this.#cluster.cancel(id))) return;
    await this.#cluster.ended(id, this.#timeoutMs);
    this.#cancelled += 1;
  }

  async #breakThings(): Promise<void> {
    while (performance.now() < this.#endsAtMs) {
      await delay(this.#random.integer(...FAULT_PAUSE_MS));
      const fault = FAULTS[this.#random.integer(0, FAULTS.length - 1)] ?? 'kill-worker';
      this.#faults[fault] = (this.#faults[fault] ?? 0) + 1;
      this.#options.log?.(fault);
      await this.#break(fault);
    }
  }

  async #break(fault: (typeof FAULTS)[number]): Promise<void> {
    const names = fault.endsWith('orchestrator') ? ORCHESTRATORS : WORKERS;
    const name = names[this.#random.integer(0, names.length - 1)] ?? '';
    const program = this.#programs.get(name);
    switch (fault) {
      case 'kill-worker':
      case 'kill-orchestrator':
        await program?.end();
        return this.#start(name);
      case 'drain-worker':
      case 'spot-worker': {
        program?.kill(fault === 'drain-worker' ? 'SIGTERM' : 'SIGUSR1');
        expect(await program?.exited).toMatchObject({ code: 0 });
        return this.#start(name);
      }
      case 'stop-worker':
      case 'stop-orchestrator':
        program?.kill('SIGSTOP');
        await delay(this.#random.integer(...STOPPED_MS));
        program?.kill('SIGCONT');
        return;
      case 'kill-redis':
        await this.#cluster.redis.kill();
        await this.#cluster.redis.restart();
    }
  }

  async #start(name: string): Promise<void> {
    const isWorker = WORKERS.includes(name);
    this.#programs.set(name, await (isWorker ? this.#cluster.worker(name) : this.#cluster.orchestrator(name)));
  }
}
