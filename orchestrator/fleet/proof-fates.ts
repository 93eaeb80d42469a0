import type { ErrorCode } from '../../common/index.js';
import type { JobId, Profile, ResourceClass } from '../../proto/index.js';
import type { JobCircuit } from '../plan/index.js';
import { type DurationLaw, isRandom, type ProofTimes } from './proof-times.js';
import { Random } from './random.js';

/** How one attempt at a proof will end, and after which time. */
export interface ProofFate {
  readonly wallMs: number;
  /** undefined: it will be proven. */
  readonly failure: ErrorCode | undefined;
}

/**
 * What becomes of each attempt. It follows from the seed, the job and the attempt alone, and not from who proves it when:
 * so fleets of different sizes are compared on the very same proofs.
 */
export class ProofFates {
  readonly #times: ProofTimes;
  readonly #seed: number;
  readonly #timeoutMs: Profile['timeoutMs'];
  readonly #isRandom: boolean;

  constructor(times: ProofTimes, seed: number, timeoutMs: Profile['timeoutMs']) {
    this.#times = times;
    this.#seed = seed;
    this.#timeoutMs = timeoutMs;
    this.#isRandom = isRandom(times);
  }

  /** Beyond the time limit of its class an attempt fails, as a worker would end it. */
  of(jobId: JobId, circuit: JobCircuit, resourceClass: ResourceClass, attempt: number): ProofFate {
    const law = this.#times.laws[circuit];
    const timeoutMs = this.#timeoutMs[resourceClass];
    if (!this.#isRandom) return inTime(draw(law, NO_RANDOM), timeoutMs);
    const { stragglers, failures } = this.#times;
    const random = this.#randomOf(jobId, attempt);
    const usualMs = this.#usualMs(law, random);
    const fate = inTime(random.chance(stragglers.share) ? usualMs * stragglers.factor : usualMs, timeoutMs);
    const fails = random.chance(failures);
    return fails ? { wallMs: fate.wallMs * random.next(), failure: 'prover-crashed' } : fate;
  }

  /** What the first attempt would take if it neither failed nor was a straggler. */
  usualMs(jobId: JobId, circuit: JobCircuit): number {
    const law = this.#times.laws[circuit];
    return this.#isRandom ? this.#usualMs(law, this.#randomOf(jobId, 1)) : draw(law, NO_RANDOM);
  }

  #usualMs(law: DurationLaw, random: Random): number {
    const { jitter } = this.#times;
    return draw(law, random) * random.between(1 - jitter, 1 + jitter);
  }

  #randomOf(jobId: JobId, attempt: number): Random {
    let hash = (this.#seed ^ 0x811c9dc5) >>> 0;
    for (let i = 0; i < jobId.length; i++) hash = Math.imul(hash ^ jobId.charCodeAt(i), 0x01000193);
    return new Random(Math.imul(hash ^ attempt, 0x01000193));
  }
}

const NO_RANDOM = new Random(0);

function inTime(wallMs: number, timeoutMs: number): ProofFate {
  return wallMs > timeoutMs ? { wallMs: timeoutMs, failure: 'prover-timeout' } : { wallMs, failure: undefined };
}

function draw(law: DurationLaw, random: Random): number {
  switch (law.kind) {
    case 'constant':
      return law.ms;
    case 'lognormal':
      return law.medianMs * Math.exp(law.sigma * random.normal());
    case 'samples':
      return random.pick(law.samplesMs) ?? Number.NaN;
  }
}
