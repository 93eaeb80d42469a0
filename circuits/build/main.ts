import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, packageRoot } from '../../common/index.js';
import { CIRCUIT_NAMES, type CircuitName } from '../../proto/index.js';
import type { Abi } from '../abi.js';
import { compileCircuit } from './compile.js';
import { generateAbiTypes } from './generate-abi-types.js';

/**
 * `npm run build:circuits [-- --check]`: compiles the circuits into `circuits/target/` and writes `generated/abi.ts`.
 * With `--check` a generated file that is not what the circuits say is an error and not rewritten.
 */
async function main(): Promise<void> {
  const sources = join(packageRoot(import.meta.url), 'circuits');
  const options = {
    sources,
    target: join(sources, 'target'),
    cache: join(cacheFolder(process.env), 'circuits'),
  };
  const abis: Partial<Record<CircuitName, Abi>> = {};
  for (const name of CIRCUIT_NAMES) {
    const { outcome, artifact } = await compileCircuit(name, options);
    abis[name] = artifact.abi as Abi;
    if (outcome !== 'current') process.stderr.write(`circuit ${name}: ${outcome}\n`);
  }
  const path = join(sources, 'generated', 'abi.ts');
  const text = generateAbiTypes(abis as Record<CircuitName, Abi>);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  if (process.argv.includes('--check')) {
    process.stderr.write('circuits/generated/abi.ts is stale: run `npm run build:circuits` and commit it\n');
    process.exitCode = 1;
    return;
  }
  writeFileSync(path, text);
}

await main();
