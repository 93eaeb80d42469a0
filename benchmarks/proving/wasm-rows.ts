import { type Abi, type ClientInputs, encodeInputs, publicInputsOf } from '../../circuits/index.js';
import type { Engine } from '../../cli/index.js';
import { EspalierError } from '../../common/index.js';
import { createProver, type ProveRequest, resolveSrs, type Srs } from '../../native/index.js';
import { makeSampleBlock } from '../../orchestrator/index.js';
import { LIMITS } from '../../proto/index.js';
import { WitnessPool } from '../../worker/index.js';
import { median } from '../median.js';
import type { Row, ScopeOptions } from '../scope.js';
import { type CircuitRun, proveRepeatedly } from './each-circuit.js';

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
  const witnesses = new WitnessPool(1);
  const started = await Promise.all(PROVERS.map((kind) => createProver({ kind, srs })));
  try {
    const { request, solve } = await clientRequest(engine, witnesses);
    const runs = new Map(PROVERS.map((kind) => [kind, [] as CircuitRun[]]));
    for (let repetition = 1; repetition <= options.repetitions; repetition++) {
      for (const [index, kind] of PROVERS.entries()) {
        const prover = started[index];
        if (prover === undefined) continue;
        const key = await prover.computeKey(request.circuit);
        const once = { ...options, threads: [cores], repetitions: 1, solve };
        const made = await proveRepeatedly(prover, { ...request, key }, once);
        runs.get(kind)?.push(...made.map(({ run }) => run));
      }
    }
    return clientRows(runs);
  } finally {
    await Promise.all([witnesses.close(), ...started.map((prover) => prover.stop())]);
  }
}

function clientRows(runs: ReadonlyMap<string, readonly CircuitRun[]>): readonly Row[] {
  const row = (what: string, unit: string, of: readonly CircuitRun[], measure: (run: CircuitRun) => number): Row => ({
    name: `proving/client/${what}`,
    unit,
    ...median(of.map(measure)),
    note: 'canonical SRS',
  });
  const all = [...runs.values()].flat();
  return [
    row('witness', 's', all, ({ witnessMs }) => witnessMs / 1000),
    ...[...runs].flatMap(([kind, of]) => [
      row(kind, 's', of, ({ usage }) => usage.wallMs / 1000),
      row(`${kind}/verify`, 's', of, ({ verifyMs }) => verifyMs / 1000),
      row(`${kind}/memory`, 'GB', of, ({ usage }) => (usage.peakMemoryBytes ?? Number.NaN) / 1e9),
    ]),
    { ...row('proof', 'bytes', all, ({ proofBytes }) => proofBytes), target: LIMITS.proofBytesMax },
  ];
}

function canonicalSrs(): Promise<Srs> {
  const { env } = process;
  const onWarning = () => undefined;
  return resolveSrs({ choice: 'canonical', pointsNeeded: POINTS_NEEDED, env, allowDownload: false, onWarning });
}

/** With the witness, and how it is made once more. */
async function clientRequest(
  { hasher, circuits, keys }: Engine,
  witnesses: WitnessPool,
): Promise<{ readonly request: Omit<ProveRequest, 'key'>; readonly solve: () => Promise<Uint8Array> }> {
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
  const publicInputs = publicInputsOf(circuit.artifact.abi as Abi, encoded);
  const solve = () => witnesses.solve(circuit, encoded);
  return { request: { circuit, publicInputs, witness: await solve() }, solve };
}
