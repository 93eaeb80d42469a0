import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Engine } from '../../cli/run/engine.js';
import { EspalierError } from '../../common/index.js';
import { type ProveOptions, type ProveRequest, type ProveResult, SimulatedProver } from '../../native/index.js';
import { Orchestrator, type OrchestratorOptions, submitBlock } from '../../orchestrator/index.js';
import {
  type Block,
  type BlockId,
  type BlockResult,
  BUILT_IN_PROFILES,
  BYTES_PER_GIB,
  blockId,
  type JobId,
  type RunEventBody,
} from '../../proto/index.js';
import { BullmqJobQueue, RedisBlockBoard, RedisFleet, RedisHeart } from '../../queue/index.js';
import { type BlobStore, BlockStore, MemoryBlobStore, ProofStore } from '../../store/index.js';
import { Worker } from '../../worker/index.js';
import { keysLeft } from './keys-left.js';
import { type RedisServer, startRedis } from './redis-server.js';
import { simulatedEngine } from './simulated-block.js';

const NAMESPACE = 'test';
const KEPT_KEYS = /:(alive:.*|watched|grace|fleet.*|counter|holders|producers)$/;
const MACHINE = { cores: 2, memoryBytes: 8 * BYTES_PER_GIB, gpus: 0 };

/** Proofs in no time, held up while `gate` is closed. */
class HeldProver extends SimulatedProver {
  /** How many proofs were begun. */
  begun = 0;
  aborted = 0;
  /** Proofs that are held up now. */
  holding = 0;
  #freeProofs = 0;
  #open: Promise<void> = Promise.resolve();
  #release: () => void = () => {};

  /** Holds up every proof after the next `freeProofs` that are begun. */
  hold(freeProofs = 0): void {
    this.#freeProofs = freeProofs;
    this.#open = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  release(): void {
    this.#release();
  }

  override async prove(request: ProveRequest, options: ProveOptions): Promise<ProveResult> {
    this.begun += 1;
    if (this.#freeProofs > 0) this.#freeProofs -= 1;
    else {
      this.holding += 1;
      await Promise.race([this.#open, abortOf(options.signal)]);
      this.holding -= 1;
    }
    if (options.signal?.aborted) this.aborted += 1;
    return super.prove(request, options);
  }
}

async function abortOf(signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
}

/** A store in memory that may be away. */
class AwayStore implements BlobStore {
  readonly inner = new MemoryBlobStore();
  isAway = false;
  refusals = 0;

  put = (key: string, bytes: Uint8Array) => this.#unlessAway(() => this.inner.put(key, bytes));
  get = (key: string) => this.#unlessAway(() => this.inner.get(key));
  has = (key: string) => this.#unlessAway(() => this.inner.has(key));
  delete = (key: string) => this.#unlessAway(() => this.inner.delete(key));
  async *list(prefix: string): AsyncIterable<string> {
    yield* await this.#unlessAway(async () => this.inner.list(prefix));
  }

  async #unlessAway<T>(deed: () => Promise<T>): Promise<T> {
    if (!this.isAway) return deed();
    this.refusals += 1;
    throw new EspalierError('store-unavailable', 'the store is away');
  }
}

export interface BenchOrchestrator {
  readonly orchestrator: Orchestrator;
  readonly events: readonly { readonly blockId: BlockId; readonly event: RunEventBody }[];
  readonly faults: readonly EspalierError[];
  /** Stops it, and ends its sessions. */
  stop(): Promise<void>;
}

/** A cluster in one process: a real Redis, orchestrators, workers, and a store in memory. Proofs are simulated. */
export class ClusterBench {
  readonly store = new AwayStore();
  readonly proofs = new ProofStore(this.store);
  readonly blocks = new BlockStore(this.store);
  readonly #stops: (() => Promise<void>)[] = [];

  private constructor(
    readonly redis: RedisServer,
    readonly engine: Engine,
    readonly heart: RedisHeart,
    readonly board: RedisBlockBoard,
    readonly fleet: RedisFleet,
    /** A queue of nobody's, to meddle with. */
    readonly queue: BullmqJobQueue,
  ) {}

  static async start(): Promise<ClusterBench> {
    const redis = await startRedis();
    const options = { url: redis.url, namespace: NAMESPACE };
    const heart = await RedisHeart.start(options);
    const queue = await BullmqJobQueue.open({ ...options, heart, producerId: 'bench.0' });
    const board = await RedisBlockBoard.open(options);
    return new ClusterBench(redis, await simulatedEngine(), heart, board, await RedisFleet.open(options), queue);
  }

  async orchestrator(options: Partial<OrchestratorOptions> = {}): Promise<BenchOrchestrator> {
    const id = `machine.${randomUUID()}`;
    const owner = await this.board.owner(id, this.heart);
    const queue = await this.#openQueue(id);
    const events: { blockId: BlockId; event: RunEventBody }[] = [];
    const faults: EspalierError[] = [];
    const orchestrator = new Orchestrator({
      owner,
      board: this.board,
      queue: queue.producer,
      fleet: this.fleet,
      proofs: this.proofs,
      blocks: this.blocks,
      tools: this.engine,
      profile: BUILT_IN_PROFILES.laptop,
      onEvent: (blockId, event) => events.push({ blockId, event }),
      onFault: (error) => faults.push(error),
      ...options,
    });
    queue.startWatch();
    orchestrator.start();
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= orchestrator.stop().then(() => queue.close());
      return stopped;
    };
    this.#stops.push(stop);
    return { orchestrator, events, faults, stop };
  }

  /** A worker, its proofs held up if so wanted, known to the fleet if so wanted. */
  async worker({
    held = false,
    joins = false,
  }: {
    readonly held?: boolean;
    readonly joins?: boolean;
  } = {}): Promise<HeldProver> {
    const id = `machine.${randomUUID()}`;
    const prover = new HeldProver({ defaultDurationMs: 0 });
    if (held) prover.hold();
    const queue = await this.#openQueue(`${id}-unused`);
    const { circuits, keys } = this.engine;
    const worker = new Worker({
      consumer: queue.consumer(id),
      store: this.proofs,
      circuits,
      keys,
      prover,
      profile: BUILT_IN_PROFILES.laptop,
      machine: MACHINE,
      onFault: () => {},
    });
    worker.start();
    if (joins) await this.#join(id, worker);
    this.#stops.push(async () => {
      prover.release();
      await worker.stop();
      await queue.close();
    });
    return prover;
  }

  async submit(block: Block): Promise<BlockId> {
    expect(await submitBlock(block, this)).toBe('submitted');
    return blockId(block);
  }

  /** How the block ended; waits until it is off the board. */
  async ended(id: BlockId): Promise<BlockResult> {
    await expect.poll(() => this.board.find(id), { timeout: 40_000, interval: 10 }).toBeUndefined();
    const result = await this.blocks.getResult(id);
    if (result === undefined) throw new Error(`block ${id} is not open, and has no result`);
    return result;
  }

  async storedProofs(): Promise<readonly JobId[]> {
    return collect(this.proofs.listProofs());
  }

  /** Every key of the store. */
  async stored(): Promise<readonly string[]> {
    return collect(this.store.inner.list(''));
  }

  /** Keys in Redis but for those of living processes, the counter of tokens, and what expires of ended blocks. */
  async keysLeft(): Promise<readonly string[]> {
    return keysLeft(await this.redis.client(), KEPT_KEYS);
  }

  /** Ends the processes of a test, and empties Redis and store. */
  async clear(): Promise<void> {
    await Promise.all(this.#stops.splice(0).map((stop) => stop()));
    this.store.isAway = false;
    for (const key of await this.stored()) await this.store.inner.delete(key);
    await (await this.redis.client()).flushall();
  }

  async stop(): Promise<void> {
    await this.clear();
    await this.queue.close();
    await this.board.close();
    await this.fleet.close();
    await this.heart.close();
    await this.redis.stop();
  }

  async #join(workerId: string, worker: Worker): Promise<void> {
    const entry = await this.fleet.join({
      workerId,
      resources: MACHINE,
      classes: ['vm', 'rollup'],
      profile: 'laptop',
      prover: this.engine.prover.identity,
      publicKey: '',
      startedAtMs: 0,
      slots: worker.capacity,
      ...worker.status(),
    });
    this.#stops.push(() => entry.close());
  }

  async #openQueue(producerId: string): Promise<BullmqJobQueue> {
    return BullmqJobQueue.open({ url: this.redis.url, namespace: NAMESPACE, heart: this.heart, producerId });
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
