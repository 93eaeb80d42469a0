import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { EspalierError, isAbandonedTempName, tempName } from '../../common/index.js';
import type { CompiledCircuit, ProverIdentity, ResourceUsage, VerificationKey } from '../../proto/index.js';
import type { CircuitSize, ProveOptions, ProveRequest, ProveResult, Prover, VerifyRequest } from '../prover.js';
import type { Srs } from '../srs/srs.js';
import { ChildGroup, isNotExecutable, type Launch, type ProcessExit } from './child-group.js';
import { barretenbergEnv, createNativeProver } from './native-prover.js';
import { oomKills } from './process-usage.js';
import * as format from './proof-format.js';
import { cancelledWhile, processDied, proverRefused, proverStopped, proverUnavailable } from './prover-failure.js';
import { requirePoints } from './srs-points.js';
import { sampleUsage } from './usage-sampler.js';

/** How long `--version` may take; a program that does not know it is none the worse. */
const VERSION_TIMEOUT_MS = 20_000;
/** Folders of single proofs, below the system's folder for temporary files. */
const FOLDER_NAME = 'espalier-external';

/**
 * Proves with any executable that takes the arguments and files of `bb prove`: a build that uses a GPU, or a wrapper
 * script. Keys and verification are the native prover's work, since such builds may know nothing but `prove`; so a
 * proof by a broken build is noticed by a sound one.
 *
 * Rejects with `prover-unavailable` when either of the two does not start.
 */
export async function createExternalProver(executable: string, srs: Srs): Promise<Prover> {
  const version = await versionOf(executable, srs);
  await sweepAbandoned();
  const identity: ProverIdentity = { kind: 'external', version, srs: srs.name };
  return new ExternalProver(executable, srs, identity, await createNativeProver(srs));
}

class ExternalProver implements Prover {
  readonly needsWitness = true;
  readonly identity: ProverIdentity;
  readonly #executable: string;
  readonly #srs: Srs;
  readonly #native: Prover;
  readonly #running = new Set<ChildGroup>();
  #stopped = false;

  constructor(executable: string, srs: Srs, identity: ProverIdentity, native: Prover) {
    this.#executable = executable;
    this.#srs = srs;
    this.identity = identity;
    this.#native = native;
  }

  async prove(request: ProveRequest, options: ProveOptions): Promise<ProveResult> {
    const { circuit, key } = request;
    const doing = `proving ${circuit.spec.name}`;
    requirePoints(this.#srs, circuit, format.dyadicGatesOfKey(circuit, key));
    const folder = await makeProofFolder();
    try {
      const args = await writeInputs(folder, request, doing);
      const launch = {
        command: this.#executable,
        args: ['prove', ...args, '--verifier_target', circuit.spec.target],
        env: barretenbergEnv(this.#srs, options.threads),
      };
      const usage = await this.#run(launch, doing, options.signal);
      const publicInputs = await readFields(join(folder, 'out', 'public_inputs'), doing);
      const proof = await readFields(join(folder, 'out', 'proof'), doing);
      const exposed = publicInputs.map(format.fieldHex);
      format.assertPublicInputs(circuit.spec.name, exposed, request.publicInputs);
      return { proof: { proof: Buffer.concat(proof), publicInputs: exposed }, usage };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  verify(request: VerifyRequest): Promise<boolean> {
    return this.#native.verify(request);
  }

  computeKey(circuit: CompiledCircuit): Promise<VerificationKey> {
    return this.#native.computeKey(circuit);
  }

  measure(circuit: CompiledCircuit): Promise<CircuitSize> {
    return this.#native.measure(circuit);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.#native.stop(), ...[...this.#running].map((group) => group.kill())]);
  }

  /** Runs the program to its end. Rejects, with the program gone, with the reason in its own words. */
  async #run(launch: Launch, doing: string, signal: AbortSignal | undefined): Promise<ResourceUsage> {
    if (this.#stopped) throw proverStopped(doing);
    if (signal?.aborted) throw cancelledWhile(doing);
    const oomKillsBefore = oomKills();
    const group = new ChildGroup(launch);
    group.stdin.end();
    group.stdout.resume();
    const stopSampling = sampleUsage(group.pid);
    const abort = () => void group.kill();
    signal?.addEventListener('abort', abort, { once: true });
    this.#running.add(group);
    const exit = await group.exited;
    this.#running.delete(group);
    signal?.removeEventListener('abort', abort);
    const usage = stopSampling();
    if (signal?.aborted) throw cancelledWhile(doing);
    if (exit.code === 0) return usage;
    if (this.#stopped) throw proverStopped(doing);
    const oomKilled = oomKillsBefore !== null && (oomKills() ?? 0) > oomKillsBefore;
    throw failure(launch.command, doing, exit, group.lastWords(), oomKilled);
  }
}

function failure(command: string, doing: string, exit: ProcessExit, lastWords: string, oomKilled: boolean) {
  const death = processDied({ doing, command, exit, lastWords, oomKilled });
  const refused = death.code === 'prover-crashed' && exit.code !== null;
  return refused ? proverRefused(doing, `${command} exited with code ${exit.code}: ${lastWords}`) : death;
}

/** For this user's eyes only: a witness is in it. */
async function makeProofFolder(): Promise<string> {
  const folder = join(tmpdir(), tempName(FOLDER_NAME));
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    throw EspalierError.from(error);
  }
  return folder;
}

/** Removes the folders of proofs whose process was killed: megabytes each. */
async function sweepAbandoned(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(`${FOLDER_NAME}~`) || !isAbandonedTempName(name)) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}

/** Writes what `bb prove` reads and returns its arguments. */
async function writeInputs(folder: string, { circuit, key, witness }: ProveRequest, doing: string): Promise<string[]> {
  if (witness === null) throw new EspalierError('inputs-malformed', `no witness for ${doing}`);
  const file = (name: string) => join(folder, name);
  try {
    await mkdir(file('out'));
    await writeFile(file('bytecode.gz'), await compress(circuit.bytecode));
    await writeFile(file('witness.gz'), await compress(witness));
    await writeFile(file('vk'), key.bytes);
  } catch (error) {
    throw EspalierError.from(error);
  }
  return ['-b', file('bytecode.gz'), '-w', file('witness.gz'), '-k', file('vk'), '-o', file('out')];
}

function compress(bytes: Uint8Array): Promise<Buffer> {
  // The files live for one proof: speed matters, size does not.
  return promisify(gzip)(bytes, { level: constants.Z_BEST_SPEED });
}

async function readFields(path: string, doing: string): Promise<Uint8Array[]> {
  const bytes = await readFile(path).catch((error: Error) => {
    throw proverRefused(doing, `it succeeded, but left no result: ${error.message}`);
  });
  const fields = format.splitFields(bytes);
  if (fields === undefined) throw proverRefused(doing, `${path} holds no field elements`);
  return fields;
}

async function versionOf(executable: string, srs: Srs): Promise<string> {
  const group = new ChildGroup({ command: executable, args: ['--version'], env: barretenbergEnv(srs, 1) });
  const timeout = setTimeout(() => void group.kill(), VERSION_TIMEOUT_MS);
  let said = '';
  group.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, 100);
  });
  const exit = await group.exited;
  clearTimeout(timeout);
  if (exit.startError !== undefined || isNotExecutable(exit)) throw proverUnavailable(executable, group.lastWords());
  return exit.code === 0 && said.trim() !== '' ? (said.trim().split('\n')[0] ?? 'unknown') : 'unknown';
}
