import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../common/index.js';
import { isIgnored, parseCopy, parseDockerfile, parseIgnore } from '../tests/support/dockerfile.js';
import { containersOf, render, workloads } from '../tests/support/manifests.js';

/** What the Dockerfile promises, and what the manifests expect of the image. That it builds: `image.real.test.ts`. */

const root = packageRoot(import.meta.url);
const read = (name: string) => readFileSync(join(root, name), 'utf8');
const [build, image] = parseDockerfile(read('Dockerfile'));
const textsOf = (name: string) =>
  (image?.instructions ?? []).filter((one) => one.name === name).map(({ text }) => text);
const environment = Object.fromEntries(
  textsOf('ENV').flatMap((text) => text.split(/\s+/).map((pair) => pair.split('=', 2) as [string, string])),
);

test('a Dockerfile is parsed', () => {
  const text = `# a\nARG BASE=node:20\n\nFROM \${BASE} as build\nRUN a \\\n  && b\n# c\nFROM build\nCOPY --from=build /a /b ./\n`;
  expect(parseDockerfile(text)).toEqual([
    { base: 'node:20', name: 'build', instructions: [{ name: 'RUN', text: 'a && b' }] },
    { base: 'build', name: undefined, instructions: [{ name: 'COPY', text: '--from=build /a /b ./' }] },
  ]);
  expect(parseCopy('--from=build /a /b ./')).toEqual({ from: 'build', sources: ['/a', '/b'], target: './' });
});

test('.dockerignore lets in the sources of the product alone', () => {
  const patterns = parseIgnore(read('.dockerignore'));
  const inside = [
    'package.json',
    'cli/main.ts',
    'circuits/keys/a.json',
    'circuits/client/src/main.nr',
    'proto/a/b.proto',
  ];
  const outside = ['.env', '.git/config', 'access.json', 'node_modules/a/b.js', 'dist/cli/main.js', 'docs/a.md'];
  const tests = ['cli/main.test.ts', 'tests/tidy.test.ts', 'benchmarks/main.ts', 'circuits/target/client.json'];
  expect(inside.filter((path) => isIgnored(patterns, path))).toEqual([]);
  expect([...outside, ...tests].filter((path) => !isIgnored(patterns, path))).toEqual([]);
});

describe('the image', () => {
  test('is of one base in both stages, pinned by its digest, with the Node that the package asks for', () => {
    expect(image?.base).toBe(build?.base);
    const [, version = '', digest] =
      /^node:([\d.]+)-bookworm-slim@sha256:([0-9a-f]{64})$/.exec(image?.base ?? '') ?? [];
    expect(digest).toBeDefined();
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const [wantedMajor = 0, wantedMinor = 0] = JSON.parse(read('package.json'))
      .engines.node.slice(2)
      .split('.')
      .map(Number);
    expect(1_000 * major + minor).toBeGreaterThanOrEqual(1_000 * wantedMajor + wantedMinor);
  });

  test('runs `espalier` as a user that is not root', () => {
    expect(textsOf('ENTRYPOINT')).toEqual(['["espalier"]']);
    expect(textsOf('RUN').join()).toContain('ln -s /opt/espalier/dist/cli/main.js /usr/local/bin/espalier');
    const [uid = 0, gid = 0] = (textsOf('USER')[0] ?? '').split(':').map(Number);
    expect(Math.min(uid, gid)).toBeGreaterThan(0);
    // Nothing behind it could be done by another one.
    const names = image?.instructions.map(({ name }) => name) ?? [];
    expect(names.slice(names.indexOf('USER'))).not.toContain('RUN');
  });

  test('has all that the package has, but for its pages', () => {
    const { files } = JSON.parse(read('package.json')) as { files: readonly string[] };
    const copied = textsOf('COPY').flatMap((text) => parseCopy(text).sources.map((path) => path.replace('/src/', '')));
    const pages = ['docs', 'examples', 'README.md'];
    const wanted = files.filter((path) => !pages.includes(path));
    expect(wanted.filter((path) => !copied.some((it) => path === it || path.startsWith(`${it}/`)))).toEqual([]);
    expect(copied).toEqual(expect.arrayContaining(['package.json', 'node_modules', 'sbom.spdx.json']));
  });

  test('comes without an SRS', () => {
    const lines = [build, image].flatMap((stage) => stage?.instructions.map(({ text }) => text) ?? []);
    expect(lines.filter((line) => /\bsrs\b/.test(line))).toEqual([]);
  });

  test('is used by the manifests as it is', async () => {
    const manifests = [...(await render('local')), ...(await render('gpu'))];
    const pods = workloads(manifests).map(({ pod }) => pod);
    const ours = pods.filter(({ containers }) => containers.some((one) => one.image.includes('espalier')));
    const [uid] = (textsOf('USER')[0] ?? '').split(':').map(Number);
    expect(new Set(ours.map(({ securityContext }) => securityContext?.['runAsUser']))).toEqual(new Set([uid]));
    const containers = ours.flatMap(containersOf);
    const caches = containers.flatMap(({ env = [] }) => env.filter(({ name }) => name === 'ESPALIER_CACHE'));
    expect(new Set(caches.map(({ value }) => value))).toEqual(new Set([environment['ESPALIER_CACHE']]));
    expect(JSON.parse(textsOf('VOLUME')[0] ?? '[]')).toEqual([environment['ESPALIER_CACHE'], '/tmp']);
    const ports = new Set(containers.flatMap((one) => one.ports?.map(({ containerPort }) => containerPort) ?? []));
    expect([...ports].sort()).toEqual((textsOf('EXPOSE')[0] ?? '').split(' ').map(Number).sort());
  });
});
