import { BackendType, BarretenbergSync } from '@aztec/bb.js';
import type { Hasher } from '../../circuits/index.js';
import { fieldFromBytes, fieldToBytes } from '../../proto/index.js';

export interface HashCosts {
  readonly oursUs: number;
  /** Barretenberg's own WASM, through its interface. */
  readonly barretenbergUs: number;
}

const TURNS = 10;

/** Microseconds of one permutation of each, taking turns; each is given what it made the time before. */
export async function compareHashers(hasher: Hasher, permutations: number): Promise<HashCosts> {
  const api = await BarretenbergSync.new({ backend: BackendType.Wasm });
  let [ours, theirs] = [1n, 1n];
  let [oursMs, theirsMs] = [0, 0];
  const each = Math.ceil(permutations / TURNS);
  for (let turn = 0; turn < TURNS; turn++) {
    const startedMs = performance.now();
    for (let i = 0; i < each; i++) ours = hasher.permute([ours, 1n, 2n, 3n])[0];
    const betweenMs = performance.now();
    for (let i = 0; i < each; i++) {
      const { outputs } = api.poseidon2Permutation({ inputs: [theirs, 1n, 2n, 3n].map(fieldToBytes) });
      theirs = fieldFromBytes(outputs[0] ?? new Uint8Array());
    }
    oursMs += betweenMs - startedMs;
    theirsMs += performance.now() - betweenMs;
  }
  if (ours !== theirs) throw new Error('the two hashers differ');
  return { oursUs: (1e3 * oursMs) / (TURNS * each), barretenbergUs: (1e3 * theirsMs) / (TURNS * each) };
}
