// npm run soak -- --minutes N --seed S [--txs T] [--simulate-ms M]: the randomised run of tests/soak/soak.ts, for as long
// as is wanted; with --txs on one block after the other of so many transactions of two calls.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    txs: { type: 'string' },
    'simulate-ms': { type: 'string' },
  },
});
for (const [name, value] of Object.entries(values)) {
  if (!(Number(value) > 0)) throw new Error(`--${name} must be a number above 0, got ${value}`);
}
const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'faults', 'tests/soak'], {
  stdio: 'inherit',
  env: {
    ...process.env,
    ...Object.fromEntries(
      Object.entries(values).map(([name, value]) => [`SOAK_${name.toUpperCase().replace('-', '_')}`, value]),
    ),
  },
});
process.exitCode = status ?? 1;
