import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { packageRoot, writeFileAtomically } from '../../common/index.js';
import type { CircuitName, CompiledCircuit } from '../../proto/index.js';

type Artifact = CompiledCircuit['artifact'];

/**
 * Compiled programs by what they are made from, kept between files and runs: starting the compiler takes 5 s of CPU time,
 * and a dozen files need the same few programs. `npm ci` begins anew.
 */
const CACHE = join(packageRoot(import.meta.url), 'node_modules', '.cache', 'espalier-test-circuits');

/** A one-file Noir program, under the name of a circuit it takes the place of in a test. */
export async function compileTestCircuit(
  name: CircuitName,
  source: string,
  childParams: readonly string[] = [],
): Promise<CompiledCircuit> {
  const artifact = await compiled(source);
  const bytecode = gunzipSync(Buffer.from(artifact.bytecode, 'base64'));
  return {
    spec: { name, target: 'noir-recursive-no-zk', resourceClass: 'rollup', childParams },
    bytecodeHash: createHash('sha256').update(bytecode).digest('hex'),
    bytecode,
    artifact,
  };
}

async function compiled(source: string): Promise<Artifact> {
  const { version } = JSON.parse(
    readFileSync(join(packageRoot(import.meta.url), 'node_modules', '@noir-lang', 'noir_wasm', 'package.json'), 'utf8'),
  ) as { version: string };
  const path = join(CACHE, `${createHash('sha256').update(`${version}\n${source}`).digest('hex')}.json`);
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept !== undefined) return JSON.parse(kept) as Artifact;
  const artifact = await compileAnew(source);
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomically(path, JSON.stringify(artifact));
  return artifact;
}

async function compileAnew(source: string): Promise<Artifact> {
  const { compile, createFileManager } = await import('@noir-lang/noir_wasm');
  const folder = await mkdtemp(join(tmpdir(), 'espalier-circuit-'));
  try {
    await mkdir(join(folder, 'src'));
    const manifest = '[package]\nname = "test"\ntype = "bin"\nauthors = [""]\n[dependencies]\n';
    await writeFile(join(folder, 'Nargo.toml'), manifest);
    await writeFile(join(folder, 'src', 'main.nr'), source);
    const quiet = () => {};
    const { program } = await compile(createFileManager(folder), undefined, quiet, quiet);
    return program as Artifact;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
