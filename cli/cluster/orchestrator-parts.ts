import type { BlockBoard, BlockEvents, BlockOwner, Fleet, JobProducer, QueueCounts } from '../../queue/index.js';
import type { BlockStore, ProofStore } from '../../store/index.js';

/** What an orchestrator drives its blocks with, whatever is behind it: Redis and a shared store, or one process and a folder. */
export interface OrchestratorParts {
  readonly orchestratorId: string;
  readonly board: BlockBoard;
  readonly owner: BlockOwner;
  readonly events: BlockEvents;
  readonly queue: JobProducer;
  readonly fleet: Fleet;
  readonly blocks: BlockStore;
  readonly proofs: ProofStore;
  /** How many jobs wait and are leased. */
  jobCounts(): Promise<QueueCounts>;
  /** Where all this is, for the log: what it names is shown, without passwords. */
  readonly place: Readonly<Record<string, string>>;
}

/** `redis://host:6379, namespace espalier, store /srv/espalier`. */
export function placeText({ redis, namespace, store }: OrchestratorParts['place']): string {
  return [redis, namespace === undefined ? undefined : `namespace ${namespace}`, `store ${store}`]
    .filter((part) => part !== undefined)
    .join(', ');
}
