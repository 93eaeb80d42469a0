import { type Abi, type ClientInputs, encodeInputs, publicInputsOf } from '../../circuits/index.js';
import type { Engine } from '../../cli/index.js';
import { EspalierError } from '../../common/index.js';
import { createProver, type ProveRequest, resolveSrs, type Srs } from '../../native/index.js';
import { makeSampleBlock } from '../../orchestrator/index.js';
import { WitnessPool } from '../../worker/index.js';
import { median } from '../median.js';
import type { Row, ScopeOptions } from '../scope.js';
import { proveRepeatedly } from './each-circuit.js';

/** What the client circuit takes: WASM proves with the canonical SRS only, of which a machine may have but the start. */
const POINTS_NEEDED = 2 ** 15 + 1;
const PROVERS = ['native', 'wasm'] as const;

/**
 * The client proof, which its sender makes, with native Barretenberg and with WASM, on the canonical SRS. Where that is
 * not on this machine, a row that says so.
 */
export async function wasmRows(engine: Engine, cores: number, options: ScopeOptions): Promise<readonly Row[]> {
  let srs: Srs;
  try {
    srs = await canonicalSrs();
  } catch (thrown) {
    const note = `WASM proves with the canonical SRS only: ${EspalierError.from(thrown).message}`;
    return [{ name: 'proving/client/wasm', unit: 's', ...median([Number.NaN]), note }];
  }
  const { witnessMs, ...request } = await clientRequest(engine);
  const started = await Promise.all(PROVERS.map((kind) => createProver({ kind, srs })));
  try {
    const seconds = new Map(PROVERS.map((kind) => [kind, [] as number[]]));
    for (let repetition = 1; repetition <= options.repetitions; repetition++) {
      for (const [index, kind] of PROVERS.entries()) {
        const prover = started[index];
        if (prover === undefined) continue;
        const key = await prover.computeKey(request.circuit);
        const once = { ...options, threads: [cores], repetitions: 1, witnessMs };
        const [made] = await proveRepeatedly(prover, { ...request, key }, once);
        seconds.get(kind)?.push((made?.run.usage.wallMs ?? Number.NaN) / 1000);
      }
    }
    const note = 'canonical SRS';
    return [...seconds].map(([kind, of]) => ({ name: `proving/client/${kind}`, unit: 's', ...median(of), note }));
  } finally {
    await Promise.all(started.map((prover) => prover.stop()));
  }
}

function canonicalSrs(): Promise<Srs> {
  const { env } = process;
  const onWarning = () => undefined;
  return resolveSrs({ choice: 'canonical', pointsNeeded: POINTS_NEEDED, env, allowDownload: false, onWarning });
}

async function clientRequest({
  hasher,
  circuits,
  keys,
}: Engine): Promise<Omit<ProveRequest, 'key'> & { readonly witnessMs: number }> {
  const asked: ClientInputs[] = [];
  const proveClient = async (inputs: ClientInputs) => {
    asked.push(inputs);
    return { proof: new Uint8Array(), srs: 'none' as const };
  };
  await makeSampleBlock(hasher, { txs: 1, calls: 1, seed: 1, proveClient });
  const [inputs] = asked;
  if (inputs === undefined) throw new EspalierError('internal', 'a sample block has a client proof');
  const circuit = circuits.circuit('client');
  const encoded = encodeInputs({ circuit: 'client', inputs }, keys.hashes);
  const witnesses = new WitnessPool(1);
  try {
    const startedMs = performance.now();
    const witness = await witnesses.solve(circuit, encoded);
    const publicInputs = publicInputsOf(circuit.artifact.abi as Abi, encoded);
    return { circuit, publicInputs, witness, witnessMs: performance.now() - startedMs };
  } finally {
    await witnesses.close();
  }
}
