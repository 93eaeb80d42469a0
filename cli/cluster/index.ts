import { type MakeProver, registerWorker } from '../commands/worker.js';
import { runProcess } from '../run-process.js';

/**
 * `espalier worker <args>` as this whole process, with another prover in the place of the simulated one: for tests of
 * what happens to a fleet when a prover does wrong.
 */
export async function runWorkerCommand(args: readonly string[], makeProver: MakeProver): Promise<void> {
  await runProcess(['worker', ...args], [(program, context) => registerWorker(program, context, makeProver)]);
}
