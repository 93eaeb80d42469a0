import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { cacheFolder, packageRoot } from '../common/index.js';
import { isIgnored, parseCopy, parseDockerfile, parseIgnore, type Stage } from '../tests/support/dockerfile.js';
import { tempFolder } from '../tests/support/temp-folder.js';

/**
 * Builds what the Dockerfile builds without a Docker engine: its build stage, line by line, in a clean folder, from what
 * `.dockerignore` lets in; and the image's files from what that stage has made. Left out are the base image, what the last
 * stage does to the system outside its own folder, and `npm ci`, in whose place this checkout's packages are linked.
 */

const root = packageRoot(import.meta.url);
const run = promisify(execFile);
const INSTALL = /^npm ci\b/;

interface Folders {
  /** What Docker would be sent. */
  readonly context: string;
  /** Stands for `/`. */
  readonly system: string;
}

async function makeContext(folder: string): Promise<void> {
  const patterns = parseIgnore(await readFile(join(root, '.dockerignore'), 'utf8'));
  const isBelow = (path: string) => patterns.some((pattern) => pattern.startsWith(`!${path}`));
  await cp(root, folder, {
    recursive: true,
    filter: (source) => {
      const path = posix.relative(root, source);
      return path === '' || !isIgnored(patterns, path) || isBelow(path);
    },
  });
}

async function perform(stage: Stage, folders: Folders): Promise<void> {
  let workdir = folders.system;
  for (const { name, text } of stage.instructions) {
    if (name === 'WORKDIR') {
      workdir = join(folders.system, text);
      await mkdir(workdir, { recursive: true });
    } else if (name === 'COPY') await copy(text, workdir, folders);
    else if (name === 'RUN' && stage.name === 'build') await runLine(text, workdir);
  }
}

/** Of a folder its content is copied, of a file the file: into a folder if the target ends in `/`. */
async function copy(text: string, workdir: string, { context, system }: Folders): Promise<void> {
  const { from, sources, target } = parseCopy(text);
  for (const source of sources) {
    const path = join(from === undefined ? context : system, source);
    const into = target.endsWith('/') && (await stat(path)).isFile() ? join(target, posix.basename(source)) : target;
    await mkdir(join(workdir, into, '..'), { recursive: true });
    await run('cp', ['-a', (await stat(path)).isDirectory() ? `${path}/.` : path, join(workdir, into)]);
  }
}

async function runLine(line: string, workdir: string): Promise<void> {
  if (INSTALL.test(line)) {
    await run('cp', ['-al', join(root, 'node_modules'), workdir]).catch(() =>
      run('cp', ['-a', join(root, 'node_modules'), workdir]),
    );
    // npm writes it anew, and it must not be this checkout's.
    await rm(join(workdir, 'node_modules', '.package-lock.json'), { force: true });
    await rm(join(workdir, 'node_modules', '.vite'), { recursive: true, force: true });
    await rm(join(workdir, 'node_modules', '.vite-temp'), { recursive: true, force: true });
    return;
  }
  // No network is needed past `npm ci`; compiled circuits are where other tests have them.
  const env = { ...process.env, npm_config_offline: 'true', ESPALIER_CACHE: cacheFolder(process.env) };
  await run('sh', ['-ec', line], { cwd: workdir, env, maxBuffer: 2 ** 24 });
}

test('the image builds, and its espalier starts', async (context) => {
  if (process.platform !== 'linux') return context.skip('the image is for Linux');
  const folder = await tempFolder();
  const folders = { context: join(folder, 'context'), system: join(folder, 'system') };
  await makeContext(folders.context);
  for (const stage of parseDockerfile(await readFile(join(root, 'Dockerfile'), 'utf8'))) await perform(stage, folders);

  const image = join(folders.system, 'opt', 'espalier');
  await rm(folders.context, { recursive: true });
  await rm(join(folders.system, 'src'), { recursive: true });
  expect((await readdir(image)).sort()).toEqual(
    ['LICENSE', 'circuits', 'dist', 'node_modules', 'package.json', 'proto', 'sbom.spdx.json'].sort(),
  );
  const packages = new Set(await readdir(join(image, 'node_modules')));
  const { dependencies, devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const isThere = (name: string) => packages.has(name.split('/')[0] ?? '');
  expect(Object.keys(dependencies).filter((name) => !isThere(name))).toEqual([]);
  expect(
    ['typescript', 'vitest', 'fast-check', 'echarts'].filter((name) => name in devDependencies && isThere(name)),
  ).toEqual([]);
  const builds = await readdir(join(image, 'node_modules', '@aztec', 'bb.js', 'build'));
  expect(builds).toEqual([`${process.arch === 'x64' ? 'amd64' : 'arm64'}-linux`]);
  const files = await readdir(image, { recursive: true });
  expect(files.filter((path) => !path.startsWith('node_modules') && /\.test\.|\.env$/.test(path))).toEqual([]);

  const bill = JSON.parse(await readFile(join(image, 'sbom.spdx.json'), 'utf8'));
  const named = new Set(bill.packages.map((one: { name: string }) => one.name));
  expect(Object.keys(dependencies).filter((name) => !named.has(name))).toEqual([]);
  expect(named.has('vitest')).toBe(false);

  // As it runs there: nothing of this checkout, a root that cannot be written to, a cache of its own.
  await run('chmod', ['-R', 'a-w', image]);
  const cache = join(folder, 'cache');
  await mkdir(cache);
  const env = { PATH: process.env['PATH'], NODE_ENV: 'production', ESPALIER_CACHE: cache, HOME: cache };
  const espalier = (...args: string[]) => run(join(image, 'dist/cli/main.js'), args, { cwd: '/', env });
  const { stdout: version } = await espalier('version', '--json');
  const { version: own } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect(JSON.parse(version)).toMatchObject({ espalier: own });
  for (const command of ['orchestrator', 'worker'])
    expect((await espalier(command, '--help')).stdout).toContain(command);
  // Executing a block takes the circuits' encoders and the hash, and writing it a folder that may be written to.
  const block = join(cache, 'block.json');
  await espalier('block', 'new', '--txs', '1', '--calls', '1', '--prover', 'simulated', '-o', block);
  expect((await stat(block)).size).toBeGreaterThan(1_000);
  await run('chmod', ['-R', 'u+w', image]);
  await chmod(image, 0o755);
}, 120_000);
