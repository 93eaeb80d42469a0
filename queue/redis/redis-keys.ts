/**
 * Names of everything in Redis but the job queues (whose names are BullMQ's: `bullmq/`). All begin with the namespace in
 * braces, so that in a Redis Cluster one namespace is one slot and scripts may touch any of it.
 */
export class RedisKeys {
  /** `{espalier}`: also BullMQ's `prefix`. */
  readonly prefix: string;

  constructor(namespace: string) {
    this.prefix = `{${namespace}}`;
  }

  /** Exists while the process of this session (a worker, an orchestrator) lives: see `Heart`. */
  alive(sessionId: string): string {
    return `${this.prefix}:alive:${sessionId}`;
  }

  /** See `docs/cluster.md`, "Who is dead": set while nobody may be declared dead. */
  get grace(): string {
    return `${this.prefix}:grace`;
  }

  /** Exists while some orchestrator looks for the dead. */
  get watched(): string {
    return `${this.prefix}:watched`;
  }

  of(...parts: readonly string[]): string {
    return [this.prefix, ...parts].join(':');
  }
}

export const NAMESPACE_DEFAULT = 'espalier';
