import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * Global set-up of the tests that need a Redis: installs Debian's package where it is missing and can be, else fails
 * with what to do.
 */
export default function ensureRedis(): void {
  if (isInstalled()) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) install();
  if (isInstalled()) return;
  throw new Error(
    'redis-server is missing, and the tests of the cluster need it: install it (apt-get install redis-server, ' +
      'brew install redis), version 7.0 or later',
  );
}

function isInstalled(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0;
}

function install(): void {
  try {
    aptGet('install');
  } catch {
    // The lists of packages are missing in a fresh image, or stale.
    aptGet('update');
    aptGet('install');
  }
}

function aptGet(command: 'install' | 'update'): void {
  const packages = command === 'install' ? ['-y', '--no-install-recommends', 'redis-server'] : [];
  execFileSync('apt-get', [command, '-o', 'DPkg::Lock::Timeout=120', ...packages], {
    stdio: ['ignore', 'ignore', 'inherit'],
    // The package would start a server of its own where there is an init; at run level 1 it does not.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
}
