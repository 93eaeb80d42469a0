import { setImmediate } from 'node:timers/promises';
import { type ClientInputs, clientPublic, type Hasher, nullifierOf, senderOf } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import {
  type Block,
  type BlockPart,
  type Call,
  type ClientProof,
  collectBlock,
  type Field,
  LIMITS,
} from '../../proto/index.js';
import { HASH_LOOP_ROUNDS_MAX, SAMPLE_GAS_LIMITS, type SampleContractName, sampleContracts } from './contracts.js';
import { SeededRandom } from './seeded-random.js';

export interface SampleBlockOptions {
  /** Transactions, 1 to `LIMITS.transactionsMax`. */
  readonly txs: number;
  /** Calls of each transaction, or a list that transactions take their number from in turn. */
  readonly calls: number | readonly number[];
  /** A safe integer; the same seed makes the same block (but for what `proveClient` draws). */
  readonly seed: number;
  /** Makes a client proof: a real one by the client circuit, or bytes that stand for one in a simulation. */
  readonly proveClient: (inputs: ClientInputs, transaction: number) => Promise<ClientProof>;
  readonly signal?: AbortSignal;
  /** Told after each transaction. */
  readonly onProgress?: (done: number, total: number) => void;
}

interface Account {
  readonly secret: Field;
  readonly sender: Field;
  nonce: bigint;
}

interface Cast {
  readonly random: SeededRandom;
  readonly accounts: readonly Account[];
  readonly addresses: Readonly<Record<SampleContractName, Field>>;
}

const ACCOUNTS_MAX = 64;
const FUNDS = 1_000_000_000n;
/** What calls do, in turn: of six, two revert. */
const SCRIPT = ['transfer', 'count', 'fail', 'repeat', 'transfer', 'overdraw'] as const;

/** The whole of `sampleBlockParts`: for small ones. */
export function makeSampleBlock(hasher: Hasher, options: SampleBlockOptions): Promise<Block> {
  return collectBlock(sampleBlockParts(hasher, options));
}

/**
 * A block with real content, transaction by transaction: funded accounts that transfer tokens, count, hash in a loop, and
 * at times revert. Rejects with `usage` for numbers out of range, with `cancelled`, or as `proveClient` does.
 */
export async function* sampleBlockParts(hasher: Hasher, options: SampleBlockOptions): AsyncGenerator<BlockPart> {
  const { txs, proveClient, signal, onProgress } = options;
  const counts = checkedCounts(options);
  const random = new SeededRandom(options.seed);
  const contracts = sampleContracts(hasher, random.field());
  const accounts = Array.from({ length: Math.min(txs, ACCOUNTS_MAX) }, () => makeAccount(hasher, random));
  const addresses = Object.fromEntries(contracts.map(({ name, address }) => [name, address])) as Cast['addresses'];
  const cast: Cast = { random, accounts, addresses };
  const storage = accounts.map(({ sender }) => ({ contract: addresses.token, slot: sender, value: FUNDS }));
  yield { kind: 'header', version: 1 };
  yield { kind: 'state', storage, nullifiers: [] };
  yield { kind: 'contracts', contracts };
  let calls = 0;
  for (let index = 0; index < txs; index += 1) {
    const account = pick(accounts, index);
    const wanted = counts[index % counts.length] ?? 0;
    const made = Array.from({ length: wanted }, (_, call) => makeCall(cast, calls + call));
    calls += wanted;
    const inputs = clientInputs(hasher, account, made);
    const { sender, nullifier } = inputs.public;
    const transaction = { sender, nullifier, calls: made, clientProof: await proveClient(inputs, index) };
    yield { kind: 'transactions', transactions: [transaction] };
    onProgress?.(index + 1, txs);
    await setImmediate();
    if (signal?.aborted) throw new EspalierError('cancelled', 'making the block was cancelled');
  }
}

function makeAccount(hasher: Hasher, random: SeededRandom): Account {
  const secret = random.field();
  return { secret, sender: senderOf(hasher, secret), nonce: 0n };
}

function clientInputs(hasher: Hasher, account: Account, calls: readonly Call[]): ClientInputs {
  const { secret, sender, nonce } = account;
  account.nonce += 1n;
  const nullifier = nullifierOf(hasher, secret, nonce);
  return { public: clientPublic(hasher, { nullifier, sender, calls }), secret, nonce };
}

function makeCall({ random, accounts, addresses }: Cast, index: number): Call {
  const call = (contract: SampleContractName, ...calldata: Field[]): Call => ({
    contract: addresses[contract],
    calldata,
    gasLimit: SAMPLE_GAS_LIMITS[contract],
  });
  switch (pick(SCRIPT, index)) {
    case 'transfer':
      return call('token', anyone(), BigInt(random.integer(1, 1000)));
    case 'overdraw':
      return call('token', anyone(), FUNDS * BigInt(ACCOUNTS_MAX) + BigInt(random.integer(1, 1000)));
    case 'count':
      return call('counter', BigInt(random.integer(1, 1000)));
    case 'repeat':
      return call('hash-loop', BigInt(random.integer(4, HASH_LOOP_ROUNDS_MAX)), random.field());
    case 'fail':
      return call('reverter', random.field(), BigInt(random.integer(1, 1000)));
  }

  function anyone(): Field {
    return pick(accounts, random.integer(0, accounts.length - 1)).sender;
  }
}

/** The element at an index, going round. */
function pick<T>(list: readonly T[], index: number): T {
  const element = list[index % list.length];
  if (element === undefined) throw new EspalierError('internal', 'nothing to pick from');
  return element;
}

function checkedCounts({ txs, calls, seed }: SampleBlockOptions): readonly number[] {
  const counts = typeof calls === 'number' ? [calls] : calls;
  checkInteger('txs', txs, 1, LIMITS.transactionsMax);
  checkInteger('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  if (counts.length === 0) throw new EspalierError('usage', 'calls is empty', { remedy: 'give one number or more' });
  for (const count of counts) checkInteger('calls', count, 0, LIMITS.callsPerTransactionMax);
  let total = 0;
  for (let index = 0; index < txs; index += 1) total += counts[index % counts.length] ?? 0;
  checkInteger('calls of all transactions', total, 0, LIMITS.callsMax);
  return counts;
}

function checkInteger(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new EspalierError('usage', `${what}: ${value} is out of range`, {
    remedy: `use an integer from ${min} to ${max}`,
  });
}
