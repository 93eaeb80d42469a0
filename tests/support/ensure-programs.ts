import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What the tests of the cluster start, by the name of its command, which is also that of Debian's package. */
const PROGRAMS = {
  'redis-server': 'Redis, version 7.0 or later',
  faketime: 'for clocks that jump',
  prometheus: 'with promtool, for dashboard and alerts',
} as const;

/**
 * Global set-up of the tests that need them: installs Debian's packages where they are missing and can be, else fails with
 * what to do.
 */
export default function ensurePrograms(): void {
  if (missing().length === 0) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) install(missing());
  const left = missing();
  if (left.length === 0) return;
  const what = left.map((name) => `${name} (${PROGRAMS[name]})`).join(' and ');
  throw new Error(`the tests of the cluster need ${what}: apt-get install ${left.join(' ')}, or your system's equal`);
}

function missing(): readonly (keyof typeof PROGRAMS)[] {
  const names = Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[];
  return names.filter((name) => spawnSync(name, ['--version']).status !== 0);
}

function install(packages: readonly string[]): void {
  try {
    aptGet('install', packages);
  } catch {
    // The lists of packages are missing in a fresh image, or stale.
    aptGet('update');
    aptGet('install', packages);
  }
}

function aptGet(command: 'install' | 'update', packages: readonly string[] = []): void {
  const args = command === 'install' ? ['-y', '--no-install-recommends', ...packages] : [];
  execFileSync('apt-get', [command, '-o', 'DPkg::Lock::Timeout=120', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    // The package would start a server of its own where there is an init; at run level 1 it does not.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
}
