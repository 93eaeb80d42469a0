import { SRS_POINTS_NEEDED } from '../../circuits/index.js';
import { DEMO, makeBlock, openEngine } from '../../cli/index.js';
import { probeMachine, resolveSrs } from '../../native/index.js';
import { BareBb } from '../proving/bare-bb.js';
import { compare } from '../proving/compare.js';
import { provingRows } from '../proving/proving-rows.js';
import type { Row, Scope, ScopeOptions } from '../scope.js';

export const proving: Scope = {
  description: "proves the demo's block, and its jobs with bare `bb prove` one after another",
  // One takes some five minutes on two cores.
  repetitions: 1,
  run: measureProving,
};

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
    return provingRows(await compare(engine, { block, bareProver, repetitions, progress }));
  } finally {
    await engine.stop();
  }
}
