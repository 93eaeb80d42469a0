import { type FileHandle, open, readFile } from 'node:fs/promises';
import { EspalierError } from '../../common/index.js';
import { type JobId, type ProofSummary, proofSummarySchema } from '../../proto/index.js';

/** How a job came to be proven: what made its latest proof, and how many times one was made. */
export interface JournalEntry {
  readonly summary: ProofSummary;
  /** 1, unless a stored proof was damaged and had to be made again. */
  readonly proofs: number;
}

/**
 * Who proved what in a block, across runs: one JSON line for each proof, appended and synced before anything is deleted
 * that the proof replaces. Child proofs are deleted when their parent is durable, so the journal and not the store
 * knows the cost of the whole block. A line that a crash cut short is dropped: its proof is still in the store, since
 * deletions come after, and the next run writes the line again. So is one that says nothing of a proof: what a damaged
 * journal has lost is missing in the manifest, and no proof is.
 */
export class RunJournal {
  readonly #file: FileHandle;
  readonly #entries: Map<JobId, JournalEntry>;

  private constructor(file: FileHandle, entries: Map<JobId, JournalEntry>) {
    this.#file = file;
    this.#entries = entries;
  }

  static async open(path: string): Promise<RunJournal> {
    const entries = new Map<JobId, JournalEntry>();
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    for (const line of whole.split('\n')) {
      const summary = parseLine(line);
      if (summary !== undefined) record(entries, summary);
    }
    const file = await open(path, 'a');
    if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole));
    return new RunJournal(file, entries);
  }

  get entries(): ReadonlyMap<JobId, JournalEntry> {
    return this.#entries;
  }

  /** Durable when resolved. Noting the very same proof again changes nothing. */
  async note(summary: ProofSummary): Promise<void> {
    const known = this.#entries.get(summary.jobId)?.summary;
    if (known?.finishedAtMs === summary.finishedAtMs && known.workerId === summary.workerId) return;
    try {
      await this.#file.appendFile(`${JSON.stringify(summary)}\n`);
      await this.#file.datasync();
    } catch (thrown) {
      throw EspalierError.from(thrown, 'store-unavailable');
    }
    record(this.#entries, summary);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function record(entries: Map<JobId, JournalEntry>, summary: ProofSummary): void {
  entries.set(summary.jobId, { summary, proofs: (entries.get(summary.jobId)?.proofs ?? 0) + 1 });
}

function parseLine(line: string): ProofSummary | undefined {
  if (line === '') return undefined;
  try {
    return proofSummarySchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined; // Torn by a crash of the machine in the middle of the file.
  }
}
