import { join } from 'node:path';
import { z } from 'zod';
import type { CircuitSet } from '../../circuits/index.js';
import type { CircuitSize, Prover } from '../../native/index.js';
import { CIRCUIT_NAMES, type CircuitName } from '../../proto/index.js';
import { readCached, writeCached } from './machine-file.js';

const schema = z.record(z.string(), z.object({ gates: z.int().positive(), dyadicGates: z.int().positive() }));

export interface SizeSource {
  readonly circuits: CircuitSet;
  readonly prover: Pick<Prover, 'identity' | 'measure'>;
  readonly cacheFolder: string;
  /** Told of each circuit that has to be measured: up to some seconds for one. */
  readonly onMeasure: (circuit: CircuitName) => void;
}

/** Gates of all circuits; counted once for each circuit and prover version, and then kept in the cache. */
export async function circuitSizes(source: SizeSource): Promise<ReadonlyMap<CircuitName, CircuitSize>> {
  const { circuits, prover, cacheFolder, onMeasure } = source;
  const path = join(cacheFolder, 'measures', `sizes-${prover.identity.kind}-${prover.identity.version}.json`);
  const known = await readCached(path, schema, {});
  const sizes = new Map<CircuitName, CircuitSize>();
  // Written anew with these circuits alone, so that it does not grow with every change of a circuit.
  const current: Record<string, CircuitSize> = {};
  let measured = false;
  for (const name of CIRCUIT_NAMES) {
    const circuit = circuits.circuit(name);
    const key = `${circuit.spec.target} ${circuit.bytecodeHash}`;
    let size = known[key];
    if (size === undefined) {
      onMeasure(name);
      size = await prover.measure(circuit);
      measured = true;
    }
    current[key] = size;
    sizes.set(name, size);
  }
  if (measured) await writeCached(path, current);
  return sizes;
}
