import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../common/index.js';

export const root = packageRoot(import.meta.url);

/** What is not ours to keep tidy: made by tools, or not part of the sources at all. */
const NOT_SOURCES = [
  'node_modules',
  'dist',
  'coverage',
  '.git',
  'circuits/target',
  'circuits/generated',
  'circuits/keys',
  'proto/generated',
  'benchmarks/peers/node_modules',
  'benchmarks/peers/.runtime',
];

export interface SourceFile {
  /** From the root of the project, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Every text file of the project whose name ends in one of these, sorted by path. */
export function sourceFiles(extensions: readonly string[]): readonly SourceFile[] {
  return paths('')
    .filter((path) => extensions.some((extension) => path.endsWith(extension)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

function paths(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (NOT_SOURCES.includes(path)) return [];
    if (entry.isDirectory()) return paths(path);
    return entry.isFile() ? [path] : [];
  });
}

/**
 * The specifiers of all imports and re-exports of a module: static, for their side effects, dynamic, of types, and
 * files found by URL (as worker threads are).
 */
export function importsOf(text: string): readonly string[] {
  const code = withoutComments(text);
  const patterns = [
    /(?:^|[;\n}])\s*(?:import|export)\b[^'";]*?\bfrom\s*(['"])([^'"]+)\1/g,
    /(?:^|[;\n}])\s*import\s*(['"])([^'"]+)\1/g,
    /\bimport\s*\(\s*(['"`])([^'"`]+)\1/g,
    /\brequire\s*\(\s*(['"`])([^'"`]+)\1/g,
    /\bnew URL\(\s*(['"`])([^'"`]+)\1\s*,\s*import\.meta\.url/g,
  ];
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[2] ?? ''));
}

/** The code alone, line by line where it was. Strings stay as they are, whatever they hold. */
export function withoutComments(text: string): string {
  const token = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return text.replace(token, (match) => {
    const isComment = match.startsWith('//') || match.startsWith('/*');
    return isComment ? match.replace(/[^\n]/g, '') : match;
  });
}
