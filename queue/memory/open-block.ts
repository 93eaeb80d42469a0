import { z } from 'zod';
import { type BlockId, type JobHistoryRecord, type ProofSummary, proofSummarySchema } from '../../proto/index.js';
import type { BlockProgress, SubmittedBlock } from '../board/block-board.js';
import { historySchema, submittedSchema } from '../board/board-records.js';
import { readJson } from '../read-json.js';
import { type DurableRecords, decodeText, encodeJson } from './durable-records.js';
import { JobLog } from './job-log.js';

/** All that the board keeps is below it. */
export const BOARD_FOLDER = 'board/';

/** What is durable of an open block, but for its credits and histories. */
const recordSchema = z.strictObject({
  submitted: submittedSchema,
  age: z.int().positive(),
  cancel: z.boolean(),
  checked: z.boolean(),
  /** The latest token that it was claimed with when this was written; 0: none. */
  token: z.int().nonnegative(),
});

type Record = z.infer<typeof recordSchema>;

/**
 * An open block of the board in memory. Its record is durable before anybody sees it, and so is whether it is to be
 * stopped and whether its client proofs are verified; what its owner says of its progress is not, nor who owns it.
 */
export class OpenBlock {
  readonly submitted: SubmittedBlock;
  /** Smaller is older. */
  readonly age: number;
  readonly credits: JobLog<ProofSummary>;
  readonly histories: JobLog<JobHistoryRecord>;
  readonly #records: DurableRecords;
  cancel = false;
  owner: { readonly ownerId: string; readonly token: number } | undefined;
  /** The latest it was claimed with. */
  token = 0;
  progress: BlockProgress = { state: 'preparing', checked: false, jobs: 0, done: 0, running: 0 };
  #saving: Promise<void> = Promise.resolve();
  #isDeleted = false;

  constructor(
    submitted: SubmittedBlock,
    age: number,
    records: DurableRecords,
    onTrouble: (message: string) => void = () => {},
  ) {
    this.submitted = submitted;
    this.age = age;
    this.#records = records;
    const folder = folderOf(submitted.blockId);
    this.credits = new JobLog({ records, prefix: `${folder}credits.`, schema: proofSummarySchema, onTrouble });
    this.histories = new JobLog({ records, prefix: `${folder}histories.`, schema: historySchema, onTrouble });
  }

  /** The block that an earlier process left. undefined where there is none; throws `store-corrupt` for what is none. */
  static async load(
    blockId: BlockId,
    records: DurableRecords,
    onTrouble: (message: string) => void,
  ): Promise<OpenBlock | undefined> {
    const key = `${folderOf(blockId)}block`;
    const bytes = await records.get(key);
    if (bytes === undefined) return undefined;
    const { submitted, age, cancel, checked, token } = readJson(recordSchema, decodeText(bytes), key);
    const block = new OpenBlock(submitted, age, records, onTrouble);
    block.cancel = cancel;
    block.token = token;
    block.progress = { ...block.progress, checked };
    return block;
  }

  get blockId(): BlockId {
    return this.submitted.blockId;
  }

  /** Durable when resolved, as it is then. */
  save(): Promise<void> {
    const write = this.#saving.then(async () => {
      if (this.#isDeleted) return;
      const { submitted, age, cancel, token } = this;
      const record: Record = { submitted, age, cancel, checked: this.progress.checked, token };
      await this.#records.put(`${folderOf(this.blockId)}block`, encodeJson(record));
    });
    this.#saving = write.catch(() => {});
    return write;
  }

  /** Deletes all that is durable of it: the record first, without which the rest is nothing. */
  async delete(): Promise<void> {
    this.#isDeleted = true;
    try {
      // What is being written is there by then, or it would be there again.
      await Promise.all([this.#saving, this.credits.settled(), this.histories.settled()]);
      await this.#records.delete(`${folderOf(this.blockId)}block`);
      await deleteLeftovers(this.blockId, this.#records);
    } catch (thrown) {
      this.#isDeleted = false;
      throw thrown;
    }
  }
}

export async function deleteLeftovers(blockId: BlockId, records: DurableRecords): Promise<void> {
  const keys: string[] = [];
  for await (const key of records.list(folderOf(blockId))) keys.push(key);
  for (const key of keys) await records.delete(key);
}

function folderOf(blockId: BlockId): string {
  return `${BOARD_FOLDER}${blockId}/`;
}
