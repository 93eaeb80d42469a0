import { SRS_POINTS_NEEDED } from '../../circuits/index.js';
import { DEMO, makeBlock, openEngine, splitsOf } from '../../cli/index.js';
import { probeMachine, resolveSrs } from '../../native/index.js';
import { BareBb } from '../proving/bare-bb.js';
import { circuitRows } from '../proving/circuit-rows.js';
import { compare } from '../proving/compare.js';
import { proveEachCircuit } from '../proving/each-circuit.js';
import { provingRows } from '../proving/proving-rows.js';
import { wasmRows } from '../proving/wasm-rows.js';
import type { Row, Scope, ScopeOptions } from '../scope.js';

export const proving: Scope = {
  description:
    "the demo's block, and its jobs with bare `bb prove` one after another; each circuit alone, by threads; native and WASM",
  // Some five minutes each on two cores; the circuits take nine more for every three.
  repetitions: 3,
  run: measureProving,
};

/** The demo is compared that often, each circuit measured a third as often: its own spread is small, and it takes long. */
const DEMOS_PER_CIRCUIT = 3;

async function measureProving({ repetitions, progress }: ScopeOptions): Promise<readonly Row[]> {
  const { env } = process;
  const say = { onWarning: progress, onWait: progress };
  const engine = await openEngine({ srs: 'auto', prover: { kind: 'native' }, env, ...say });
  try {
    const { srs: name } = engine.prover.identity;
    const srs = await resolveSrs({
      choice: name === 'canonical' ? name : 'development',
      pointsNeeded: SRS_POINTS_NEEDED,
      env,
      allowDownload: false,
      onWarning: () => undefined,
    });
    const { cores } = await probeMachine();
    progress(`proving: making the block, on the ${name} SRS, for ${cores} cores`);
    const signal = new AbortController().signal;
    const block = await makeBlock(engine, { ...DEMO, threads: cores, signal, onProgress: () => undefined });
    const bareProver = (folder: string) => new BareBb(srs, cores, folder);
    const demo = provingRows(await compare(engine, { block, bareProver, repetitions, progress }));
    const threads = splitsOf(cores).map((split) => split.threads);
    const fewer = { repetitions: Math.max(1, Math.floor(repetitions / DEMOS_PER_CIRCUIT)), progress };
    const circuits = circuitRows(await proveEachCircuit(engine, { threads, ...fewer }));
    const alone = [...circuits, ...(await wasmRows(engine, cores, fewer))];
    return [...demo, ...alone.map((row) => ({ ...row, repetitions: fewer.repetitions }))];
  } finally {
    await engine.stop();
  }
}
