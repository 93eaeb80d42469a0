import { tmpdir } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import type { Hasher } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import {
  type BlockFacts,
  type BlockOutline,
  type BlockPart,
  checkPart,
  encodePart,
  LIMITS,
  PartBatcher,
  PartSequence,
} from '../../proto/index.js';
import type { BlockStore } from '../../store/index.js';
import { BlockCheck } from './block-check.js';
import { PartSpool } from './part-spool.js';

export interface BlockIntakeOptions {
  readonly hasher: Hasher;
  /** Where it spools what comes. Default: the system's folder for temporary files. */
  readonly folder?: string;
  /** Of all parts together, as they are stored. Default `LIMITS.blockLinesBytesMax`. */
  readonly bytesMax?: number;
}

/** What a block turned out to be when it was there to its end. */
export type ReceivedBlock = BlockFacts;

/**
 * Takes one block, part by part, from whoever it comes from: every part is checked when it comes, and lies on the disk
 * until all are there. Nothing of it is in the store before `store`. In memory are about a megabyte, and some 500 bytes a
 * transaction.
 *
 * It is *open* until `finish` or a refusal. After a refusal it takes nothing more; whatever comes of it, close it.
 */
export class BlockIntake {
  readonly #spool: PartSpool;
  readonly #bytesMax: number;
  readonly #sequence = new PartSequence();
  readonly #check: BlockCheck;
  readonly #batcher = new PartBatcher();
  /** For each piece on the disk, how many transactions are in those before it. */
  readonly #starts: number[] = [];
  #spooledTransactions = 0;
  #state: 'open' | 'refused' | 'finished' = 'open';
  #outline: BlockOutline | undefined;

  private constructor(spool: PartSpool, { hasher, bytesMax = LIMITS.blockLinesBytesMax }: BlockIntakeOptions) {
    this.#spool = spool;
    this.#bytesMax = bytesMax;
    this.#check = new BlockCheck(hasher);
  }

  static async open(options: BlockIntakeOptions): Promise<BlockIntake> {
    return new BlockIntake(await PartSpool.open(options.folder ?? tmpdir()), options);
  }

  /**
   * Checks the next part and spools it. One at a time. Rejects with `block-invalid` or `duplicate-nullifier`, naming the
   * place in the whole block, and with `store-unavailable` or `disk-full` where it cannot be spooled.
   */
  add(part: BlockPart): Promise<void> {
    return this.#whileOpen(async () => {
      const checked = checkPart(part, this.#sequence);
      for (const small of eachContract(checked)) {
        this.#check.add(small);
        // Assembling and hashing a program takes a millisecond or more.
        if (small.kind === 'contracts') await setImmediate();
      }
      for (const full of this.#batcher.add(checked)) await this.#put(full);
    });
  }

  /** Nothing more comes. Rejects as `add` does. */
  finish(): Promise<ReceivedBlock> {
    return this.#whileOpen(async () => {
      for (const full of this.#batcher.end()) await this.#put(full);
      this.#sequence.end();
      const { facts, outline } = this.#check.finish();
      this.#outline = outline;
      this.#state = 'finished';
      return facts;
    });
  }

  /** Writes it to the store, durably. To be called when it is finished, any number of times. */
  async store(blocks: Pick<BlockStore, 'putBlock'>): Promise<void> {
    if (this.#outline === undefined) throw new EspalierError('internal', 'the block is not there to its end');
    await blocks.putBlock({ outline: this.#outline, starts: this.#starts, pieces: () => this.#spool.pieces() });
  }

  /** Deletes what was spooled. Idempotent. */
  close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'refused';
    return this.#spool.close();
  }

  async #whileOpen<T>(run: () => Promise<T>): Promise<T> {
    if (this.#state !== 'open')
      throw new EspalierError('internal', `the block takes no more parts: it is ${this.#state}`);
    try {
      return await run();
    } catch (thrown) {
      this.#state = 'refused';
      throw thrown;
    }
  }

  async #put(part: BlockPart): Promise<void> {
    const piece = encodePart(part);
    if (this.#spool.bytes + piece.length > this.#bytesMax) {
      throw new EspalierError('block-invalid', `the block has more than ${this.#bytesMax} bytes`, {
        remedy: 'split the block',
      });
    }
    await this.#spool.add(piece);
    this.#starts.push(this.#spooledTransactions);
    if (part.kind === 'transactions') this.#spooledTransactions += part.transactions.length;
  }
}

function* eachContract(part: BlockPart): Generator<BlockPart> {
  if (part.kind !== 'contracts') yield part;
  else for (const contract of part.contracts) yield { kind: 'contracts', contracts: [contract] };
}
