import type { Command } from 'commander';
import type { CliContext } from '../context.js';
import { registerBlock } from './block.js';
import { registerCancel } from './cancel.js';
import { registerCapacity } from './capacity.js';
import { registerCircuits } from './circuits.js';
import { registerCompletion } from './completion.js';
import { registerDemo } from './demo.js';
import { registerDoctor } from './doctor.js';
import { registerDrain } from './drain.js';
import { registerForget } from './forget.js';
import { registerIds } from './ids.js';
import { registerOrchestrator } from './orchestrator.js';
import { registerPlanFleet } from './plan-fleet.js';
import { registerPodCosts } from './pod-costs.js';
import { registerProof } from './proof.js';
import { registerProve } from './prove.js';
import { registerProvers } from './provers.js';
import { registerReplay } from './replay.js';
import { registerSrs } from './srs.js';
import { registerStatus } from './status.js';
import { registerSubmit } from './submit.js';
import { registerToken } from './token.js';
import { registerTune } from './tune.js';
import { registerVerify } from './verify.js';
import { registerVersion } from './version.js';
import { registerWatch } from './watch.js';
import { registerWorker } from './worker.js';
import { registerWorkers } from './workers.js';

/**
 * One command, from one file of this folder: adds itself to the program with `program.command(…)`, its options, its
 * examples (`addExamples`) and its action. An action prints results to `context.stdout`, stops when `context.signal`
 * aborts, and throws an `EspalierError` where it fails; it never ends the process. What is slow to load (provers, the
 * compiler) is imported inside the action, so that help and completion stay quick.
 */
export type RegisterCommand = (program: Command, context: CliContext) => void;

/** In the order in which help lists them. */
export const COMMANDS: readonly RegisterCommand[] = [
  registerDemo,
  registerBlock,
  registerProve,
  registerVerify,
  registerCircuits,
  registerSrs,
  registerDoctor,
  registerPlanFleet,
  registerTune,
  registerVersion,
  registerCompletion,
  registerOrchestrator,
  registerWorker,
  registerReplay,
  registerSubmit,
  registerWatch,
  registerStatus,
  registerCancel,
  registerProof,
  registerProvers,
  registerForget,
  registerWorkers,
  registerDrain,
  registerCapacity,
  registerPodCosts,
  registerToken,
  registerIds,
];
