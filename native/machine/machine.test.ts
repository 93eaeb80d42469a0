import { availableParallelism, totalmem } from 'node:os';
import { describe, expect, test } from 'vitest';
import { parseGpus } from './gpus.js';
import { computeResources, probeMachine } from './machine.js';

const GIB = 2 ** 30;
const host = { cores: 8, memoryBytes: 32 * GIB, freeBytes: 3 * GIB };
const resourcesOf = (files: Record<string, string>) => computeResources((path) => files[path] ?? null, host);
const meminfo = (availableBytes: number): string =>
  `MemTotal:       33554432 kB\nMemFree:  1024 kB\nMemAvailable:   ${availableBytes / 1024} kB\n`;

describe('computeResources', () => {
  test('is the host where nothing is limited', () => {
    expect(resourcesOf({})).toEqual({ cores: 8, memoryBytes: 32 * GIB, memoryAvailableBytes: 3 * GIB });
    expect(resourcesOf({ '/proc/meminfo': meminfo(20 * GIB) }).memoryAvailableBytes).toBe(20 * GIB);
  });

  test('is what a group leaves, in whole cores and at least one', () => {
    const group = {
      '/proc/meminfo': meminfo(20 * GIB),
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': `${4 * GIB}\n`,
      '/sys/fs/cgroup/memory.current': `${GIB}\n`,
    };
    const quota = (text: string) => resourcesOf({ ...group, '/sys/fs/cgroup/cpu.max': text });
    expect(quota('250000 100000')).toEqual({ cores: 2, memoryBytes: 4 * GIB, memoryAvailableBytes: 3 * GIB });
    expect(quota('50000 100000').cores).toBe(1);
    expect(quota('1600000 100000').cores).toBe(8);
    // A limit beyond the machine's memory is none.
    expect(resourcesOf({ ...group, '/sys/fs/cgroup/memory.max': `${64 * GIB}` }).memoryBytes).toBe(32 * GIB);
    // The machine may have less left than the group.
    expect(resourcesOf({ ...group, '/proc/meminfo': meminfo(GIB) }).memoryAvailableBytes).toBe(GIB);
  });
});

test('GPUs are read from what nvidia-smi prints', () => {
  expect(parseGpus('NVIDIA H200, 143771\nNVIDIA GeForce RTX 4090, 24564\n\n')).toEqual([
    { name: 'NVIDIA H200', memoryBytes: 143_771 * 2 ** 20 },
    { name: 'NVIDIA GeForce RTX 4090', memoryBytes: 24_564 * 2 ** 20 },
  ]);
  expect(parseGpus('NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.\n')).toEqual([]);
});

test('this machine has what Node says, or less', async () => {
  const machine = await probeMachine();
  expect(machine.cores).toBeGreaterThanOrEqual(1);
  expect(machine.cores).toBeLessThanOrEqual(availableParallelism());
  expect(machine.memoryBytes).toBeLessThanOrEqual(totalmem());
  expect(machine.memoryAvailableBytes).toBeLessThanOrEqual(machine.memoryBytes);
  expect(machine).toMatchObject({ nodeVersion: process.versions.node, wasmThreads: true });
});
