import { type CircuitSet, findKeys } from '../../circuits/index.js';
import { cacheFolder } from '../../common/index.js';
import { createProver, findBb, pointsNeeded, proofFields, type Srs } from '../../native/index.js';
import {
  CIRCUIT_NAMES,
  type CircuitName,
  type ClassRequirement,
  type Profile,
  type ProverIdentity,
  type ResourceClass,
  requirementOf,
  resourceClassOf,
} from '../../proto/index.js';
import { median } from '../manifest/index.js';
import { circuitSizes, type ProvingTime, ProvingTimes } from '../measures/index.js';
import { requireProver } from './require-prover.js';

/** What there is to know of a circuit without proving it. */
export interface CircuitFacts {
  readonly circuit: CircuitName;
  readonly gates: number;
  readonly dyadicGates: number;
  readonly srsPoints: number;
  /** Null where it was neither published nor computed yet: keys depend on the SRS. */
  readonly keyHash: string | null;
  readonly isKeyPublished: boolean;
  readonly resourceClass: ResourceClass;
  readonly requirement: ClassRequirement;
  readonly proofBytes: number;
  /** Proving times on this machine, the latest first; by prover and threads. */
  readonly times: readonly MeasuredTime[];
}

export interface MeasuredTime extends Pick<ProvingTime, 'prover' | 'version' | 'threads'> {
  readonly proofs: number;
  readonly medianMs: number;
}

export interface ListCircuitsOptions {
  readonly circuits: CircuitSet;
  readonly srs: Srs['name'];
  readonly profile: Profile;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told of each circuit whose gates have to be counted. */
  readonly onMeasure: (circuit: CircuitName) => void;
}

const FIELD_BYTES = 32;

/** Facts of all circuits. Needs `bb` for their gates, and no SRS. */
export async function listCircuits(
  options: ListCircuitsOptions,
): Promise<{ readonly prover: ProverIdentity; readonly circuits: readonly CircuitFacts[] }> {
  const { circuits, env, profile, onMeasure } = options;
  const cache = cacheFolder(env);
  await requireProver({ kind: 'native' }, env);
  // Counting gates takes no points, so this SRS has none: any other use of the prover would be refused.
  const srs: Srs = { name: options.srs, folder: cache, points: 0, bbPath: findBb(env) };
  const prover = await createProver({ kind: 'native', srs });
  try {
    const sizes = await circuitSizes({ circuits, prover, cacheFolder: cache, onMeasure });
    const keys = await findKeys({ circuits, identity: prover.identity, cacheFolder: cache });
    const times = await new ProvingTimes(cache).read();
    const facts = CIRCUIT_NAMES.map((name): CircuitFacts => {
      const { spec, bytecodeHash } = circuits.circuit(name);
      const { gates = 0, dyadicGates = 0 } = sizes.get(name) ?? {};
      const resourceClass = resourceClassOf(profile, name);
      const key = keys.get(name);
      return {
        circuit: name,
        gates,
        dyadicGates,
        srsPoints: pointsNeeded(dyadicGates, spec.target),
        keyHash: key?.key.hash ?? null,
        isKeyPublished: key?.isPublished ?? false,
        resourceClass,
        requirement: requirementOf(profile, resourceClass),
        proofBytes: FIELD_BYTES * proofFields(spec.target, Math.log2(dyadicGates)),
        times: times.filter((time) => time.bytecodeHash === bytecodeHash).map(summarize),
      };
    });
    return { prover: prover.identity, circuits: facts };
  } finally {
    await prover.stop();
  }
}

function summarize({ prover, version, threads, wallMs }: ProvingTime): MeasuredTime {
  return { prover, version, threads, proofs: wallMs.length, medianMs: median(wallMs) ?? 0 };
}
