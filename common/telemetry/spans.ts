/** The spans of Espalier's traces, by what they are in the code. `docs/telemetry.md` explains them, and a test holds it to this. */
export const SPANS = {
  block: {
    name: 'prove block',
    description:
      'a block from its submission to its end, whichever orchestrators had it; a child of whatever submitted it',
  },
  tenure: { name: 'own block', description: 'as long as one orchestrator has it; retries are its events' },
  prepare: { name: 'prepare block', description: 'checked, executed, planned, and looked for what is proven' },
  attempt: { name: 'prove job', description: 'one attempt to prove a job, from the queue to its report' },
  lost: { name: 'lost attempt', description: 'one whose worker died, as the orchestrator heard of it' },
  queueWait: { name: 'queue wait', description: 'from when the job was added to the queue to its lease' },
  read: { name: 'read inputs', description: 'inputs and child proofs are read from the store' },
  witness: { name: 'witness', description: 'the circuit is executed' },
  slotWait: { name: 'slot wait', description: 'the job waits for cores and memory of its worker' },
  prove: { name: 'prove', description: 'the proof is made' },
  verify: { name: 'verify', description: 'the proof is verified' },
  store: { name: 'store', description: 'the proof is signed and written to the store' },
} as const satisfies Record<string, { readonly name: string; readonly description: string }>;

/** Attributes of spans that metrics must not have: they tell one block or job from another. */
export const SPAN_ATTRIBUTES = {
  'espalier.block.id': 'id of the block',
  'espalier.block.transactions': 'how many it has',
  'espalier.block.calls': 'how many it has',
  'espalier.block.jobs': 'jobs of its tree',
  'espalier.orchestrator.id': 'id of the orchestrator that has it',
  'espalier.job.id': 'id of the job',
  'espalier.job.attempt': 'which attempt it is, from 1',
  'espalier.worker.id': 'id of the worker that makes it',
  'espalier.worker.threads': 'threads that the proof was made with',
} as const satisfies Record<string, string>;
