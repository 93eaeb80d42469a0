import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, freemem, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { type ReadText, readControlGroupLimits } from './control-group.js';
import { type Gpu, parseGpus } from './gpus.js';

/** What this process may use of the machine. */
export interface Machine {
  /** Whole cores: the fewest of the machine's, this process's affinity and its control groups' quota; at least 1. */
  readonly cores: number;
  /** The machine's memory, or less where a control group sets a limit. */
  readonly memoryBytes: number;
  /** Of that, what could be had now without swapping. */
  readonly memoryAvailableBytes: number;
  /** NVIDIA's, as its driver reports them. */
  readonly gpus: readonly Gpu[];
  readonly nodeVersion: string;
  readonly platform: NodeJS.Platform;
  readonly architecture: string;
  /** Whether WebAssembly can share memory between threads, as Barretenberg's does. */
  readonly wasmThreads: boolean;
}

const GPU_QUERY_TIMEOUT_MS = 10_000;

export async function probeMachine(): Promise<Machine> {
  return {
    ...computeResources(readText, { cores: availableParallelism(), memoryBytes: totalmem(), freeBytes: freemem() }),
    gpus: await probeGpus(),
    nodeVersion: process.versions.node,
    platform: process.platform,
    architecture: process.arch,
    wasmThreads: hasWasmThreads(),
  };
}

/** What Node knows of the machine, control groups aside; the cores with this process's affinity. */
export interface HostResources {
  readonly cores: number;
  readonly memoryBytes: number;
  /** Used where the system does not say what is available. */
  readonly freeBytes: number;
}

export function computeResources(
  read: ReadText,
  host: HostResources,
): Pick<Machine, 'cores' | 'memoryBytes' | 'memoryAvailableBytes'> {
  const limits = readControlGroupLimits(read);
  const available = availableBytes(read('/proc/meminfo')) ?? host.freeBytes;
  const memoryBytes = Math.min(host.memoryBytes, limits.memoryBytes ?? Number.POSITIVE_INFINITY);
  return {
    cores: Math.max(1, Math.floor(Math.min(host.cores, limits.cores ?? Number.POSITIVE_INFINITY))),
    memoryBytes,
    memoryAvailableBytes: Math.max(0, Math.min(available, memoryBytes - (limits.memoryUsedBytes ?? 0))),
  };
}

/** `MemAvailable` of `/proc/meminfo`: with what the page cache would give back, unlike `freemem`. */
function availableBytes(text: string | null): number | null {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(text ?? '')?.[1];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

async function probeGpus(): Promise<Gpu[]> {
  const query = ['--query-gpu=name,memory.total', '--format=csv,noheader,nounits'];
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: GPU_QUERY_TIMEOUT_MS });
    return parseGpus(stdout);
  } catch {
    // No driver, no GPU that could be used.
    return [];
  }
}

declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => { readonly buffer: unknown };
};

function hasWasmThreads(): boolean {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer instanceof SharedArrayBuffer;
  } catch {
    return false;
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
