import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { cacheFolder, EspalierError } from '../../common/index.js';
import {
  calmTimes,
  type DurationLaw,
  JOB_CIRCUITS,
  type JobCircuit,
  type ProofTimes,
} from '../../orchestrator/index.js';
import { CIRCUIT_NAMES, workMs } from '../../proto/index.js';
import type { CliContext } from '../context.js';
import { ProvingTimes } from '../measures/index.js';

export interface ReadTimings {
  readonly times: ProofTimes;
  /** What they are, for people: a clause. */
  readonly source: string;
}

/** The RFP: "each proof takes roughly 30 seconds to be generated". */
const RFP_MS = 30_000;
const PROOF_MS_MAX = 86_400_000;
const UNITS_MS = { ms: 1, s: 1_000, m: 60_000 } as const;
/** The 95th percentile of the standard normal distribution. */
const Z_95 = 1.6449;
/** More samples of a circuit than this are thinned out evenly. */
const SAMPLES_MAX = 10_000;

/** Circuits that verify as many proofs: where one was not measured, the other's times are taken. */
const ALIKE: readonly (readonly JobCircuit[])[] = [
  ['public-kernel-first', 'public-kernel-next', 'merge-rollup', 'root-rollup'],
  ['base-rollup-public', 'base-rollup-private', 'root-rollup-single'],
];

const ms = z.number().positive().max(PROOF_MS_MAX);
const share = z.number().min(0).max(1);
const lawSchema = z.union([
  ms,
  z.strictObject({ p50Ms: ms, p95Ms: ms }).refine(({ p50Ms, p95Ms }) => p95Ms >= p50Ms, 'p95Ms is below p50Ms'),
  z.strictObject({ p50Ms: ms, meanMs: ms }).refine(({ p50Ms, meanMs }) => meanMs >= p50Ms, 'meanMs is below p50Ms'),
  z.strictObject({ samplesMs: z.array(ms).min(1) }),
]);
const namesOfLaws = [...JOB_CIRCUITS, 'default'] as const;
const timingsSchema = z.strictObject({
  circuits: z.partialRecord(z.enum(namesOfLaws), lawSchema),
  jitter: z.number().min(0).max(0.99).optional(),
  stragglers: z.strictObject({ share, factor: z.number().min(1).max(1_000) }).optional(),
  failures: share.optional(),
});
const timingMs = z.number().nonnegative().nullable();
const manifestSchema = z.object({
  jobs: z.array(
    z.object({
      circuit: z.enum(CIRCUIT_NAMES),
      queuedMs: timingMs,
      witnessMs: timingMs,
      proveMs: timingMs,
      verifyMs: timingMs,
      storeMs: timingMs,
    }),
  ),
});
const measuredSchema = z.array(z.object({ circuit: z.enum(CIRCUIT_NAMES), wallMs: z.array(ms).min(1) }));

type Laws = ReadonlyMap<JobCircuit, DurationLaw>;

/**
 * The times that proofs take: `given` is a time for all of them (`30s`), `measured` (on this machine), or a file: one in
 * the format of docs/sizing.md, or the manifest of a proven block. `needed`: the circuits that there must be times of.
 * Rejects with `usage`.
 */
export async function readTimings(
  given: string | undefined,
  needed: readonly JobCircuit[],
  { cwd, env }: Pick<CliContext, 'cwd' | 'env'>,
): Promise<ReadTimings> {
  if (given === undefined) return { times: constant(RFP_MS), source: "30.0 s a proof, the RFP's estimate" };
  const [, digits, unit] = /^(\d{1,8}(?:\.\d+)?)(ms|s|m)$/.exec(given) ?? [];
  if (digits !== undefined) {
    const eachMs = Number(digits) * UNITS_MS[unit as keyof typeof UNITS_MS];
    if (eachMs <= 0 || eachMs > PROOF_MS_MAX) throw wrong(given, 'a proof takes more than nothing and at most a day');
    return { times: constant(eachMs), source: `${digits} ${unit} a proof` };
  }
  if (given === 'measured') {
    const laws = ofMeasured(await new ProvingTimes(cacheFolder(env)).read());
    return { times: complete(laws, needed, given), source: 'times measured on this machine, witnesses left out' };
  }
  return { ...ofFile(await readJson(resolve(cwd, given), given), needed, given) };
}

function ofFile(content: unknown, needed: readonly JobCircuit[], name: string): ReadTimings {
  const isManifest = typeof content === 'object' && content !== null && 'jobs' in content;
  if (isManifest) {
    const { jobs } = check(manifestSchema, content, name);
    const laws = ofManifest(jobs);
    return { times: complete(laws, needed, name), source: `times of the proofs in ${name}` };
  }
  if (Array.isArray(content)) {
    const laws = ofMeasured(check(measuredSchema, content, name));
    return { times: complete(laws, needed, name), source: `times measured, in ${name}` };
  }
  const { circuits, jitter = 0, stragglers, failures = 0 } = check(timingsSchema, content, name);
  const laws = new Map<JobCircuit, DurationLaw>();
  for (const circuit of JOB_CIRCUITS) {
    const law = circuits[circuit] ?? circuits.default;
    if (law !== undefined) laws.set(circuit, lawOf(law));
  }
  const trouble = { jitter, stragglers: stragglers ?? { share: 0, factor: 1 }, failures };
  return { times: { ...complete(laws, needed, name), ...trouble }, source: `times of ${name}` };
}

function lawOf(law: z.infer<typeof lawSchema>): DurationLaw {
  if (typeof law === 'number') return { kind: 'constant', ms: law };
  if ('samplesMs' in law) return samples(law.samplesMs);
  const sigma =
    'p95Ms' in law ? Math.log(law.p95Ms / law.p50Ms) / Z_95 : Math.sqrt(2 * Math.log(law.meanMs / law.p50Ms));
  return { kind: 'lognormal', medianMs: law.p50Ms, sigma };
}

function ofManifest(jobs: z.infer<typeof manifestSchema>['jobs']): Laws {
  const byCircuit = new Map<JobCircuit, number[]>();
  for (const { circuit, queuedMs, witnessMs, proveMs, verifyMs, storeMs } of jobs) {
    if (circuit === 'client' || witnessMs === null || proveMs === null || verifyMs === null || storeMs === null) {
      continue;
    }
    const spentMs = workMs({ queuedMs: queuedMs ?? 0, witnessMs, proveMs, verifyMs, storeMs });
    if (spentMs > 0) push(byCircuit, circuit, [spentMs]);
  }
  return new Map([...byCircuit].map(([circuit, list]) => [circuit, samples(list)]));
}

/** Of each circuit the newest entry: as its program and the prover are now. */
function ofMeasured(entries: Readonly<z.infer<typeof measuredSchema>>): Laws {
  const laws = new Map<JobCircuit, DurationLaw>();
  for (const { circuit, wallMs } of entries) {
    if (circuit !== 'client' && !laws.has(circuit)) laws.set(circuit, samples(wallMs));
  }
  return laws;
}

function samples(samplesMs: readonly number[]): DurationLaw {
  const step = Math.ceil(samplesMs.length / SAMPLES_MAX);
  return { kind: 'samples', samplesMs: samplesMs.filter((_, i) => i % step === 0) };
}

/** With the times of circuits that are like those which were not measured. */
function complete(laws: Laws, needed: readonly JobCircuit[], name: string): ProofTimes {
  const find = (circuit: JobCircuit): DurationLaw | undefined => {
    const alike = ALIKE.find((circuits) => circuits.includes(circuit)) ?? [];
    return [circuit, ...alike].map((known) => laws.get(known)).find((law) => law !== undefined);
  };
  const missing = needed.filter((circuit) => find(circuit) === undefined);
  if (missing.length > 0) throw wrong(name, `there are no times of ${missing.join(', ')}`);
  return calmTimes((circuit) => find(circuit) ?? { kind: 'constant', ms: RFP_MS });
}

function constant(eachMs: number): ProofTimes {
  return calmTimes(() => ({ kind: 'constant', ms: eachMs }));
}

function push<K, V>(map: Map<K, V[]>, key: K, values: readonly V[]): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [...values]);
  else known.push(...values);
}

async function readJson(path: string, name: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw wrong(name, `it cannot be read as JSON: ${(cause as Error).message}`, cause);
  }
}

function check<T>(schema: z.ZodType<T>, content: unknown, name: string): T {
  const parsed = schema.safeParse(content);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw wrong(name, `${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'not understood'}`);
}

function wrong(given: string, what: string, cause?: unknown): EspalierError {
  return new EspalierError('usage', `--timings ${given}: ${what}`, {
    remedy: 'give a time as 30s or 900ms, "measured", a manifest.json, or a file as `docs/sizing.md` describes it',
    cause,
  });
}
