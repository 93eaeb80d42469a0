import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assemble,
  type ClientInputs,
  contractAddress,
  disassemble,
  type Instruction,
  OP,
  programHash,
} from '../circuits/index.js';
import {
  type ExecutableBlock,
  executeBlock,
  joinInputs,
  makeSampleBlock,
  rootSingleInputs,
} from '../orchestrator/index.js';
import { FIELD_MODULUS } from '../proto/index.js';
import { hasher, keysHash, solve } from './support/solve-witness.js';

/**
 * The executor and the circuits were written from one specification: here the circuits accept what the executor makes.
 * Witnesses only: solving does not check child proofs, so children are filled with zeros.
 */
test('a sample block satisfies every circuit of its tree', { timeout: 180_000 }, async () => {
  const clients: ClientInputs[] = [];
  const block = await makeSampleBlock(hasher, {
    txs: 3,
    calls: [0, 3, 3],
    seed: 11,
    proveClient: async (inputs) => {
      clients.push(inputs);
      return { proof: new Uint8Array(), srs: 'none' };
    },
  });
  const { transactions, rootPublic } = await executeBlock(block, hasher, { keysHash });
  for (const [index, transaction] of transactions.entries()) {
    const inputs = clients[index] ?? expect.unreachable();
    expect(inputs.public).toEqual(transaction.client);
    await solve({ circuit: 'client', inputs });
    for (const call of transaction.calls.keys()) {
      await solve(transaction.vmInputs(call));
      await solve(transaction.kernelInputs(call));
    }
    await solve(transaction.baseInputs());
  }
  const [first, second, third] = transactions;
  if (first === undefined || second === undefined || third === undefined) expect.unreachable();
  const merge = joinInputs(hasher, 'merge-rollup', first, second);
  if (merge.circuit !== 'merge-rollup') expect.unreachable();
  await solve(merge);
  const root = joinInputs(hasher, 'root-rollup', { circuit: merge.circuit, public: merge.inputs.public }, third);
  await solve(root);
  expect(root.inputs.public).toEqual(rootPublic);
  await solve(rootSingleInputs(first));
  await solve(rootSingleInputs(third));
});

/** Programs that mostly halt: few registers and slots, so that values meet, and jumps that mostly go forward. */
const register = fc.integer({ min: 0, max: 3 });
const instruction = (index: number) =>
  fc
    .record({
      op: fc.constantFrom(
        ...Object.values(OP).filter((op) => op > OP.return),
        OP.load,
        OP.store,
        OP.set,
        OP.arg,
        OP.sub,
      ),
      d: register,
      a: register,
      b: register,
      value: fc.oneof(fc.bigInt(0n, 3n), fc.bigInt(0n, 2n ** 64n - 1n)),
      target: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: index + 1, max: 25 }) },
        { weight: 1, arbitrary: fc.nat(25) },
      ),
    })
    .map(({ op, d, a, b, value, target }): Instruction => {
      const imm = op === OP.jump || op === OP.jumpif ? BigInt(target) : op === OP.arg ? value % 8n : value;
      return { op, d, a, b, imm };
    });
const body = fc.tuple(...Array.from({ length: 24 }, (_, index) => instruction(index)));
const ending = fc.record({
  op: fc.constantFrom(OP.return, OP.revert),
  d: fc.constant(0),
  a: register,
  b: fc.constant(0),
  imm: fc.constant(0n),
});
const value = fc.oneof(fc.bigInt(0n, 3n), fc.bigInt(0n, FIELD_MODULUS - 1n));

const RUNS = 10;

describe('random programs', () => {
  function blockOf(
    program: readonly Instruction[],
    calldata: readonly bigint[],
    stored: readonly bigint[],
  ): ExecutableBlock {
    // Through text and back: drops the operands that an instruction does not use.
    const source = disassemble(program);
    const address = contractAddress(hasher, programHash(hasher, assemble(source)), 3n);
    return {
      version: 1,
      start: {
        storage: stored.map((held, slot) => ({ contract: address, slot: BigInt(slot), value: held })),
        nullifiers: [],
      },
      contracts: [{ name: 'random', address, salt: 3n, source }],
      transactions: [{ sender: 2n, nullifier: 1n, calls: [{ contract: address, calldata, gasLimit: 4096 }] }],
    };
  }

  test('run in the circuit as they run outside, to the last unit of gas', { timeout: 300_000 }, async () => {
    let ran = 0;
    const property = fc.asyncProperty(
      fc.tuple(body, ending),
      fc.array(value, { maxLength: 8 }),
      fc.array(value, { maxLength: 4 }),
      async ([instructions, last], calldata, stored) => {
        const block = blockOf([...instructions, last], calldata, stored);
        const execution = await executeBlock(block, hasher, { keysHash }).catch((error) => {
          expect(error.code).toBe('block-not-executable');
        });
        fc.pre(execution !== undefined);
        const call = execution?.transactions[0]?.vmInputs(0);
        if (call?.circuit !== 'public-vm') expect.unreachable();
        const { inputs } = call;
        const { gasUsed } = inputs.public;
        const limitedTo = (gasLimit: number): Promise<void> =>
          solve({ circuit: 'public-vm', inputs: { ...inputs, public: { ...inputs.public, gasLimit } } });
        await limitedTo(gasUsed);
        await expect(limitedTo(gasUsed - 1)).rejects.toThrow('out of gas');
        ran += 1;
      },
    );
    await fc.assert(property, { numRuns: RUNS });
    expect(ran).toBe(RUNS);
  });
});
