import { join } from 'node:path';
import { Piscina } from 'piscina';
import { EspalierError, packageRoot } from '../common/index.js';
import type { AbiInputs, CompiledCircuit } from '../proto/index.js';
import type { WitnessResult, WitnessTask } from './witness-task.js';

/** Witnesses waiting for a thread. A worker stages far fewer jobs than that. */
const QUEUE_MAX = 256;

/**
 * Makes witnesses in threads, off the event loop. The threads run the compiled `dist/worker/witness-entry.cjs`, also
 * where this file runs as TypeScript.
 */
export class WitnessPool {
  readonly #piscina: Piscina<WitnessTask, WitnessResult>;
  /** By circuit, so that its artefact is turned into text once and shared by all threads. */
  readonly #artifacts = new Map<string, Uint8Array>();
  #closed = false;

  constructor(threads: number) {
    this.#piscina = new Piscina<WitnessTask, WitnessResult>({
      filename: join(packageRoot(import.meta.url), 'dist', 'worker', 'witness-entry.cjs'),
      // One is kept warm; others end after a while, since a WASM memory never shrinks.
      minThreads: 1,
      maxThreads: threads,
      idleTimeout: 30_000,
      maxQueue: QUEUE_MAX,
    });
  }

  /**
   * The solved witness of a circuit, uncompressed. `inputs` hold the child proofs too.
   * Rejects with `witness-unsatisfied` (the assertion and its place), `inputs-malformed` (the parameter) or `cancelled`;
   * aborting ends a witness that is being made with its thread.
   */
  async solve(circuit: CompiledCircuit, inputs: AbiInputs, signal?: AbortSignal): Promise<Uint8Array> {
    const { bytecodeHash } = circuit;
    const task: WitnessTask = { bytecodeHash, artifactJson: this.#artifactJson(circuit), inputs };
    const result = await this.#run(task, signal);
    if (result instanceof Uint8Array) return result;
    const error = EspalierError.fromSerialized(result);
    throw new EspalierError(error.code, `circuit ${circuit.spec.name}: ${error.message}`);
  }

  /** Ends all threads; what is under way is ended too. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#piscina.destroy();
  }

  async #run(task: WitnessTask, signal: AbortSignal | undefined): Promise<WitnessResult> {
    // The pool below would start threads again.
    if (this.#closed) throw new EspalierError('cancelled', 'the witness pool is closed');
    try {
      return await this.#piscina.run(task, signal === undefined ? {} : { signal });
    } catch (thrown) {
      if (this.#closed || signal?.aborted) {
        throw new EspalierError('cancelled', 'cancelled while making a witness', { cause: thrown });
      }
      throw EspalierError.from(thrown);
    }
  }

  #artifactJson(circuit: CompiledCircuit): Uint8Array {
    const known = this.#artifacts.get(circuit.bytecodeHash);
    if (known) return known;
    const json = Buffer.from(JSON.stringify(circuit.artifact));
    const shared = new Uint8Array(new SharedArrayBuffer(json.byteLength));
    shared.set(json);
    this.#artifacts.set(circuit.bytecodeHash, shared);
    return shared;
  }
}
