import { describe, expect, test } from 'vitest';
import {
  assemble,
  type CircuitInputs,
  type ClientInputs,
  contractAddress,
  type JoinInputs,
  type KernelFirstInputs,
  type KernelNextInputs,
  type KeyHashes,
  nullifierOf,
  programHash,
  type RollupPublic,
  senderOf,
  TAGS,
  type VmInputs,
} from '../../circuits/index.js';
import {
  type ExecutableBlock,
  executeBlock,
  joinInputs,
  joinPublic,
  rootSingleInputs,
} from '../../orchestrator/index.js';
import { StateTree } from '../../orchestrator/state/index.js';
import { hasher, keys, keysHash, solve } from '../support/solve-witness.js';

/**
 * Soundness, link by link: a prover who controls every witness tries to get away with something, and no witness exists.
 * Each case begins from inputs that are accepted (the first test), and changes one thing and whatever hangs on it, so
 * that only the link under test can refuse.
 */

const SOURCE = `
  arg r1 0
  load r2 r0
  add r2 r2 r1
  store r0 r2
  jumpif r1 done
  revert r2
done:
  return r2
`;
const address = contractAddress(hasher, programHash(hasher, assemble(SOURCE)), 1n);
const add = (amount: bigint) => ({ contract: address, calldata: [amount], gasLimit: 100 });
const block: ExecutableBlock = {
  version: 1,
  start: { storage: [{ contract: address, slot: 0n, value: 40n }], nullifiers: [] },
  contracts: [{ name: 'adder', address, salt: 1n, source: SOURCE }],
  transactions: [
    { sender: 5n, nullifier: 1n, calls: [add(1n), add(2n), add(3n)] },
    { sender: 6n, nullifier: 2n, calls: [add(0n)] },
    { sender: 7n, nullifier: 3n, calls: [] },
  ],
};
const { transactions } = await executeBlock(block, hasher, { keysHash });
const [three, reverting, silent] = transactions;
if (three === undefined || reverting === undefined || silent === undefined) throw new Error('the block has three txs');

const vm = (tx: typeof three, call: number): VmInputs => narrow(tx.vmInputs(call), 'public-vm');
const kernelFirst = (tx: typeof three): KernelFirstInputs => narrow(tx.kernelInputs(0), 'public-kernel-first');
const kernelNext = (call: number): KernelNextInputs => narrow(three.kernelInputs(call), 'public-kernel-next');
const basePublic = narrow(three.baseInputs(), 'base-rollup-public');
const basePrivate = narrow(silent.baseInputs(), 'base-rollup-private');
const merge: JoinInputs = narrow(joinInputs(hasher, 'merge-rollup', three, reverting), 'merge-rollup');

function narrow<C extends CircuitInputs['circuit']>(call: CircuitInputs, circuit: C) {
  if (call.circuit !== circuit) throw new Error(`expected inputs of ${circuit}, got ${call.circuit}`);
  return call.inputs as Extract<CircuitInputs, { circuit: C }>['inputs'];
}

const solveVm = (inputs: VmInputs) => solve({ circuit: 'public-vm', inputs });
const solveFirst = (inputs: KernelFirstInputs) => solve({ circuit: 'public-kernel-first', inputs });
const solveNext = (inputs: KernelNextInputs) => solve({ circuit: 'public-kernel-next', inputs });
const solveMerge = (inputs: JoinInputs) => solve({ circuit: 'merge-rollup', inputs });

test('what the cases begin from is accepted', async () => {
  await solveVm(vm(three, 0));
  await solveVm(vm(reverting, 0));
  await solveFirst(kernelFirst(three));
  await solveNext(kernelNext(1));
  await solveNext(kernelNext(2));
  await solve({ circuit: 'base-rollup-public', inputs: basePublic });
  await solve({ circuit: 'base-rollup-private', inputs: basePrivate });
  await solveMerge(merge);
  await solve({ circuit: 'root-rollup', inputs: merge });
});

describe('client', () => {
  const [secret, nonce] = [21n, 4n];
  const sender = senderOf(hasher, secret);
  const nullifier = nullifierOf(hasher, secret, nonce);
  const solveClient = (change: Partial<ClientInputs['public']>) =>
    solve({ circuit: 'client', inputs: { public: { nullifier, sender, callsHash: 0n, ...change }, secret, nonce } });

  test('accepts the sender and the nullifier that follow from a secret, and any calls', async () => {
    await solveClient({});
    await solveClient({ callsHash: 99n });
  });

  test("refuses another's account", async () => {
    await expect(solveClient({ sender: senderOf(hasher, 22n) })).rejects.toThrow("the secret is not the sender's");
  });

  test('refuses a second nullifier for one nonce, and that of another nonce', async () => {
    const refusal = "the nullifier is not the sender's";
    await expect(solveClient({ nullifier: 99n })).rejects.toThrow(refusal);
    await expect(solveClient({ nullifier: nullifierOf(hasher, secret, 5n) })).rejects.toThrow(refusal);
  });
});

describe('public-vm', () => {
  const honest = vm(three, 0);
  const exposing = (change: Partial<VmInputs['public']>, from = honest): VmInputs => ({
    ...from,
    public: { ...from.public, ...change },
  });

  test.each([
    ['less gas than used', { gasUsed: honest.public.gasUsed - 1 }, 'the gas used is not what the program used'],
    ['more gas than used', { gasUsed: honest.public.gasUsed + 1 }, 'the gas used is not what the program used'],
    ['a gas limit below what is used', { gasLimit: honest.public.gasUsed - 1 }, 'out of gas'],
    ['a gas limit above the maximum', { gasLimit: 4097 }, 'the gas limit is above the maximum'],
    ['another return value', { returnValue: 99n }, 'the program returned something else'],
    ['another end of the run', { reverted: true }, 'the program ended otherwise'],
    ['another end root', { endRoot: honest.public.startRoot }, 'the state the program left is another'],
    ['another start root', { startRoot: 1n }, 'a state access does not start from the state'],
    ['another contract', { contract: 9n }, 'the program is not the contract'],
    ['other calldata', { calldataHash: 9n }, 'the calldata is not the call'],
  ])('refuses to expose %s', async (_, change, message) => {
    await expect(solveVm(exposing(change))).rejects.toThrow(message);
  });

  test('refuses a reverted call that keeps its writes', async () => {
    const reverted = vm(reverting, 0);
    expect(reverted.public.reverted).toBe(true);
    // The root that the writes would have led to: the call adds 0 to 46, so write something else and mean it.
    const kept = vm(three, 0).public.endRoot;
    expect(kept).not.toBe(reverted.public.startRoot);
    await expect(solveVm(exposing({ endRoot: kept }, reverted))).rejects.toThrow(
      'the state the program left is another',
    );
    await expect(solveVm(exposing({ reverted: false, endRoot: kept }, reverted))).rejects.toThrow(
      'the program ended otherwise',
    );
  });

  test.each([
    ['is a read that writes', 0, { newValue: 1n }, 'leaves another value than the program'],
    ['writes another value', 1, { newValue: 1n }, 'leaves another value than the program'],
    ['goes to another slot', 1, { slot: 1n }, 'names another slot than the program'],
  ])('refuses a state access that %s', async (_, index, change, message) => {
    const accesses = honest.accesses.map((access, i) => (i === index ? { ...access, ...change } : access));
    await expect(solveVm({ ...honest, accesses })).rejects.toThrow(message);
  });

  test('refuses a state access that reads another value than is stored', async () => {
    // The run that would follow from it is consistent in itself: only the root tells.
    const [read, write] = honest.accesses;
    if (read === undefined || write === undefined) expect.unreachable();
    const accesses = [
      { ...read, oldValue: 41n, newValue: 41n },
      { ...write, oldValue: 41n, newValue: 42n },
    ];
    await expect(solveVm(exposing({ returnValue: 42n }, { ...honest, accesses }))).rejects.toThrow(
      'does not start from',
    );
  });

  test('refuses state accesses left out or swapped', async () => {
    await expect(solveVm({ ...honest, accesses: honest.accesses.slice(0, 1) })).rejects.toThrow('state access');
    await expect(solveVm({ ...honest, accesses: honest.accesses.toReversed() })).rejects.toThrow('state access');
  });

  test('refuses another program under the same address, one instruction changed', async () => {
    const program = honest.program.map((step, i) => (i === 2 ? { ...step, op: step.op + 1 } : step));
    await expect(solveVm({ ...honest, program })).rejects.toThrow('the program is not the contract');
  });

  test('refuses an instruction with an operand moved into its neighbour: packing is injective', async () => {
    const program = honest.program.map((step, i) => (i === 1 ? { ...step, a: step.a + 256, b: step.b - 1 } : step));
    await expect(solveVm({ ...honest, program })).rejects.toThrow();
  });

  test.each([
    ['never halts', 'again:\n  jump again\n', 'did not halt within the step limit'],
    ['jumps out of the program', '', 'a jump leaves the program'],
  ])('refuses a program that %s', async (_, source, message) => {
    const program = source === '' ? [{ op: 9, d: 0, a: 0, b: 0, imm: 64n }] : assemble(source);
    const contract = contractAddress(hasher, programHash(hasher, program), 1n);
    const inputs: VmInputs = { ...exposing({ contract }), program, salt: 1n, accesses: [] };
    await expect(solveVm(inputs)).rejects.toThrow(message);
  });

  test.each([17, 255])('refuses the unknown instruction %i', async (op) => {
    const program = [{ op, d: 0, a: 0, b: 0, imm: 0n }];
    const contract = contractAddress(hasher, programHash(hasher, program), 1n);
    const inputs: VmInputs = { ...exposing({ contract }), program, salt: 1n, accesses: [] };
    await expect(solveVm(inputs)).rejects.toThrow('unknown instruction');
  });

  test('refuses an operand beyond the registers', async () => {
    const program = [{ op: 1, d: 0, a: 16, b: 0, imm: 0n }];
    const contract = contractAddress(hasher, programHash(hasher, program), 1n);
    const inputs: VmInputs = { ...exposing({ contract }), program, salt: 1n, accesses: [] };
    await expect(solveVm(inputs)).rejects.toThrow('there is no such register');
  });
});

describe('kernels', () => {
  const first = kernelFirst(three);
  const second = kernelNext(1);
  const notNext = 'the call is not the next one that the client proof committed to';

  test('refuse a call skipped: the first kernel takes call 1', async () => {
    const skipped = { ...first, vm: { ...second.vm, startRoot: first.vm.startRoot } };
    await expect(solveFirst(skipped)).rejects.toThrow(notNext);
    const rest = kernelNext(1).public.remainingCalls;
    await expect(solveFirst({ ...skipped, public: { ...first.public, remainingCalls: rest } })).rejects.toThrow(
      notNext,
    );
  });

  test('refuse a call repeated: the second kernel takes call 0 again', async () => {
    const again = { ...first.vm, startRoot: second.previous.endRoot };
    await expect(solveNext({ ...second, vm: again })).rejects.toThrow(notNext);
  });

  test('refuse calls swapped: the second kernel takes call 2', async () => {
    const third = { ...kernelNext(2).vm, startRoot: second.previous.endRoot };
    await expect(solveNext({ ...second, vm: third })).rejects.toThrow(notNext);
  });

  test('refuse to say that fewer calls are left than are', async () => {
    await expect(solveFirst({ ...first, public: { ...first.public, remainingCalls: 0n } })).rejects.toThrow(notNext);
  });

  test('refuse a call with another gas limit or calldata than was committed to', async () => {
    await expect(solveFirst({ ...first, vm: { ...first.vm, gasLimit: 4096 } })).rejects.toThrow(notNext);
    await expect(solveFirst({ ...first, vm: { ...first.vm, calldataHash: 1n } })).rejects.toThrow(notNext);
  });

  test('refuse a call run for another sender', async () => {
    await expect(solveFirst({ ...first, vm: { ...first.vm, caller: 99n } })).rejects.toThrow('run for another sender');
  });

  test('refuse a call that does not start from the root that the one before ended in', async () => {
    const vm = { ...second.vm, startRoot: first.vm.startRoot };
    await expect(solveNext({ ...second, vm })).rejects.toThrow('does not start from the state');
  });

  test.each([
    ['gas', { gasUsed: first.public.gasUsed - 1 }],
    ['outcome', { outcomeHash: 0n }],
    ['nullifier', { nullifier: 99n }],
    ['sender', { sender: 99n }],
    ['calls', { callsHash: 99n }],
    ['end root', { endRoot: 99n }],
    ['start root', { startRoot: 99n }],
    ['keys', { keysHash: 99n }],
  ])('refuse to expose another %s', async (_, change) => {
    await expect(solveFirst({ ...first, public: { ...first.public, ...change } })).rejects.toThrow('do not follow');
    await expect(solveNext({ ...second, public: { ...second.public, ...change } })).rejects.toThrow('do not follow');
  });

  test('refuse a kernel that was made under other keys', async () => {
    const previous = { ...second.previous, keysHash: 99n };
    await expect(solveNext({ ...second, previous })).rejects.toThrow('made under other keys');
  });
});

describe('base-rollup', () => {
  const solvePublic = (inputs: typeof basePublic) => solve({ circuit: 'base-rollup-public', inputs });
  const solvePrivate = (inputs: typeof basePrivate) => solve({ circuit: 'base-rollup-private', inputs });

  test('refuses calls left over', async () => {
    const kernel = narrow(three.kernelInputs(1), 'public-kernel-next').public;
    await expect(solvePublic({ ...basePublic, kernel, kernelIsFirst: false })).rejects.toThrow('are left over');
  });

  test('refuses to leave out the calls of a transaction', async () => {
    const client = { ...basePrivate.client, callsHash: three.client.callsHash };
    await expect(solvePrivate({ ...basePrivate, client })).rejects.toThrow('committed to calls');
  });

  test('refuses a nullifier that is spent already', async () => {
    // An honest path in the state after the nullifier was spent, and the roots that go with it.
    const tree = new StateTree(hasher);
    const key = hasher.hash([TAGS.nullifier, basePrivate.client.nullifier]);
    tree.set(key, 1n);
    const again = { ...basePrivate.public, startRoot: tree.root, endRoot: tree.root };
    const nullifierSiblings = tree.siblings(key);
    await expect(solvePrivate({ ...basePrivate, public: again, nullifierSiblings })).rejects.toThrow('spent already');
  });

  test('refuses calls that start from before the nullifier was spent', async () => {
    const kernel = { ...basePublic.kernel, startRoot: basePublic.public.startRoot };
    await expect(solvePublic({ ...basePublic, kernel })).rejects.toThrow('do not start from the state after');
  });

  test('refuses another start root', async () => {
    const exposed = { ...basePublic.public, startRoot: 99n };
    await expect(solvePublic({ ...basePublic, public: exposed })).rejects.toThrow('not of the starting state');
  });

  test.each([
    ['end root', { endRoot: 99n }],
    ['gas', { gasUsed: 0 }],
    ['number of transactions', { transactions: 2 }],
    ['content', { contentHash: 99n }],
    ['keys', { keysHash: 99n }],
  ])('refuses to expose another %s', async (_, change: Partial<RollupPublic>) => {
    const exposed = { ...basePublic.public, ...change };
    await expect(solvePublic({ ...basePublic, public: exposed })).rejects.toThrow(/do not follow|other keys/);
    const own = { ...basePrivate.public, ...change, ...('gasUsed' in change ? { gasUsed: 1 } : {}) };
    await expect(solvePrivate({ ...basePrivate, public: own })).rejects.toThrow(/do not follow|other keys/);
  });
});

describe('merge-rollup and root-rollup', () => {
  const both = async (inputs: JoinInputs, message: string) => {
    await expect(solve({ circuit: 'merge-rollup', inputs })).rejects.toThrow(message);
    await expect(solve({ circuit: 'root-rollup', inputs })).rejects.toThrow(message);
  };

  test('refuse neighbours whose roots do not meet', async () => {
    await both({ ...merge, right: { ...merge.right, startRoot: 99n } }, 'does not start from the state');
    await both({ ...merge, left: merge.right, right: merge.left }, 'does not start from the state');
    await both({ ...merge, right: merge.left }, 'does not start from the state');
  });

  test('refuse a neighbour left out', async () => {
    const gap = joinPublic(hasher, joinPublic(hasher, three.public, reverting.public), silent.public);
    await both({ ...merge, public: gap, left: three.public, right: silent.public }, 'does not start from the state');
  });

  test('refuse children made under other keys', async () => {
    await both({ ...merge, left: { ...merge.left, keysHash: 99n } }, 'the left child was made under other keys');
    await both({ ...merge, right: { ...merge.right, keysHash: 99n } }, 'the right child was made under other keys');
  });

  test('refuse keys of their own choosing', async () => {
    const forged: KeyHashes = { ...keys, 'base-rollup-public': `0x${'1'.repeat(64)}`.replace('0x1', '0x0') };
    await expect(solve({ circuit: 'merge-rollup', inputs: merge }, forged)).rejects.toThrow('under other keys');
  });

  test.each([
    ['start root', { startRoot: 99n }],
    ['end root', { endRoot: 99n }],
    ['gas', { gasUsed: 0 }],
    ['number of transactions', { transactions: 3 }],
    ['content', { contentHash: 99n }],
    ['keys', { keysHash: 99n }],
  ])('refuse to expose another %s', async (_, change: Partial<RollupPublic>) => {
    await both({ ...merge, public: { ...merge.public, ...change } }, 'do not follow');
  });
});

describe('root-rollup-single', () => {
  test('refuses a base that was made under other keys', async () => {
    await solve(rootSingleInputs(three));
    const other = { circuit: three.circuit, public: { ...three.public, keysHash: 99n } };
    await expect(solve(rootSingleInputs(other))).rejects.toThrow('the child was made under other keys');
  });
});
