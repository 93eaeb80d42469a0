import type { MultiplesTask } from './points-worker.js' with { 'resolution-mode': 'import' };

/**
 * `points-worker.js` for Piscina, which would `require` it: in Node 20 a thread that is ended while it requires a module
 * takes the whole process with it ("v8::Module::IsGraphAsync must be used on an instantiated module").
 */
const worker = import('./points-worker.js');

export = {
  multiples: async (task: MultiplesTask) => (await worker).multiples(task),
  expand: async (compressed: Uint8Array) => (await worker).expand(compressed),
};
