import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { EspalierError } from '../../common/index.js';
import { type ProveRequest, type Srs, sampleUsage } from '../../native/index.js';
import { fieldsFromBytes, type ResourceUsage } from '../../proto/index.js';
import type { BareProver, BareRun } from './bare-prover.js';

/**
 * `bb prove` as its user would call it: the same binary, SRS and verification keys as Espalier has, and all cores. Its
 * files lie in a folder a job below `folder`; `wallMs` is from the start of `bb` to its end and nothing else.
 */
export class BareBb implements BareProver {
  readonly #srs: Srs;
  readonly #threads: number;
  readonly #folder: string;

  constructor(srs: Srs, threads: number, folder: string) {
    this.#srs = srs;
    this.#threads = threads;
    this.#folder = folder;
  }

  async prepare(name: string, { circuit, key, witness }: ProveRequest): Promise<() => Promise<BareRun>> {
    if (witness === null) throw new EspalierError('inputs-malformed', `no witness for ${name}`);
    const folder = join(this.#folder, name);
    const file = (part: string) => join(folder, part);
    await mkdir(folder, { recursive: true });
    await writeFile(file('bytecode.gz'), gzipSync(circuit.bytecode));
    await writeFile(file('witness.gz'), gzipSync(witness));
    await writeFile(file('vk'), key.bytes);
    const files = ['-b', file('bytecode.gz'), '-w', file('witness.gz'), '-k', file('vk'), '-o', file('out')];
    const args = ['prove', ...files, '--verifier_target', circuit.spec.target];
    return async () => {
      await rm(file('out'), { recursive: true, force: true });
      await mkdir(file('out'));
      const usage = await this.#run(name, args);
      const publicInputs = fieldsFromBytes(await readFile(file('out/public_inputs')));
      return { usage, proof: { proof: await readFile(file('out/proof')), publicInputs } };
    };
  }

  async #run(name: string, args: readonly string[]): Promise<ResourceUsage> {
    const env = { ...process.env, CRS_PATH: this.#srs.folder, HARDWARE_CONCURRENCY: `${this.#threads}` };
    const child = spawn(this.#srs.bbPath, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
    const stopSampling = sampleUsage(child.pid);
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const usage = stopSampling();
    if (code === 0) return usage;
    throw new EspalierError('prover-rejected', `bare bb prove of ${name} ended with ${code}: ${said.trim()}`);
  }
}
