import type { ResourceUsage } from '../../proto/index.js';
import { cpuMsOf, peakMemoryBytesOf } from './process-usage.js';

/** What a process used between its last sample and its end is missed; a proof by a large circuit takes seconds. */
const SAMPLE_EVERY_MS = 50;

/**
 * Follows what a process uses that ends by itself, after which `/proc` tells no more. Returns the way to stop, which
 * gives what was seen: null for what never was.
 */
export function sampleUsage(pid: number | undefined): () => ResourceUsage {
  let cpuMs: number | null = null;
  let peakMemoryBytes: number | null = null;
  const sample = () => {
    if (pid === undefined) return;
    cpuMs = cpuMsOf(pid) ?? cpuMs;
    // The kernel keeps the peak, so the last sample is the largest, except once the process is a zombie.
    peakMemoryBytes = peakMemoryBytesOf(pid) ?? peakMemoryBytes;
  };
  const startedMs = performance.now();
  sample();
  const timer = setInterval(sample, SAMPLE_EVERY_MS);
  return () => {
    clearInterval(timer);
    return { wallMs: performance.now() - startedMs, cpuMs, peakMemoryBytes };
  };
}
