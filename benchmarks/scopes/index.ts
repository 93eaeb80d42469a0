import type { Scope } from '../scope.js';
import { drain } from './drain.js';
import { executing } from './executing.js';
import { latency } from './latency.js';
import { makespan } from './makespan.js';
import { packing } from './packing.js';
import { peers } from './peers.js';
import { planning } from './planning.js';
import { proving } from './proving.js';
import { restart } from './restart.js';
import { scaling } from './scaling.js';
import { scheduling } from './scheduling.js';
import { simulate } from './simulate.js';
import { watch } from './watch.js';

/** What `npm run bench -- SCOPE` knows. */
export const SCOPES: Readonly<Record<string, Scope>> = {
  drain,
  executing,
  latency,
  makespan,
  packing,
  peers,
  planning,
  proving,
  scaling,
  scheduling,
  restart,
  simulate,
  watch,
};
