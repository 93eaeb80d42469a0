import { probeMachine } from '../../native/index.js';
import {
  checkRoot,
  EmbeddedStore,
  type JobCircuit,
  type PreparedBlock,
  prepareBlock,
  proveBlock,
} from '../../orchestrator/index.js';
import {
  type BlockSource,
  chooseProfile,
  type Profile,
  type ProofRecord,
  type ProofSummary,
  type RunEventBody,
  requireMachine,
  resourceClassOf,
  toHex,
} from '../../proto/index.js';
import { MemoryJobQueue } from '../../queue/index.js';
import { Worker } from '../../worker/index.js';
import type { CliContext } from '../context.js';
import { buildManifest, type Manifest, writeManifest } from '../manifest/index.js';
import type { ProvingSample, ProvingTimes } from '../measures/index.js';
import type { Engine } from './engine.js';
import { OutputFolder } from './output-folder.js';

export interface ProveRunOptions {
  readonly source: BlockSource;
  readonly folder: string;
  /** undefined: chosen by the size of the machine. */
  readonly profile: Profile | undefined;
  readonly keepProofs: boolean;
  /** Where to note how long the proofs took. */
  readonly times?: ProvingTimes;
  readonly onEvent: (event: RunEventBody) => void;
}

/**
 * Proves a block in one process tree: orchestrator, in-memory queue, file store and worker. Resolves with the manifest
 * once the root proof was verified and everything is written. What an earlier run has finished is not done again.
 */
export async function proveRun(
  engine: Engine,
  options: ProveRunOptions,
  context: Pick<CliContext, 'clock' | 'signal'>,
): Promise<Manifest> {
  const { source, times } = options;
  const onEvent = (event: RunEventBody): void => {
    if (event.kind === 'job-proven') times?.record(sampleOf(event.summary, engine));
    options.onEvent(event);
  };
  const machine = await probeMachine();
  const resources = { cores: machine.cores, memoryBytes: machine.memoryBytes, gpus: machine.gpus.length };
  const profile = options.profile ?? chooseProfile(resources);
  requireMachine(profile, resources);
  const folder = await OutputFolder.open(options.folder, { blockId: source.id, srs: engine.prover.identity.srs });
  try {
    const prepared = await prepareBlock(source, engine, {
      signal: context.signal,
      onProgress: (phase, done, total) => onEvent({ kind: 'phase', phase, done, total }),
    });
    const stores = await folder.claim(source);
    onEvent({ kind: 'phase', phase: 'proving', done: 0, total: prepared.tree.size });
    const root = await proveWithWorker(prepared, stores, profile, resources);
    onEvent({ kind: 'phase', phase: 'verifying', done: 0, total: 1 });
    await checkRoot(engine, prepared, root);
    onEvent({ kind: 'phase', phase: 'verifying', done: 1, total: 1 });
    await folder.writeRoot(root, engine.keys.key(root.circuit));
    const manifest = buildManifest({
      blockId: prepared.id,
      tree: prepared.tree,
      entries: stores.journal.entries,
      srs: engine.prover.identity.srs,
      keysHash: toHex(prepared.execution.rootPublic.keysHash),
      rootPublicInputs: root.publicInputs,
    });
    await writeManifest(options.folder, manifest);
    return manifest;
  } finally {
    await times?.flush();
    await folder.close();
  }

  async function proveWithWorker(
    prepared: PreparedBlock,
    { proofs, journal }: Stores,
    profile: Profile,
    machine: typeof resources,
  ): Promise<ProofRecord> {
    const queue = new MemoryJobQueue();
    const { prover, circuits, keys } = engine;
    const worker = new Worker({
      consumer: queue.consumer(`local-${process.pid}`),
      store: new EmbeddedStore(prepared, proofs, keys, prover.identity),
      circuits,
      keys,
      prover,
      profile,
      machine,
      onFault: (error) => onEvent({ kind: 'warning', code: error.code, message: error.toLine() }),
    });
    worker.start();
    try {
      return await proveBlock({
        prepared,
        queue: queue.producer,
        proofs,
        journal,
        circuits,
        keys,
        prover,
        scheduling: {
          resourceClassOf: (circuit: JobCircuit) => resourceClassOf(profile, circuit),
          keepProofs: options.keepProofs,
        },
        clock: context.clock,
        onEvent,
        signal: context.signal,
      });
    } finally {
      await worker.stop();
      await queue.close();
    }
  }
}

type Stores = Awaited<ReturnType<OutputFolder['claim']>>;

function sampleOf({ circuit, prover, threads, usage }: ProofSummary, { circuits }: Engine): ProvingSample {
  return { circuit: circuits.circuit(circuit), prover, threads, wallMs: usage.wallMs };
}
