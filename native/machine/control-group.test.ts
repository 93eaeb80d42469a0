import { describe, expect, test } from 'vitest';
import { readControlGroupLimits } from './control-group.js';

const GIB = 2 ** 30;
const none = { cores: null, memoryBytes: null, memoryUsedBytes: null };
const limitsOf = (files: Record<string, string>) => readControlGroupLimits((path) => files[path] ?? null);

describe('control groups', () => {
  test('set no limit where there are none', () => {
    expect(limitsOf({})).toEqual(none);
  });

  test('of version 2, as in a container: its own group is the root', () => {
    const files = {
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/cpu.max': '150000 100000\n',
      '/sys/fs/cgroup/memory.max': `${4 * GIB}\n`,
      '/sys/fs/cgroup/memory.current': `${3 * GIB}\n`,
      '/sys/fs/cgroup/memory.stat': `anon 1073741824\ninactive_file ${GIB}\nactive_file 5\n`,
    };
    expect(limitsOf(files)).toEqual({ cores: 1.5, memoryBytes: 4 * GIB, memoryUsedBytes: 2 * GIB });
  });

  test('of version 2, nested: every group above counts', () => {
    const files = {
      '/proc/self/cgroup': '0::/system.slice/prover.service\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '400000 100000\n',
      '/sys/fs/cgroup/system.slice/memory.max': `${2 * GIB}\n`,
      '/sys/fs/cgroup/system.slice/memory.current': `${GIB}\n`,
      '/sys/fs/cgroup/system.slice/prover.service/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/system.slice/prover.service/memory.max': 'max\n',
    };
    expect(limitsOf(files)).toEqual({ cores: 4, memoryBytes: 2 * GIB, memoryUsedBytes: GIB });
  });

  test('of version 1, as in a container that sees its path from outside', () => {
    const files = {
      '/proc/self/cgroup': [
        '12:memory:/docker/0123abcd',
        '4:cpu,cpuacct:/docker/0123abcd',
        '1:name=systemd:/docker/0123abcd',
        '',
      ].join('\n'),
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '800000\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${16 * GIB}\n`,
      '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${5 * GIB}\n`,
      '/sys/fs/cgroup/memory/memory.stat': `cache 1\ninactive_file 7\ntotal_inactive_file ${2 * GIB}\n`,
    };
    expect(limitsOf(files)).toEqual({ cores: 8, memoryBytes: 16 * GIB, memoryUsedBytes: 3 * GIB });
  });

  test('of version 1 write "no limit" as -1, and as the largest page multiple', () => {
    const files = {
      '/proc/self/cgroup': '12:memory:/\n4:cpu:/\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    };
    expect(limitsOf(files)).toEqual(none);
  });

  test('of both versions at once (hybrid): the tighter limit holds', () => {
    const files = {
      '/proc/self/cgroup': '5:memory:/job\n0::/user.slice\n',
      '/sys/fs/cgroup/memory/job/memory.limit_in_bytes': `${GIB}\n`,
      '/sys/fs/cgroup/user.slice/memory.max': `${3 * GIB}\n`,
    };
    expect(limitsOf(files)).toMatchObject({ memoryBytes: GIB, memoryUsedBytes: 0 });
  });
});
