/**
 * What asks Aztec's broker for proofs, through Aztec's facade, and knows the tree, as Aztec's orchestrator does, in memory. Jobs
 * that nobody waits for it can put in the broker itself.
 */
import type { ProofTree } from '../../orchestrator/index.js';
import type { CircuitName } from '../../proto/index.js';
import { machineMs } from '../queue/clock.js';
import { hold } from '../queue/hold.js';
import { keptBytes } from '../queue/kept-bytes.js';
import { serveCalls } from '../queue/serve-calls.js';
import { type TreeShape, treeOf } from '../queue/tree-shape.js';
import { AztecPackages, type Facade } from './aztec-packages.js';
import type { AztecSettings } from './aztec-settings.js';
import type { BrokerClient, ProofMethod } from './aztec-types.js';
import { ReferenceStore } from './reference-store.js';

/** Aztec's jobs by ours; it has no public kernels. */
const METHODS: Readonly<Record<string, ProofMethod>> = {
  'public-vm': 'getAvmProof',
  'public-kernel-first': 'getPublicChonkVerifierProof',
  'public-kernel-next': 'getPublicChonkVerifierProof',
  'base-rollup-private': 'getPrivateTxBaseRollupProof',
  'base-rollup-public': 'getPublicTxBaseRollupProof',
  'merge-rollup': 'getTxMergeRollupProof',
  'root-rollup': 'getRootRollupProof',
  'root-rollup-single': 'getRootRollupProof',
};
const EPOCH = 1;
/** As `base-rollup-private`. */
const ENQUEUED = 'PRIVATE_TX_BASE_ROLLUP';

export interface AztecOrchestratorOptions {
  readonly url: string;
  readonly settings: AztecSettings;
  readonly asks: boolean;
}

const store = new ReferenceStore();

let broker: BrokerClient | undefined;
let facade: Facade | undefined;
/** Jobs that the broker has acknowledged. */
let queued = 0;

serveCalls({
  keptBytes,
  queued: () => queued,
  /** `asks`: starts the facade, which polls the broker from then on. */
  async open({ url, settings, asks }: AztecOrchestratorOptions) {
    const aztec = await AztecPackages.load();
    broker = counting(await aztec.connect(url));
    if (asks) facade = await aztec.startFacade(broker, store, settings.facadePollMs);
  },
  /** Puts so many jobs in the broker without the facade. Resolves when it has acknowledged them all. */
  async enqueue({ jobs, seed }: { readonly jobs: number; readonly seed: string }): Promise<void> {
    if (broker === undefined) throw new Error('"open" comes first');
    const client = broker;
    const type = await AztecPackages.proofType(ENQUEUED);
    await Promise.all(
      Array.from({ length: jobs }, async (_, job) => {
        const id = `${EPOCH}:${ENQUEUED}:${seed} ${job}`;
        const inputsUri = await store.saveProofInput(id, type);
        await client.enqueueProvingJob({ id, type, inputsUri, epochNumber: EPOCH });
      }),
    );
  },
  /** Resolves with the milliseconds from the first job until the root is known to be proven. */
  async drain({ shape, seed }: { readonly shape: TreeShape; readonly seed: string }): Promise<number> {
    const tree = treeOf(shape, seed);
    const startedMs = machineMs();
    await proveUnder(tree, tree.root, seed);
    return machineMs() - startedMs;
  },
  /** Asks for so many proofs at once, none of which waits for another, and does not wait for them. */
  askFor({ jobs, seed }: { readonly jobs: number; readonly seed: string }): void {
    for (let job = 0; job < jobs; job++) {
      prove('base-rollup-private', `${seed} ${job}`).catch((error: unknown) => console.error(error));
    }
  },
  /** Asks for one proof when the one before is there. */
  async chain(length: number): Promise<void> {
    for (let job = 0; job < length; job++) await prove('merge-rollup', `chain ${job}`);
  },
  /** The same, after a while in which everything is idle. Resolves with when it asked for each. */
  async addOneByOne({ count, idleMsMax }: { readonly count: number; readonly idleMsMax: number }): Promise<number[]> {
    const addedMs: number[] = [];
    for (let job = 0; job < count; job++) {
      await hold(idleMsMax);
      addedMs.push(machineMs());
      await prove('merge-rollup', `one-by-one ${job}`);
    }
    return addedMs;
  },
});

async function proveUnder(tree: ProofTree, job: number, seed: string): Promise<void> {
  await Promise.all(tree.childJobs(job).map((child) => proveUnder(tree, child, seed)));
  await prove(tree.circuit(job), `${seed} ${job}`);
}

async function prove(circuit: CircuitName, id: string): Promise<void> {
  const method = METHODS[circuit];
  if (facade === undefined || method === undefined) throw new Error(`cannot ask for a proof of ${circuit}`);
  await facade[method]({ toBuffer: () => Buffer.from(id) }, undefined, EPOCH);
}

/** The broker, its acknowledgements of new jobs counted. */
function counting(broker: BrokerClient): BrokerClient {
  return new Proxy(broker, {
    get(target, name) {
      if (name !== 'enqueueProvingJob') return Reflect.get(target, name);
      return async (job: unknown) => {
        const status = await target.enqueueProvingJob(job);
        queued += 1;
        return status;
      };
    },
  });
}
