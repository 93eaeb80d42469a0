import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { compile, createFileManager } from '@noir-lang/noir_wasm';
import type { CircuitName, CompiledCircuit } from '../../proto/index.js';

/** Compiles a one-file Noir program, under the name of a circuit it takes the place of in a test. */
export async function compileTestCircuit(
  name: CircuitName,
  source: string,
  childParams: readonly string[] = [],
): Promise<CompiledCircuit> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-circuit-'));
  try {
    await mkdir(join(folder, 'src'));
    const manifest = '[package]\nname = "test"\ntype = "bin"\nauthors = [""]\n[dependencies]\n';
    await writeFile(join(folder, 'Nargo.toml'), manifest);
    await writeFile(join(folder, 'src', 'main.nr'), source);
    const quiet = () => {};
    const { program } = await compile(createFileManager(folder), undefined, quiet, quiet);
    const artifact = program as CompiledCircuit['artifact'];
    const bytecode = gunzipSync(Buffer.from(artifact.bytecode, 'base64'));
    return {
      spec: { name, target: 'noir-recursive-no-zk', resourceClass: 'rollup', childParams },
      bytecodeHash: createHash('sha256').update(bytecode).digest('hex'),
      bytecode,
      artifact,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
