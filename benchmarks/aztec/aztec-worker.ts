/** Aztec's agents, whose jobs do nothing, for a while if they are told to. */
import { setTimeout as pause } from 'node:timers/promises';
import { machineMs } from '../queue/clock.js';
import { Completions } from '../queue/completions.js';
import { hold } from '../queue/hold.js';
import { serveCalls } from '../queue/serve-calls.js';
import type { JobStamp } from '../queue/worker-notes.js';
import { type Agent, AztecPackages } from './aztec-packages.js';
import type { AztecSettings } from './aztec-settings.js';
import type { BrokerClient, CircuitProver } from './aztec-types.js';
import { ReferenceStore } from './reference-store.js';

export interface AztecWorkerOptions {
  readonly url: string;
  readonly settings: AztecSettings;
  /** Agents: each has one job at a time. */
  readonly slots: number;
  /** Holds each job for up to so long, and stamps it; 0: neither. */
  readonly holdMsMax: number;
  /** Instead: each job takes exactly so long, and is not stamped. */
  readonly jobMs: number;
}

const completions = new Completions();
const stamps: JobStamp[] = [];
let agents: readonly Agent[] = [];

serveCalls({
  /** Connects to the broker; `run` lets the agents begin. */
  async open({ url, settings, slots, ...work }: AztecWorkerOptions) {
    const aztec = await AztecPackages.load();
    const broker = counting(await aztec.connect(url, settings.agentConnections));
    const prover = proverOf(work);
    const store = new ReferenceStore();
    agents = Array.from({ length: slots }, () => aztec.agent(broker, store, prover, settings.agentPollMs));
  },
  run(): void {
    for (const agent of agents) agent.start();
  },
  async rest(): Promise<void> {
    await Promise.all(agents.map((agent) => agent.stop()));
  },
  /** Resolves when there are so many. */
  completed: (count: number) => completions.reached(count),
  /** Gives them away. */
  stamps: () => stamps.splice(0),
});

/** The broker, its acknowledgements of finished jobs counted. */
function counting(broker: BrokerClient): BrokerClient {
  return new Proxy(broker, {
    get(target, name) {
      if (name !== 'reportProvingJobSuccess') return Reflect.get(target, name);
      return async (...args: readonly unknown[]) => {
        const next = await target.reportProvingJobSuccess(...args);
        completions.add(machineMs());
        return next;
      };
    },
  });
}

function proverOf({ holdMsMax, jobMs }: Pick<AztecWorkerOptions, 'holdMsMax' | 'jobMs'>): CircuitProver {
  const prove = async () => {
    if (jobMs > 0) await pause(jobMs);
    if (holdMsMax === 0) return {};
    const startedMs = machineMs();
    await hold(holdMsMax);
    stamps.push({ startedMs, endedMs: machineMs() });
    return {};
  };
  return {
    getAvmProof: prove,
    getPublicChonkVerifierProof: prove,
    getPrivateTxBaseRollupProof: prove,
    getPublicTxBaseRollupProof: prove,
    getTxMergeRollupProof: prove,
    getRootRollupProof: prove,
  };
}
