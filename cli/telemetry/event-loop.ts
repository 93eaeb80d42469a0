import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from '@opentelemetry/api';
import { type Clock, createGauge, INSTRUMENTS } from '../../common/index.js';

const RESOLUTION_MS = 20;
/** Several readers look at about the same time: they see the same. */
const SAMPLE_MS = 5_000;
const NS_PER_S = 1e9;

/** Measures how late the event loop comes to what is due. Returns how to stop that. */
export function watchEventLoop(meter: Meter, clock: Pick<Clock, 'monotonicMs'>): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let sample = { mean: 0, p99: 0, max: 0 };
  let sampledMs = Number.NEGATIVE_INFINITY;
  const look = () => {
    if (clock.monotonicMs() - sampledMs < SAMPLE_MS || delays.count === 0) return sample;
    // What is measured is the interval between ticks.
    const seconds = (ns: number) => Math.max(0, ns / NS_PER_S - RESOLUTION_MS / 1_000);
    sample = { mean: seconds(delays.mean), p99: seconds(delays.percentile(99)), max: seconds(delays.max) };
    sampledMs = clock.monotonicMs();
    delays.reset();
    return sample;
  };
  createGauge(meter, INSTRUMENTS.loopDelayMean).addCallback((result) => result.observe(look().mean));
  createGauge(meter, INSTRUMENTS.loopDelayP99).addCallback((result) => result.observe(look().p99));
  createGauge(meter, INSTRUMENTS.loopDelayMax).addCallback((result) => result.observe(look().max));
  return () => delays.disable();
}
