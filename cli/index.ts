/** The `espalier` command, as far as tests and benchmarks use it from outside. */
export { Aside } from './aside.js';
export type { CliContext, OutputStream } from './context.js';
export { formatBytes, formatCount, formatDuration, formatTable } from './format.js';
export * from './manifest/index.js';
export { ProgressModel } from './progress/progress-model.js';
export { runCli } from './run-cli.js';
