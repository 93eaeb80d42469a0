import type { Plot } from './plot.js';

/** The pictures of the report, in the order in which they stand in their sections. */
export const PLOTS: readonly Plot[] = [
  {
    name: 'latency-percentiles',
    title: 'Latency on an idle fleet, 99th percentile',
    xLabel: '',
    yLabel: 'ms',
    kind: 'bar',
    points: /^latency\/(?<series>espalier|bullmq)\/(?<x>[a-z-]+)\/p99$/,
  },
];
