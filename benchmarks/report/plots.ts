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
  {
    name: 'proving-circuits',
    title: 'One proof with nothing beside it, by threads',
    xLabel: '',
    yLabel: 's',
    kind: 'bar',
    points: /^proving\/(?<x>(?!demo)[a-z-]+)\/prove\/(?<series>\d+)$/,
    limit: { value: 30, label: '30 s a proof' },
  },
  {
    name: 'packing-rates',
    title: 'Proofs a minute by split of the cores (proofs at a time x threads)',
    xLabel: '',
    yLabel: 'proofs/min',
    kind: 'bar',
    points: /^packing\/(?<series>[a-z-]+)\/(?<x>\d+x\d+)\/rate$/,
  },
  {
    name: 'drain-rates',
    title: 'Draining a tree of 6,143 jobs that do nothing',
    xLabel: '',
    yLabel: 'jobs/s',
    kind: 'bar',
    points: /^drain\/(?<x>(?:bullmq|espalier)[a-z-]*)$/,
  },
  {
    name: 'simulate-fleets',
    title: 'The smallest fleet that proves a block in 15 minutes, at 30 s a proof',
    xLabel: 'transactions, two calls each',
    yLabel: 'cores',
    kind: 'line',
    points: /^simulate\/fleet\/(?<x>\d+)\/(?<series>cores)$/,
    scale: { x: 'log', y: 'log' },
  },
];
