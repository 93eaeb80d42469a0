import type { LatencyOptions } from '../queue/latency.js';
import type { TreeShape } from '../queue/tree-shape.js';

/** One worker process of a fleet, its jobs at a time, and what its cluster does before it is measured. */
export interface PeerFleet {
  readonly shape: TreeShape;
  readonly slots: number;
  readonly warmUps: number;
}

export interface PeerLatency {
  /** Milliseconds of each sample: from asking for a job until an idle worker has it. */
  readonly readyToStarted: readonly number[];
  /** From the end of a job until a worker has the one that waited for it. */
  readonly provenToNext: readonly number[];
}

/** Bytes that a tree takes of which nothing is done yet. */
export interface PeerMemory {
  readonly jobs: number;
  /** Of them, those that the queue has been given. */
  readonly queued: number;
  /** In the process between those who ask and those who prove. */
  readonly queue: number;
  /** In the process that asks. */
  readonly orchestrator: number;
}

/** Who schedules and hands out jobs, set up in one way. Each measurement has processes of its own. */
export interface Peer {
  /** Jobs a second of a tree whose jobs do nothing, adding them included. */
  readonly drain: (fleet: PeerFleet) => Promise<number>;
  readonly latency: (options: LatencyOptions) => Promise<PeerLatency>;
  /** Milliseconds from handing over a tree of jobs that take `jobMs` until its root is known to be proven. */
  readonly makespan: (fleet: PeerFleet, jobMs: number) => Promise<number>;
  readonly memory: (shape: TreeShape) => Promise<PeerMemory>;
}
