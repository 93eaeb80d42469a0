import type { WitnessTask } from './witness-task.js' with { 'resolution-mode': 'import' };

/** `witness-thread.js` for Piscina, which would `require` it: see `native/srs/points-entry.cts`. */
const thread = import('./witness-thread.js');

export = async (task: WitnessTask) => (await thread).default(task);
