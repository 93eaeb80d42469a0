import { existsSync, readdirSync } from 'node:fs';

/**
 * Variables under which a process sees the wall clock with the offset that is in `file` (`+3600`), read anew at each
 * look, so that it can jump while the process runs. Monotonic time is left alone, as by a clock that is set.
 */
export function fakeTimeEnv(file: string): Readonly<Record<string, string>> {
  const library = readdirSync('/usr/lib')
    .map((name) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`)
    .find(existsSync);
  if (library === undefined) throw new Error('libfaketime is missing: apt-get install faketime');
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}
