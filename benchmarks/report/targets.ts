/** A target that was set for the project, and the row that is to meet it. */
export interface Target {
  readonly what: string;
  /** Of the row, which says what the target is. */
  readonly name: string;
}

/** Those of issue 5, in its order. */
export const TARGETS: readonly Target[] = [
  { what: 'demo block through Espalier over bare `bb prove`', name: 'proving/demo/ratio' },
  { what: 'makespan over its lower bound: 64 leaves, 64 slots, over BullMQ', name: 'makespan/leaves-64/bullmq' },
  { what: 'the same, embedded', name: 'makespan/leaves-64/embedded' },
  { what: '1,024 transactions, 3 s a proof, unlimited fleet, over BullMQ', name: 'makespan/3s-1024/unlimited/bullmq' },
  { what: 'scheduled drain over raw BullMQ', name: 'drain/ratio-to-bullmq-jobs' },
  { what: 'scheduled drain over flows of BullMQ', name: 'drain/ratio-to-bullmq-flow-and-adding' },
  { what: "scheduled drain over Aztec's broker at its best", name: 'peers/drain/ratio-to-aztec-jobs-tuned' },
  { what: '61,440 transactions embedded, jobs that do nothing', name: 'scheduling/embedded/61440/wall' },
  { what: 'memory of that process', name: 'scheduling/embedded/61440/orchestrator-memory' },
  {
    what: 'cost of a job over BullMQ, compared with blocks of 1,024 transactions',
    name: 'scheduling/bullmq/61440/cost-ratio',
  },
  { what: 'idle fleet, 99th percentile, ready to started', name: 'latency/espalier/ready-to-started/p99' },
  { what: 'idle fleet, 99th percentile, proven to the next level', name: 'latency/espalier/proven-to-next/p99' },
  { what: 'restart with 61,440 transactions half proven', name: 'restart/61440-transactions/to-first-job' },
  { what: 'memory of the orchestrator a job of the tree', name: 'scheduling/kept-memory' },
  { what: 'executing a block for real', name: 'executing/2-calls/transactions' },
  { what: 'simulator, 61,440 transactions, 1,000 workers', name: 'simulate/61440/time' },
];
