import { gunzipSync } from 'node:zlib';
import { abi, type CompiledCircuit, type InputMap, Noir } from '@noir-lang/noir_js';
import { move } from 'piscina';
import { EspalierError } from '../common/index.js';
import { witnessError } from './witness-error.js';
import type { WitnessResult, WitnessTask } from './witness-task.js';

/** Circuits this thread has parsed. Bounded: far more than a protocol has, so that nothing is ever parsed twice. */
const CIRCUITS_MAX = 64;
const circuits = new Map<string, CompiledCircuit>();

/** Runs in a thread of `WitnessPool`. */
export default async function solveWitness(task: WitnessTask): Promise<WitnessResult> {
  try {
    const artifact = parsedArtifact(task);
    const inputs = task.inputs as InputMap;
    try {
      const { witness } = await new Noir(artifact).execute(inputs);
      // A copy, since what is moved must own its memory.
      return move(new Uint8Array(gunzipSync(witness))) as Uint8Array;
    } catch (thrown) {
      throw witnessError(thrown, () => abi.abiEncode(artifact.abi, inputs));
    }
  } catch (thrown) {
    return EspalierError.from(thrown).toSerialized();
  }
}

function parsedArtifact({ bytecodeHash, artifactJson }: WitnessTask): CompiledCircuit {
  const known = circuits.get(bytecodeHash);
  if (known) return known;
  // A text decoder refuses shared memory, so the bytes are copied out first.
  const artifact = JSON.parse(Buffer.from(artifactJson).toString('utf8')) as CompiledCircuit;
  if (circuits.size >= CIRCUITS_MAX) circuits.clear();
  circuits.set(bytecodeHash, artifact);
  return artifact;
}
