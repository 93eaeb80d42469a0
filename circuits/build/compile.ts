import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compile, createFileManager } from '@noir-lang/noir_wasm';
import { makeFolder, writeFileAtomically } from '../../common/index.js';
import type { CircuitName } from '../../proto/index.js';

/** A compiled circuit as it lies in `circuits/target/`: the compiler's artefact without debug data and paths. */
export interface Artifact {
  readonly noir_version: string;
  /** sha256 of everything the artefact was made from; an artefact whose hash is current is not made again. */
  readonly source_hash: string;
  readonly abi: unknown;
  readonly bytecode: string;
}

export interface CompileOptions {
  /** Folder with the Noir packages. */
  readonly sources: string;
  readonly target: string;
  readonly cache: string;
}

export type CompileOutcome = 'current' | 'cached' | 'compiled';

/** Brings one circuit's artefact up to date: kept if current, copied from the cache, or compiled (seconds). */
export async function compileCircuit(
  name: CircuitName,
  options: CompileOptions,
): Promise<{ outcome: CompileOutcome; artifact: Artifact }> {
  const sourceHash = await hashSources(name, options.sources);
  const targetPath = join(options.target, `${name}.json`);
  const cachePath = join(options.cache, `${name}-${sourceHash}.json`);
  const current = await readArtifact(targetPath);
  if (current?.source_hash === sourceHash) return { outcome: 'current', artifact: current };
  const cached = await readArtifact(cachePath);
  if (cached?.source_hash === sourceHash) {
    await writeWhole(targetPath, cached);
    return { outcome: 'cached', artifact: cached };
  }
  const { program } = await compile(createFileManager(options.sources), join(options.sources, name), noop, noop);
  const artifact: Artifact = {
    noir_version: program.noir_version,
    source_hash: sourceHash,
    abi: program.abi,
    bytecode: program.bytecode,
  };
  await writeWhole(cachePath, artifact);
  await writeWhole(targetPath, artifact);
  return { outcome: 'compiled', artifact };
}

function noop(): void {}

/** Names the compiler's version and every source file of the circuit and the library, in a fixed order. */
async function hashSources(name: CircuitName, sources: string): Promise<string> {
  const hash = createHash('sha256').update(await compilerVersion(sources));
  for (const folder of ['lib', name]) {
    for (const file of (await readdir(join(sources, folder), { recursive: true })).sort()) {
      if (!file.endsWith('.nr') && !file.endsWith('.toml')) continue;
      const content = await readFile(join(sources, folder, file));
      hash.update(`\0${folder}/${file}\0${content.length}\0`).update(content);
    }
  }
  return hash.digest('hex');
}

/** The compiler does not export its version; our manifest pins it. */
async function compilerVersion(sources: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(sources, '..', 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  return manifest.devDependencies['@noir-lang/noir_wasm'] ?? 'unpinned';
}

async function readArtifact(path: string): Promise<Artifact | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Artifact;
  } catch {
    return undefined; // Cut short by an older crash: made again.
  }
}

async function writeWhole(path: string, artifact: Artifact): Promise<void> {
  await makeFolder(dirname(path));
  await writeFileAtomically(path, JSON.stringify(artifact));
}
