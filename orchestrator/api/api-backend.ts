import type { Hasher } from '../../circuits/index.js';
import type { Clock } from '../../common/index.js';
import type { BlockBoard, BlockEvents, Fleet, QueueCounts } from '../../queue/index.js';
import type { BlockStore, ProofStore } from '../../store/index.js';

/** What the API serves, whatever is behind it: Redis and a shared store, or the memory of this process and a folder. */
export interface ApiBackend {
  readonly board: BlockBoard;
  readonly blocks: BlockStore;
  readonly proofs: ProofStore;
  readonly fleet: Fleet;
  readonly events: BlockEvents;
  /** How many jobs wait and are leased. */
  readonly jobCounts: () => Promise<QueueCounts>;
  readonly hasher: Hasher;
  readonly clock: Clock;
  /** Whose blocks these are, for messages: "in namespace espalier". */
  readonly place: string;
}
