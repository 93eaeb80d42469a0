import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Noir } from '@noir-lang/noir_js';
import { packageRoot } from '../../common/index.js';
import { type ProveRequest, type Prover, resolveSrs, type Srs } from '../../native/index.js';
import type { CompiledCircuit, VerifierTarget } from '../../proto/index.js';
import { compileTestCircuit } from './compile-test-circuit.js';

/**
 * The SRS that real proofs of tests are made with. The start of the canonical one if it is there, in
 * `ESPALIER_CANONICAL_SRS` or beside the checkout, since it serves native and WASM; else what `auto` finds without a
 * download, which may be the development one.
 */
export async function testSrs(): Promise<Srs> {
  const beside = join(packageRoot(import.meta.url), '..', 'shared', 'srs');
  const folder = process.env['ESPALIER_CANONICAL_SRS'] ?? beside;
  const choice = existsSync(join(folder, 'bn254_g1.dat')) ? { folder } : 'auto';
  const onWarning = () => {};
  return resolveSrs({ choice, pointsNeeded: LARGE_POINTS, env: process.env, allowDownload: false, onWarning });
}

/** A program that iterates `a = a * a + y` from `x`, and exposes `y` and the result. A gate an iteration. */
export interface IteratedSquares {
  readonly circuit: CompiledCircuit;
  readonly witness: Uint8Array;
  /** Another one, for the same circuit with other inputs. */
  readonly otherWitness: Uint8Array;
  readonly publicInputs: readonly string[];
}

export const SMALL_ITERATIONS = 300;
/** 2^15 gates: the largest circuit that the canonical prefix serves. Proven in about a second. */
export const LARGE_ITERATIONS = 20_000;
const LARGE_POINTS = 2 ** 15 + 1;

const programs = new Map<number, Promise<IteratedSquares>>();

/** Compiled and solved once for all tests of a file. */
export function iteratedSquares(iterations: number): Promise<IteratedSquares> {
  const program = programs.get(iterations) ?? compileIteratedSquares(iterations);
  programs.set(iterations, program);
  return program;
}

async function compileIteratedSquares(iterations: number): Promise<IteratedSquares> {
  const source = `
    fn main(x: Field, y: pub Field) -> pub Field {
        let mut a = x;
        for _ in 0..${iterations} { a = a * a + y; }
        a
    }`;
  const circuit = await compileTestCircuit('merge-rollup', source);
  const noir = new Noir(circuit.artifact as unknown as ConstructorParameters<typeof Noir>[0]);
  const { witness, returnValue } = await noir.execute({ x: '3', y: '5' });
  const other = await noir.execute({ x: '4', y: '5' });
  const publicInputs = [`0x${'5'.padStart(64, '0')}`, `0x${String(returnValue).slice(2).padStart(64, '0')}`];
  return { circuit, witness: gunzipSync(witness), otherWitness: gunzipSync(other.witness), publicInputs };
}

export function withTarget(circuit: CompiledCircuit, target: VerifierTarget): CompiledCircuit {
  return { ...circuit, spec: { ...circuit.spec, target } };
}

/** All that a proof of this program for this target takes. */
export async function requestFor(
  prover: Prover,
  iterations = SMALL_ITERATIONS,
  target: VerifierTarget = 'noir-recursive-no-zk',
): Promise<ProveRequest> {
  const { circuit: untargeted, witness, publicInputs } = await iteratedSquares(iterations);
  const circuit = withTarget(untargeted, target);
  const key = await prover.computeKey(circuit);
  return { circuit, key, publicInputs, witness: prover.needsWitness ? witness : null };
}
