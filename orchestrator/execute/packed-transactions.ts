import type { ClientPublic, Instruction, KernelPublic, RollupPublic, VmPublic } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import { type Field, LIMITS } from '../../proto/index.js';
import { SiblingPath, type SiblingPaths } from '../state/index.js';
import { ByteReader, ByteWriter } from './byte-record.js';
import { type ExecutedAccess, type ExecutedCall, ExecutedTransaction } from './executed-transaction.js';
import { PIECE, pieceOf } from './piece-kinds.js';

const CHUNK_BYTES = 4 * 1024 * 1024;

interface Program {
  readonly program: readonly Instruction[];
  readonly salt: Field;
}

/**
 * The executed transactions of one block as bytes: what follows from what else is known is left out, and what many have in
 * common (programs, hashes of the state tree) is kept once. About a third of the memory that the objects take, and none of
 * it is looked at by the garbage collector.
 */
export class PackedTransactions {
  readonly #chunks: Buffer[] = [];
  /** Bytes of the last chunk that are taken. */
  #taken = CHUNK_BYTES;
  /** Chunk and offset of each. */
  readonly #places: [chunks: number[], offsets: number[]] = [[], []];
  readonly #programs = new Map<Field, Program>();
  readonly #writer = new ByteWriter();
  #paths: SiblingPaths | undefined;
  #keysHash: Field = 0n;

  /** One to be filled with the pieces of another. */
  static over(paths: SiblingPaths, keysHash: Field): PackedTransactions {
    const packed = new PackedTransactions();
    packed.#paths = paths;
    packed.#keysHash = keysHash;
    return packed;
  }

  get length(): number {
    return this.#places[0].length;
  }

  /** The next one of the block, all of them executed on one state with one set of keys. */
  add(transaction: ExecutedTransaction): void {
    this.#paths ??= transaction.nullifierPath.paths;
    this.#keysHash = transaction.public.keysHash;
    this.#write(transaction);
    const record = this.#writer.take();
    if (this.#taken + record.length > CHUNK_BYTES) {
      this.#chunks.push(Buffer.alloc(Math.max(CHUNK_BYTES, record.length)));
      this.#taken = 0;
    }
    this.#chunks.at(-1)?.set(record, this.#taken);
    this.#places[0].push(this.#chunks.length - 1);
    this.#places[1].push(this.#taken);
    this.#taken += record.length;
  }

  /** Gives back the room that the next ones would have taken: of small blocks that is most of it. */
  trim(): void {
    const last = this.#chunks.at(-1);
    if (last === undefined || this.#taken >= last.length) return;
    this.#chunks[this.#chunks.length - 1] = Buffer.from(last.subarray(0, this.#taken));
    this.#taken = CHUNK_BYTES;
  }

  at(index: number): ExecutedTransaction | undefined {
    const chunk = this.#chunks[this.#places[0][index] ?? -1];
    if (chunk === undefined) return undefined;
    return this.#read(index, new ByteReader(chunk, this.#places[1][index] ?? 0));
  }

  /** All that it holds, as `addPiece` takes it: pieces of a few megabytes, each made when it is asked for. */
  *pieces(): Generator<Uint8Array> {
    for (const [contract, program] of this.#programs) yield pieceOf(PIECE.programs, encodeProgram(contract, program));
    for (const hashes of this.#paths?.hashes.bytes() ?? []) yield pieceOf(PIECE.hashes, hashes);
    const [chunks, offsets] = this.#places;
    let from = 0;
    for (const [index, chunk] of this.#chunks.entries()) {
      let to = from;
      while (chunks[to] === index) to += 1;
      const places = Buffer.alloc(4 * (to - from + 1));
      places.writeUInt32LE(to - from);
      for (let at = from; at < to; at++) places.writeUInt32LE(offsets[at] ?? 0, 4 * (at - from + 1));
      const isLast = index === this.#chunks.length - 1;
      yield pieceOf(PIECE.transactions, places, isLast ? chunk.subarray(0, this.#taken) : chunk);
      from = to;
    }
  }

  /** Throws an `Error` for what is no piece. The piece is kept, and not to be changed. */
  addPiece(piece: Buffer): void {
    const reader = new ByteReader(piece, 1);
    if (piece[0] === PIECE.programs) this.#programs.set(...decodeProgram(reader));
    else if (piece[0] === PIECE.hashes) this.#paths?.hashes.addBytes(piece.subarray(1));
    else if (piece[0] === PIECE.transactions) {
      const count = reader.integer();
      const records = piece.subarray(1 + 4 + 4 * count);
      this.#chunks.push(records);
      for (let left = count; left > 0; left -= 1) {
        const offset = reader.integer();
        if (offset >= records.length) throw new Error('a transaction lies outside of its piece');
        this.#places[0].push(this.#chunks.length - 1);
        this.#places[1].push(offset);
      }
      // A piece has no room for more.
      this.#taken = CHUNK_BYTES;
    } else throw new Error(`a piece is of the unknown kind ${piece[0]}`);
  }

  #write({ client, calls, public: exposed, nullifierPath }: ExecutedTransaction): void {
    const writer = this.#writer;
    for (const field of [client.nullifier, client.sender, client.callsHash]) writer.field(field);
    for (const field of [exposed.startRoot, exposed.contentHash]) writer.field(field);
    writer.field(calls[0]?.vm.startRoot ?? exposed.endRoot);
    this.#writePath(nullifierPath);
    writer.integer(calls.length);
    for (const call of calls) this.#writeCall(call);
  }

  #writeCall({ vm, kernel, program, salt, calldata, accesses, steps }: ExecutedCall): void {
    const writer = this.#writer;
    this.#programs.set(vm.contract, { program, salt });
    for (const field of [vm.contract, vm.calldataHash, vm.endRoot, vm.returnValue]) writer.field(field);
    for (const field of [kernel.remainingCalls, kernel.outcomeHash]) writer.field(field);
    for (const integer of [vm.gasLimit, vm.gasUsed, steps]) writer.integer(integer);
    writer.byte(vm.reverted ? 1 : 0);
    for (const word of calldata) writer.field(word);
    writer.byte(accesses.length);
    for (const { slot, oldValue, newValue, path } of accesses) {
      for (const field of [slot, oldValue, newValue]) writer.field(field);
      this.#writePath(path);
    }
  }

  #writePath({ places, numbers }: SiblingPath): void {
    this.#writer.bytes(places);
    for (const number of numbers) this.#writer.integer(number);
  }

  #read(index: number, reader: ByteReader): ExecutedTransaction {
    const client: ClientPublic = { nullifier: reader.field(), sender: reader.field(), callsHash: reader.field() };
    const [startRoot, contentHash, kernelRoot] = [reader.field(), reader.field(), reader.field()];
    const nullifierPath = this.#readPath(reader);
    const calls: ExecutedCall[] = [];
    let kernel: KernelPublic = {
      keysHash: this.#keysHash,
      ...client,
      remainingCalls: client.callsHash,
      startRoot: kernelRoot,
      endRoot: kernelRoot,
      gasUsed: 0,
      outcomeHash: 0n,
    };
    for (let left = reader.integer(); left > 0; left -= 1) {
      const call = this.#readCall(reader, kernel);
      calls.push(call);
      kernel = call.kernel;
    }
    const { endRoot, gasUsed, keysHash } = kernel;
    const exposed: RollupPublic = { keysHash, startRoot, endRoot, transactions: 1, gasUsed, contentHash };
    return new ExecutedTransaction({ index, client, calls, public: exposed, nullifierPath });
  }

  #readCall(reader: ByteReader, before: KernelPublic): ExecutedCall {
    const [contract, calldataHash, endRoot, returnValue] = fields(reader, 4) as [Field, Field, Field, Field];
    const [remainingCalls, outcomeHash] = fields(reader, 2) as [Field, Field];
    const [gasLimit, gasUsed, steps] = [reader.integer(), reader.integer(), reader.integer()];
    const reverted = reader.byte() === 1;
    const calldata = fields(reader, LIMITS.calldataWords);
    const accesses: ExecutedAccess[] = [];
    for (let left = reader.byte(); left > 0; left -= 1) {
      const [slot, oldValue, newValue] = fields(reader, 3) as [Field, Field, Field];
      accesses.push({ slot, oldValue, newValue, path: this.#readPath(reader) });
    }
    const { endRoot: startRoot, sender: caller } = before;
    const vm: VmPublic = {
      contract,
      caller,
      calldataHash,
      gasLimit,
      startRoot,
      endRoot,
      reverted,
      returnValue,
      gasUsed,
    };
    const kernel = { ...before, remainingCalls, endRoot, gasUsed: before.gasUsed + gasUsed, outcomeHash };
    return { vm, kernel, ...this.#program(contract), calldata, accesses, steps };
  }

  #readPath(reader: ByteReader): SiblingPath {
    const places = reader.bytes();
    const numbers = Uint32Array.from(places, () => reader.integer());
    if (this.#paths === undefined) throw new EspalierError('internal', 'no transaction was packed');
    return new SiblingPath(this.#paths, places, numbers);
  }

  #program(contract: Field): Program {
    const program = this.#programs.get(contract);
    if (program === undefined) throw new EspalierError('internal', 'a call was packed without its program');
    return program;
  }
}

function fields(reader: ByteReader, count: number): Field[] {
  return Array.from({ length: count }, () => reader.field());
}

function encodeProgram(contract: Field, { program, salt }: Program): Buffer {
  const writer = new ByteWriter();
  writer.field(contract);
  writer.field(salt);
  writer.integer(program.length);
  for (const { op, d, a, b, imm } of program) {
    for (const value of [op, d, a, b]) writer.byte(value);
    writer.field(imm);
  }
  return writer.take();
}

function decodeProgram(reader: ByteReader): [contract: Field, program: Program] {
  const [contract, salt] = [reader.field(), reader.field()];
  const program: Instruction[] = [];
  for (let left = reader.integer(); left > 0; left -= 1) {
    const [op, d, a, b] = [reader.byte(), reader.byte(), reader.byte(), reader.byte()];
    program.push({ op, d, a, b, imm: reader.field() });
  }
  return [contract, { program, salt }];
}
