import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../common/index.js';
import { type Manifest, OVERLAYS, render } from '../tests/support/manifests.js';
import { tempFolder } from '../tests/support/temp-folder.js';

/**
 * Every manifest of every overlay against the schemas of Kubernetes and KEDA, as npm's packages of their OpenAPI
 * definitions have them: by the validators, which know what values may be, and by the types, which know every field.
 */

const root = packageRoot(import.meta.url);
const run = promisify(execFile);

interface Model {
  new (manifest: unknown): { validate(): void };
}

/** The module of a kind. */
function moduleOf({ apiVersion, kind }: Pick<Manifest, 'apiVersion' | 'kind'>): string {
  const name = apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models';
  return `${name}/${apiVersion}/${kind}`;
}

async function problemsOf(manifest: Manifest): Promise<readonly string[]> {
  const { kind } = manifest;
  const named = `${kind} ${manifest.metadata.name}`;
  const module = (await import(moduleOf(manifest)).catch(() => ({}))) as Record<string, Model | undefined>;
  const Model = module[kind];
  if (Model === undefined) return [`${named}: there is no schema of ${manifest.apiVersion}`];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [`${named}: ${(error as Error).message}`];
  }
}

/** What the compiler says of manifests written as typed literals, in which it allows no field that the type lacks. */
async function compile(manifests: readonly Manifest[]): Promise<string> {
  const folder = await tempFolder();
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const modules = [...new Set(manifests.map(moduleOf))];
  const imports = modules.map((path, i) => `import type { I${path.split('/').at(-1)} as K${i} } from '${path}';`);
  const values = manifests.map(
    (manifest, i) => `export const m${i}: K${modules.indexOf(moduleOf(manifest))} = ${JSON.stringify(manifest)};`,
  );
  await writeFile(join(folder, 'manifests.ts'), [...imports, ...values, ''].join('\n'));
  const options = { strict: true, noEmit: true, skipLibCheck: true, module: 'nodenext', types: [] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['manifests.ts'] }));
  return run(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder]).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
}

const service: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'a' },
  spec: { ports: [{ port: 1 }] },
};

describe('the schemas', () => {
  test('refuse what is wrong', async () => {
    const ports = { ...service, spec: { ports: [{ port: 'grpc' }] } };
    expect(await problemsOf(service)).toEqual([]);
    expect(await problemsOf(ports)).toEqual([expect.stringMatching(/Service a: .*port/)]);
    expect(await problemsOf({ ...service, apiVersion: 'v2' })).toEqual(['Service a: there is no schema of v2']);
    expect(await compile([service])).toBe('');
    expect(await compile([{ ...service, spec: { ...service['spec'], selectors: {} } }])).toMatch(
      /"selectors".* does not exist/,
    );
  });
});

describe.each(OVERLAYS)('the overlay %s', (overlay) => {
  test('is valid', async () => {
    const manifests = await render(overlay);
    expect(manifests.length).toBeGreaterThan(20);
    expect((await Promise.all(manifests.map(problemsOf))).flat()).toEqual([]);
  });

  test('has no field that Kubernetes does not know', async () => {
    expect(await compile(await render(overlay))).toBe('');
  });

  test('has each thing once', async () => {
    const names = (await render(overlay)).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});
