import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { settledWithin } from '../../common/index.js';
import type { ApiBackend } from './api-backend.js';

/** How often queue and store are asked, and how long they may take. */
const LOOK_MS = 5_000;
const ANSWER_WITHIN_MS = 3_000;
/** No block has it. */
const NO_BLOCK = '0'.repeat(64);

/**
 * `grpc.health.v1`: SERVING while queue and store answer, for the whole server ('') and for each service by name.
 */
export class Health {
  readonly #implementation: HealthImplementation;
  readonly #services: readonly string[];
  readonly #backend: Pick<ApiBackend, 'board' | 'blocks'>;
  #timer: NodeJS.Timeout | undefined;

  constructor(services: readonly string[], backend: Pick<ApiBackend, 'board' | 'blocks'>) {
    this.#services = ['', ...services];
    this.#backend = backend;
    this.#implementation = new HealthImplementation(
      Object.fromEntries(this.#services.map((name) => [name, 'NOT_SERVING' as const])),
    );
  }

  /** Resolves when it has looked once. */
  async start(server: Pick<Server, 'addService'>): Promise<void> {
    this.#implementation.addToServer(server);
    await this.#look();
    this.#timer = setInterval(() => void this.#look(), LOOK_MS).unref();
  }

  /** It serves no more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#tell(false);
  }

  async #look(): Promise<void> {
    let isThere = false;
    const asked = Promise.all([this.#backend.board.find(NO_BLOCK), this.#backend.blocks.hasBlock(NO_BLOCK)]).then(
      () => {
        isThere = true;
      },
      () => {},
    );
    await settledWithin(asked, ANSWER_WITHIN_MS);
    if (this.#timer !== undefined || isThere) this.#tell(isThere);
  }

  #tell(isServing: boolean): void {
    for (const name of this.#services) this.#implementation.setStatus(name, isServing ? 'SERVING' : 'NOT_SERVING');
  }
}
