import type { Clock, EspalierError } from '../../common/index.js';
import type { BlockId, Profile, RunEventBody } from '../../proto/index.js';
import type { BlockClaim } from '../../queue/index.js';
import type { PrepareTools } from '../run/index.js';
import type { SchedulerOptions } from '../schedule/index.js';
import type { RawPorts } from './cluster-ports.js';

export interface OrchestratorOptions extends RawPorts {
  readonly tools: PrepareTools;
  /** Which class each circuit is of, and which class is larger than another. */
  readonly profile: Profile;
  /** Default: that of the system. */
  readonly clock?: Clock;
  /** Deletes no proof of a job; default false. */
  readonly keepProofs?: boolean;
  /** Blocks owned at once: each holds its execution in memory. Default 16. */
  readonly blocksMax?: number;
  readonly scheduling?: Pick<SchedulerOptions, 'durationsMs' | 'retries' | 'stragglers'>;
  /**
   * Hears of each block that this orchestrator comes to own. `whenGone` resolves when it does so no more, with whether it
   * was being ended here (else it is someone else's).
   */
  readonly onClaimed?: (claim: BlockClaim, whenGone: Promise<boolean>) => void;
  readonly onEvent?: (blockId: BlockId, event: RunEventBody) => void;
  /**
   * Hears of what no block can be blamed for: an outage, once; a worker that is drained; jobs that no worker is there for,
   * once a minute. Default: a process warning.
   */
  readonly onFault?: (error: EspalierError) => void;
}
