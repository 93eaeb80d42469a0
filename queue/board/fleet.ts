import type { WorkerInfo } from '../../proto/index.js';

/** The workers of a cluster. */
export interface Fleet {
  /** All living workers, by id. */
  list(): Promise<readonly WorkerInfo[]>;
  /** Tells a worker to take no more jobs and to end when it has finished those it has. False if it is not there. */
  drain(workerId: string, reason: string): Promise<boolean>;
  /**
   * Calls when workers came, went of their own accord, or have more or less to do than before, and when the connection is
   * back: a few times a second at most. A worker that dies is not heard of: it is missing from the next `list`.
   */
  onChange(listener: () => void): () => void;
}

/** A worker's own entry. It vanishes with the worker's session. */
export interface FleetEntry {
  /** Tells the fleet what this worker is and does. Changes are gathered: at most a few writes a second. */
  update(info: WorkerInfo): void;
  /** Calls once when someone wants this worker to drain, with the reason. */
  onDrain(listener: (reason: string) => void): void;
  close(): Promise<void>;
}
