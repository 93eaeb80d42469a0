/** The `espalier` command, as far as tests and benchmarks use it from outside. */
export { Aside } from './aside.js';
export { DEMO } from './commands/demo.js';
export type { CliContext, OutputStream } from './context.js';
export { type FleetPlan, type PlanRequest, planFleet } from './fleet/fleet-plan.js';
export { formatBytes, formatCount, formatDuration, formatTable } from './format.js';
export * from './manifest/index.js';
export { ProgressModel } from './progress/progress-model.js';
export { chosenProfile } from './run/chosen-profile.js';
export { type Engine, openEngine } from './run/engine.js';
export { type ChildProofContent, type JobRequest, jobRequests } from './run/job-requests.js';
export { makeBlock } from './run/make-block.js';
export { OutputFolder } from './run/output-folder.js';
export { proveRun } from './run/prove-run.js';
export { runCli } from './run-cli.js';
export * from './tune/index.js';
