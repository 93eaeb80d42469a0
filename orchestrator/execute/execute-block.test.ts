import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  assemble,
  calldataHash,
  callHash,
  contractAddress,
  createHasher,
  nullifierKey,
  programHash,
  type RollupPublic,
  stateLeaf,
  storageKey,
  type VmInputs,
} from '../../circuits/index.js';
import type { EspalierError } from '../../common/index.js';
import { type Call, type Contract, type Field, partsOf } from '../../proto/index.js';
import { makeSampleBlock } from '../sample/index.js';
import { StateTree } from '../state/index.js';
import type { ExecutableBlock } from './block-executor.js';
import { type ExecutablePart, executeBlock, executeParts, executeTransactions } from './execute-block.js';
import type { ExecutedTransaction } from './executed-transaction.js';
import { joinInputs, joinPublic, rootSingleInputs } from './joins.js';

const hasher = await createHasher();
const keysHash = 1234n;
const proveClient = async () => ({ proof: new Uint8Array(), srs: 'none' as const });

function contractOf(name: string, source: string): Contract {
  const address = contractAddress(hasher, programHash(hasher, assemble(source)), 1n);
  return { name, address, salt: 1n, source };
}

const writer = contractOf('writer', 'arg r1 0\narg r2 1\nload r3 r1\nstore r1 r2\nreturn r3');
const failer = contractOf('failer', 'arg r1 0\narg r2 1\nload r3 r1\nstore r1 r2\nload r4 r1\nrevert r4');
const spinner = contractOf('spinner', 'here: jump here');

const call = (contract: Contract, ...calldata: Field[]): Call => ({
  contract: contract.address,
  calldata,
  gasLimit: 100,
});

function blockOf(...transactions: Call[][]): ExecutableBlock {
  return {
    version: 1,
    start: { storage: [{ contract: writer.address, slot: 1n, value: 10n }], nullifiers: [999n] },
    contracts: [writer, failer, spinner],
    transactions: transactions.map((calls, index) => ({ sender: 5n, nullifier: BigInt(index), calls })),
  };
}

function rootOf(key: Field, value: Field, siblings: readonly Field[]): Field {
  let node = stateLeaf(hasher, key, value);
  for (let level = 0; level < 32; level += 1) {
    const children = siblings.slice(3 * level, 3 * level + 3);
    children.splice(Number((key >> BigInt(2 * level)) & 3n), 0, node);
    node = hasher.compress(...(children as [Field, Field, Field, Field]));
  }
  return node;
}

/** Follows the accesses of a call as its circuit does; returns the root behind the last one. */
function follow({ public: { contract, startRoot }, accesses }: VmInputs): Field {
  return accesses.reduce((root, { slot, oldValue, newValue, siblings }) => {
    const key = storageKey(hasher, contract, slot);
    expect(rootOf(key, oldValue, siblings)).toBe(root);
    return rootOf(key, newValue, siblings);
  }, startRoot);
}

/** All that is asked of a transaction. */
function inputsOf(transaction: ExecutedTransaction) {
  const { index, client, calls, circuit, public: exposed } = transaction;
  const ofCalls = calls.map(({ steps }, call) => [steps, transaction.vmInputs(call), transaction.kernelInputs(call)]);
  return { index, client, circuit, exposed, ofCalls, base: transaction.baseInputs() };
}

/** Checks every circuit's inputs of an execution against each other, as the circuits will. */
function checkChain(transactions: readonly ExecutedTransaction[]): void {
  let before: RollupPublic | undefined;
  for (const transaction of transactions) {
    const base = transaction.baseInputs();
    expect(transaction.public.startRoot).toBe(before?.endRoot ?? transaction.public.startRoot);
    if (base.circuit !== 'base-rollup-private' && base.circuit !== 'base-rollup-public') throw new Error(base.circuit);
    const key = nullifierKey(hasher, transaction.client.nullifier);
    expect(rootOf(key, 0n, base.inputs.nullifierSiblings)).toBe(transaction.public.startRoot);
    let root = rootOf(key, 1n, base.inputs.nullifierSiblings);
    let gasUsed = 0;
    for (const [index, { kernel }] of transaction.calls.entries()) {
      const vm = transaction.vmInputs(index);
      if (vm.circuit !== 'public-vm') throw new Error(vm.circuit);
      const { public: exposed } = vm.inputs;
      expect(exposed.startRoot).toBe(root);
      const written = follow(vm.inputs);
      expect(exposed.endRoot).toBe(exposed.reverted ? root : written);
      expect(exposed.calldataHash).toBe(calldataHash(hasher, vm.inputs.calldata));
      expect(contractAddress(hasher, programHash(hasher, vm.inputs.program), vm.inputs.salt)).toBe(exposed.contract);
      root = exposed.endRoot;
      gasUsed += exposed.gasUsed;
      expect(kernel).toMatchObject({ endRoot: root, gasUsed, sender: exposed.caller });
      const inputs = transaction.kernelInputs(index);
      expect(inputs.circuit).toBe(index === 0 ? 'public-kernel-first' : 'public-kernel-next');
      expect(inputs.inputs.public).toBe(kernel);
      if (inputs.circuit === 'public-kernel-next') {
        expect(inputs.inputs.previousIsFirst).toBe(index === 1);
        expect(inputs.inputs.previous).toBe(transaction.calls[index - 1]?.kernel);
      }
    }
    if (base.circuit === 'base-rollup-public') {
      expect(base.inputs.kernel).toBe(transaction.calls.at(-1)?.kernel);
      expect(base.inputs.kernelIsFirst).toBe(transaction.calls.length === 1);
    }
    expect(transaction.calls.at(-1)?.kernel.remainingCalls ?? 0n).toBe(0n);
    expect(transaction.public).toMatchObject({ endRoot: root, gasUsed, transactions: 1, keysHash });
    before = transaction.public;
  }
}

test('writes persist, reverts leave nothing but their gas, and a transaction without calls spends its nullifier', async () => {
  const block = blockOf(
    [call(writer, 1n, 20n), call(failer, 1n, 30n)],
    [],
    [call(writer, 1n, 40n), call(writer, 2n, 0n)],
  );
  const execution = await executeBlock(block, hasher, { keysHash });
  checkChain(execution.transactions);
  const [first, second, third] = execution.transactions;
  expect(first?.calls[0]?.vm).toMatchObject({
    reverted: false,
    returnValue: 10n,
    gasUsed: 51,
    gasLimit: 100,
    caller: 5n,
  });
  expect(first?.calls[1]?.vm).toMatchObject({ reverted: true, returnValue: 30n, gasUsed: 67 });
  expect(first?.calls[1]?.accesses.map(({ oldValue, newValue }) => [oldValue, newValue])).toEqual([
    [0n, 0n],
    [0n, 30n],
    [30n, 30n],
  ]);
  expect(second?.circuit).toBe('base-rollup-private');
  expect(third?.calls[0]?.vm.returnValue).toBe(20n);

  const tree = new StateTree(hasher);
  tree.set(nullifierKey(hasher, 999n), 1n);
  tree.set(storageKey(hasher, writer.address, 1n), 10n);
  expect(execution.rootPublic.startRoot).toBe(tree.root);
  for (const nullifier of [0n, 1n, 2n]) tree.set(nullifierKey(hasher, nullifier), 1n);
  tree.set(storageKey(hasher, writer.address, 1n), 40n);
  expect(execution.rootPublic).toMatchObject({
    endRoot: tree.root,
    transactions: 3,
    gasUsed: 51 + 67 + 51 + 51,
    keysHash,
  });
});

test('outcomes and contents are hashed as specified', async () => {
  const calls = [call(writer, 1n, 20n), call(failer, 1n, 30n)];
  const { transactions } = await executeBlock(blockOf(calls), hasher, { keysHash });
  const [transaction] = transactions;
  const [one, two] = calls.map((made) => callHash(hasher, made)) as [Field, Field];
  const outcome = hasher.hash([11n, hasher.hash([11n, 0n, one, 0n, 10n, 51n]), two, 1n, 30n, 67n]);
  const callsHash = hasher.hash([10n, one, hasher.hash([10n, two, 0n])]);
  expect(transaction?.calls[0]?.kernel.remainingCalls).toBe(hasher.hash([10n, two, 0n]));
  expect(transaction?.public.contentHash).toBe(hasher.hash([12n, 0n, 5n, callsHash, outcome]));
});

test('the root covers all transactions, whatever their number', async () => {
  const { transactions, rootPublic } = await executeBlock(blockOf([], [], [], [], []), hasher, { keysHash });
  const [a, b, c, d, e] = transactions.map((transaction) => transaction.public) as [RollupPublic, ...RollupPublic[]] &
    Record<0 | 1 | 2 | 3 | 4, RollupPublic>;
  const join = (left: RollupPublic, right: RollupPublic) => joinPublic(hasher, left, right);
  expect(rootPublic).toEqual(join(join(join(a, b), join(c, d)), e));
  expect(rootPublic.contentHash).toBe(
    hasher.hash([
      13n,
      hasher.hash([
        13n,
        hasher.hash([13n, a.contentHash, b.contentHash]),
        hasher.hash([13n, c.contentHash, d.contentHash]),
      ]),
      e.contentHash,
    ]),
  );
  expect(() => join(a, c)).toThrow('neighbours');
  const [first, second] = transactions;
  if (first === undefined || second === undefined) expect.unreachable();
  expect(joinInputs(hasher, 'merge-rollup', first, second).inputs).toEqual({
    public: join(a, b),
    left: a,
    leftCircuit: 'base-rollup-private',
    right: b,
    rightCircuit: 'base-rollup-private',
  });
  expect(rootSingleInputs(first).inputs).toEqual({ public: a, child: a, childCircuit: 'base-rollup-private' });
});

test.each<[string, ExecutableBlock, string, string]>([
  [
    'gas',
    blockOf([], [call(writer, 1n), { ...call(writer, 1n), gasLimit: 30 }]),
    'block-not-executable',
    'tx 1, call 1: out of gas at step 4 (instruction 3 "store r1 r2"): needs 50, gas limit is 30; raise gasLimit (at most 4096)',
  ],
  [
    'steps',
    blockOf([{ ...call(spinner), gasLimit: 4096 }]),
    'block-not-executable',
    'tx 0, call 0: no end at step 129',
  ],
  [
    'contract',
    blockOf([{ contract: 3n, calldata: [], gasLimit: 9 }]),
    'block-not-executable',
    'tx 0, call 0: unknown contract 0x',
  ],
  [
    'nullifier',
    { ...blockOf([]), start: { storage: [], nullifiers: [0n] } },
    'duplicate-nullifier',
    'tx 0: nullifier 0x',
  ],
])('refuses a block that breaks a limit: %s', async (_, block, code, line) => {
  const error = await executeBlock(block, hasher, { keysHash }).then(
    () => expect.fail('was not refused'),
    (thrown: EspalierError) => thrown,
  );
  expect(error).toMatchObject({ code });
  expect(error.toLine()).toContain(line);
});

test('tells progress, and stops when it is aborted', async () => {
  const controller = new AbortController();
  const told: number[] = [];
  const onProgress = (done: number) => {
    told.push(done);
    if (done === 2) controller.abort();
  };
  const running = executeBlock(blockOf([call(writer)], [call(writer)], [call(writer)]), hasher, {
    keysHash,
    onProgress,
    signal: controller.signal,
  });
  await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  expect(told).toEqual([1, 2]);
});

test('gives out transactions one at a time', async () => {
  const seen: number[] = [];
  const { contracts, transactions } = blockOf([], [call(writer)], []);
  const parts: readonly ExecutablePart[] = [
    { kind: 'contracts', contracts },
    { kind: 'transactions', transactions: transactions.slice(0, 2) },
    { kind: 'transactions', transactions: transactions.slice(2) },
  ];
  for await (const { index } of executeTransactions(parts, hasher, { keysHash })) seen.push(index);
  expect(seen).toEqual([0, 1, 2]);
});

test('every sample block runs, and its circuits fit together', { timeout: 120_000 }, async () => {
  const counts = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), counts, fc.integer(), async (txs, calls, seed) => {
      const block = await makeSampleBlock(hasher, { txs, calls, seed, proveClient });
      const { transactions, rootPublic } = await executeBlock(block, hasher, { keysHash });
      checkChain(transactions);
      // The same in parts, and packed.
      const packed = await executeParts(partsOf(block), hasher, { keysHash });
      expect(packed.rootPublic).toEqual(rootPublic);
      expect(packed.transactions.length).toBe(txs);
      expect(packed.transactions.at(txs)).toBeUndefined();
      const unpacked = transactions.map(({ index }) => packed.transactions.at(index) ?? expect.fail('it is not there'));
      checkChain(unpacked);
      expect(unpacked.map(inputsOf)).toEqual(transactions.map(inputsOf));
    }),
    { numRuns: 10 },
  );
});
