import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ENVIRONMENT } from '../common/index.js';
import { importsOf, root, sourceFiles, withoutComments } from './support/source-tree.js';

/**
 * The house rules that no other tool holds. Length of functions, stray `console` calls and focused tests are biome's
 * to find (`biome.json`); error codes and their page are held together by `cli/errors-page.test.ts`.
 */

/** Who may import whom; `common` is open to all. The parts' `tsconfig.json` say the same to the compiler. */
const IMPORTS: Readonly<Record<string, readonly string[]>> = {
  common: [],
  proto: [],
  circuits: ['proto'],
  native: ['proto'],
  queue: ['proto'],
  store: ['proto'],
  orchestrator: ['proto', 'circuits', 'native', 'queue', 'store'],
  worker: ['proto', 'circuits', 'native', 'queue', 'store'],
  client: ['proto'],
  cli: ['proto', 'circuits', 'native', 'queue', 'store', 'orchestrator', 'worker', 'client'],
  benchmarks: ['proto', 'circuits', 'native', 'queue', 'store', 'orchestrator', 'worker', 'client', 'cli'],
  examples: ['proto', 'client'],
};

/** The heart: no clock, no I/O and no randomness of its own. Hashing is arithmetic. */
const PURE = ['execute', 'fleet', 'plan', 'schedule', 'state'].map((part) => `orchestrator/${part}/`);
const PURE_MAY_IMPORT = ['node:crypto', 'node:timers/promises'];
const IMPURE_CODE =
  /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|randomBytes|randomUUID|process\.(env|hrtime))\b/;

/** OpenTelemetry's API is known where calls and commands come in and go out, and the SDK only where a process sets it up. */
const TELEMETRY = {
  '@opentelemetry/api': ['common/telemetry/', 'cli/telemetry/', 'client/', 'orchestrator/api/'],
  '@opentelemetry/': ['cli/telemetry/'],
};

/** The rules are spelled out here, so here they are broken. */
const THIS_FILE = 'tests/tidy.test.ts';

/** This package, and the one of the programs that its benchmarks compare with. */
const PACKAGES = ['.', 'benchmarks/peers'];

const LINES_MAX = 500;
const LINES_MEDIAN_MAX = 150;

const modules = sourceFiles(['.ts', '.mjs']);
const isTest = (path: string) => path.endsWith('.test.ts') || path.startsWith('tests/');
const partOf = (path: string) => path.split('/')[0] ?? '';
const lineCount = (text: string) => text.split('\n').length - 1;

/** The lines that match, as `path:line: text`. */
function findLines(files: typeof modules, pattern: RegExp, read = (text: string) => text): readonly string[] {
  return files.flatMap(({ path, text }) =>
    read(text)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

describe('imports', () => {
  const crossing = modules.flatMap(({ path, text }) =>
    importsOf(text)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => ({ path, target: posix.join(posix.dirname(path), specifier) }))
      .filter(({ target }) => partOf(target) !== partOf(path)),
  );
  const ofProduct = crossing.filter(({ path }) => path.includes('/') && !isTest(path));

  test('are found at all', () => {
    expect(ofProduct.length).toBeGreaterThan(50);
    expect(importsOf("import { a } from './a.js'; // from './no.js'\nexport * from '../b/index.js';")).toEqual([
      './a.js',
      '../b/index.js',
    ]);
    expect(importsOf("import './c.js'\nconst d = await import('./d.js'); new URL('./e.js', import.meta.url)")).toEqual([
      './c.js',
      './d.js',
      './e.js',
    ]);
    expect(importsOf('import type {\n  A,\n  B,\n} from "./f.js";\nconst s = "import x from"; const t = 1;')).toEqual([
      './f.js',
    ]);
  });

  test('go only where the table of parts allows', () => {
    const forbidden = ofProduct.filter(({ path, target }) => {
      return partOf(target) !== 'common' && !IMPORTS[partOf(path)]?.includes(partOf(target));
    });
    expect(forbidden).toEqual([]);
  });

  test('of another part go through its face', () => {
    expect(ofProduct.filter(({ target }) => !/^[a-z]+\/index\.js$/.test(target))).toEqual([]);
  });

  test('are held by the compiler too: no project refers to more than the table allows', () => {
    for (const [part, allowed] of Object.entries(IMPORTS)) {
      const file = join(root, part, 'tsconfig.json');
      if (!existsSync(file)) continue;
      const { references } = JSON.parse(readFileSync(file, 'utf8')) as { references: { path: string }[] };
      const referred = references.map(({ path }) => path.replace('../', ''));
      expect([part, ...referred.filter((other) => other !== 'common' && !allowed.includes(other))]).toEqual([part]);
    }
  });

  test('of the pure parts bring in no I/O, and their code reads no clock and makes no random choice', () => {
    const pure = modules.filter(({ path }) => PURE.some((folder) => path.startsWith(folder)) && !isTest(path));
    expect(pure.length).toBeGreaterThan(10);
    const outside = pure.flatMap(({ path, text }) =>
      importsOf(text)
        .filter((specifier) => !specifier.startsWith('.') && !PURE_MAY_IMPORT.includes(specifier))
        .map((specifier) => `${path}: ${specifier}`),
    );
    expect(outside).toEqual([]);
    expect(findLines(pure, IMPURE_CODE, withoutComments)).toEqual([]);
  });
});

test('telemetry is known to few, and to no part of the heart', () => {
  const strays = modules
    .filter(({ path }) => !isTest(path))
    .flatMap(({ path, text }) =>
      importsOf(text).flatMap((specifier) => {
        const [, folders] = Object.entries(TELEMETRY).find(([name]) => specifier.startsWith(name)) ?? [];
        return folders === undefined || folders.some((folder) => path.startsWith(folder))
          ? []
          : [`${path}: ${specifier}`];
      }),
    );
  expect(strays).toEqual([]);
});

describe('files', () => {
  test('belong to a part of the table, or to the tests', () => {
    const strays = modules.filter(({ path }) => path.includes('/') && !(partOf(path) in IMPORTS) && !isTest(path));
    expect(strays.map(({ path }) => path)).toEqual([]);
  });

  test('and folders are named in kebab-case', () => {
    const isKebab = (name: string) => /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/.test(name);
    expect(modules.map(({ path }) => path).filter((path) => !path.split('/').every(isKebab))).toEqual([]);
  });

  test(`have at most ${LINES_MAX} lines, half of them fewer than ${LINES_MEDIAN_MAX}`, () => {
    const long = modules.filter(({ text }) => lineCount(text) > LINES_MAX);
    expect(long.map(({ path, text }) => `${path}: ${lineCount(text)}`)).toEqual([]);
    const sorted = modules.map(({ text }) => lineCount(text)).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(LINES_MEDIAN_MAX);
  });

  test('that are the face of a part say what it owns, or a README does', () => {
    const parts = Object.keys(IMPORTS).filter((part) => existsSync(join(root, part, 'tsconfig.json')));
    const silent = parts.filter((part) => {
      const faces = ['index.ts', 'main.ts'].map((name) => join(root, part, name)).filter((path) => existsSync(path));
      const says = faces.some((path) => readFileSync(path, 'utf8').startsWith('/**'));
      return !says && !existsSync(join(root, part, 'README.md'));
    });
    expect(silent).toEqual([]);
  });
});

describe('code', () => {
  test('calls console nowhere but in the parts that talk to a person', () => {
    const silent = modules.filter(({ path }) => !/^(cli|benchmarks|examples)\//.test(path) && path !== THIS_FILE);
    expect(findLines(silent, /\bconsole\s*\./, withoutComments)).toEqual([]);
  });

  test('leaves no test out: one that cannot run here says why, in its name or by `context.skip(reason)`', () => {
    const tests = modules.filter(({ path }) => isTest(path) && path !== THIS_FILE);
    const leftOut = /\b(describe|it|test|suite|bench)(\.\w+)*\.(skip|only|todo|fails)\b/;
    expect(findLines(tests, leftOut, withoutComments)).toEqual([]);
    expect(findLines(tests, /\.(skipIf|runIf)\((?!.*cannot run)/, withoutComments)).toEqual([]);
    expect(findLines(tests, /\.skip\(\s*\)|\b[fx](it|describe|test)\(/, withoutComments)).toEqual([]);
  });

  test('has no open question without an owner', () => {
    const files = sourceFiles(['.ts', '.mjs', '.nr', '.md', '.json', '.sh', 'run']).filter(
      (file) => file.path !== THIS_FILE,
    );
    expect(findLines(files, /\b(TODO|FIXME|XXX|HACK)\b(?!\([a-z][\w-]*\))/)).toEqual([]);
  });

  test('does not silence the compiler or the linter without saying why', () => {
    const others = modules.filter(({ path }) => path !== THIS_FILE);
    expect(findLines(others, /@ts-(ignore|nocheck)|@ts-expect-error\s*$|biome-ignore[^:]*$/)).toEqual([]);
  });
});

describe('the project', () => {
  test('names no folder of the machine it was made on', () => {
    const files = sourceFiles(['.ts', '.mjs', '.js', '.nr', '.toml', '.md', '.json', '.yaml', '.yml', '.sh', 'run']);
    expect(files.length).toBeGreaterThan(modules.length);
    const others = files.filter(({ path }) => path !== THIS_FILE);
    expect(findLines(others, /(^|[\s"'`(=:])\/(work|root|home\/[a-z]+)\/(?![dgimsuy]*\.)/)).toEqual([]);
  });

  test('locks its dependencies by content, not by the registry they came from', () => {
    for (const folder of PACKAGES) {
      const lock = JSON.parse(readFileSync(join(root, folder, 'package-lock.json'), 'utf8')) as {
        packages: Record<string, { resolved?: string; link?: boolean }>;
      };
      const located = Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined);
      expect(located.map(([name, { resolved }]) => `${name}: ${resolved}`)).toEqual([]);
    }
  });

  test('lists every environment variable that it reads, here and in the README', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const rows = Object.entries(ENVIRONMENT).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
    expect(rows.filter((row) => !readme.includes(row))).toEqual([]);
    const ofTerminals = ['CI', 'LANG', 'LC_ALL', 'LC_CTYPE', 'NO_COLOR', 'TERM'];
    const read = modules
      .filter(({ path }) => !isTest(path))
      .flatMap(({ text }) => [...text.matchAll(/\benv\['([A-Z_]+)'\]/g)].map((match) => match[1] ?? ''));
    expect(read.filter((name) => !(name in ENVIRONMENT) && !ofTerminals.includes(name))).toEqual([]);
  });

  test('runs on its dependencies alone: what is for development serves tests, benchmarks and the build', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const product = modules.filter(({ path }) => !isTest(path) && !/^(benchmarks|circuits\/build|[^/]*$)/.test(path));
    // Examples import this package by its own name, as its users do.
    const own = (specifier: string) => specifier === 'espalier/client';
    const packageOf = (specifier: string) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '';
    const missing = product.flatMap(({ path, text }) =>
      importsOf(text)
        .filter((specifier) => !/^(\.|node:)/.test(specifier) && !own(specifier))
        .filter((specifier) => !(packageOf(specifier) in dependencies))
        .map((specifier) => `${path}: ${specifier}`),
    );
    expect(product.length).toBeGreaterThan(100);
    expect(missing).toEqual([]);
  });

  test('pins every dependency to one version', () => {
    for (const folder of PACKAGES) {
      const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
      const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, v]) => !/^\d/.test(String(v)));
      expect(loose).toEqual([]);
    }
  });
});
