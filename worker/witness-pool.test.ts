import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CompiledCircuit } from '../proto/index.js';
import { compileTestCircuit } from '../tests/support/compile-test-circuit.js';
import { watchThreads } from '../tests/support/live-threads.js';
import { WitnessPool } from './witness-pool.js';

const SOURCE = `
struct Pair { a: u32, b: [Field; 2] }

fn check(x: Field, y: Field) {
    assert(x != y, "x and y are the same");
}

fn main(x: Field, y: pub Field, p: Pair, rounds: u32) {
    check(x, y);
    assert(p.a as Field == p.b[0]);
    // Unconstrained, so that a test can make a witness take as long as it likes.
    // Safety: nothing depends on it.
    let spun = unsafe { spin(rounds) };
    assert(spun == rounds);
}

unconstrained fn spin(rounds: u32) -> u32 {
    let mut done: u32 = 0;
    for _ in 0..rounds {
        done = done + 1;
    }
    done
}
`;

const GOOD = { x: '0x1', y: '0x2', p: { a: '0x3', b: ['0x3', '0x4'] }, rounds: '0x1' };
const ENDLESS = { ...GOOD, rounds: '0xffffffff' };

const COMPILE_TIMEOUT_MS = 60_000;
const threads = watchThreads();
let circuit: CompiledCircuit;
let pool: WitnessPool;

beforeAll(async () => {
  circuit = await compileTestCircuit('public-vm', SOURCE);
  pool = new WitnessPool(1);
}, COMPILE_TIMEOUT_MS);

afterAll(async () => {
  await pool.close();
  await threads.ended();
});

describe('WitnessPool', () => {
  it('solves a circuit, the same every time', async () => {
    const first = await pool.solve(circuit, GOOD);
    // A witness stack in ACIR's binary format, not gzip.
    expect([first[0], first[1]]).not.toEqual([0x1f, 0x8b]);
    expect(first.byteLength).toBeGreaterThan(100);
    expect(await pool.solve(circuit, GOOD)).toEqual(first);
    expect(await pool.solve(circuit, { ...GOOD, x: '0x5' })).not.toEqual(first);
  });

  it('names the assertion that does not hold, and its place', async () => {
    await expect(pool.solve(circuit, { ...GOOD, x: '0x2' })).rejects.toMatchObject({
      code: 'witness-unsatisfied',
      message: expect.stringMatching(/^circuit public-vm: x and y are the same \(at .*main\.nr:5:\d+\)$/),
    });
    await expect(pool.solve(circuit, { ...GOOD, p: { a: '0x3', b: ['0x9', '0x4'] } })).rejects.toMatchObject({
      code: 'witness-unsatisfied',
      message: expect.stringContaining('main.nr:10:'),
    });
  });

  it('names the opcode where the artefact has no debug symbols', async () => {
    const { abi, bytecode, noir_version } = circuit.artifact;
    const bare = { ...circuit, bytecodeHash: 'bare', artifact: { abi, bytecode, noir_version } };
    await expect(pool.solve(bare, { ...GOOD, x: '0x2' })).rejects.toMatchObject({
      code: 'witness-unsatisfied',
      message: expect.stringMatching(/^circuit public-vm: x and y are the same \(at opcode [\d.]+\)$/),
    });
  });

  it.each([
    ['a missing parameter', { x: '0x1', y: '0x2', rounds: '0x1' }, 'Expected argument `p`'],
    ['text that is no number', { ...GOOD, x: 'hello' }, '`x` is invalid'],
    ['an integer out of range', { ...GOOD, p: { a: '0x1ffffffff', b: ['0x3', '0x4'] } }, '`p.a`'],
    ['an array of another length', { ...GOOD, p: { a: '0x3', b: ['0x3'] } }, '`p.b`'],
  ])('refuses %s', async (_name, inputs, message) => {
    await expect(pool.solve(circuit, inputs)).rejects.toMatchObject({
      code: 'inputs-malformed',
      message: expect.stringContaining(message),
    });
  });

  it('says of a program it cannot read what the solver says', async () => {
    const broken = { ...circuit, bytecodeHash: 'broken', artifact: { ...circuit.artifact, bytecode: 'AAAA' } };
    await expect(pool.solve(broken, GOOD)).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('deserialize'),
    });
  });

  it('ends a witness that is being made and one that waits, and works on', async () => {
    const controller = new AbortController();
    const making = pool.solve(circuit, ENDLESS, controller.signal);
    const waiting = pool.solve(circuit, GOOD, controller.signal);
    const later = pool.solve(circuit, GOOD);
    controller.abort();
    await expect(making).rejects.toMatchObject({ code: 'cancelled' });
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    expect((await later).byteLength).toBeGreaterThan(100);
    await expect(pool.solve(circuit, GOOD, AbortSignal.abort())).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('ends what is under way when it is closed', async () => {
    const closing = new WitnessPool(1);
    const making = closing.solve(circuit, ENDLESS);
    const [outcome] = await Promise.allSettled([making, closing.close()]);
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'cancelled' } });
    await expect(closing.solve(circuit, GOOD)).rejects.toMatchObject({ code: 'cancelled' });
    await closing.close();
  });
});
