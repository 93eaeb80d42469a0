import { once } from 'node:events';
import { EspalierError } from '../../common/index.js';
import type { Heart } from '../redis/heart.js';
import type { LeaseKeeper } from './lease-keeper.js';

/** So often a worker makes sure that Redis and it agree on its leases, and asks for jobs that it was not told of. */
const LOOK_INTERVAL_MS = 1_000;

interface Session {
  /** Of the latest attempt to begin it; undefined where that was refused. */
  begun: Promise<void> | undefined;
  isAlive: boolean;
}

/** The workers of this process: alive as long as the queue is open, and looked after every second. */
export class WorkerSessions {
  readonly #heart: Heart;
  readonly #keeper: LeaseKeeper;
  readonly #onLook: () => void;
  readonly #onTrouble: (message: string) => void;
  readonly #sessions = new Map<string, Session>();
  readonly #stopListening: () => void;
  readonly #closed = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #lookAgain = false;

  /** `onLook` is called with every look. */
  constructor(heart: Heart, keeper: LeaseKeeper, onLook: () => void, onTrouble: (message: string) => void) {
    this.#heart = heart;
    this.#keeper = keeper;
    this.#onLook = onLook;
    this.#onTrouble = onTrouble;
    this.#stopListening = heart.onLapse((sessionId) => {
      if (this.#sessions.has(sessionId)) this.look();
    });
  }

  /** Idempotent. */
  begin(workerId: string): void {
    if (this.#sessions.has(workerId)) return;
    const session: Session = { begun: undefined, isAlive: false };
    this.#sessions.set(workerId, session);
    // Whoever takes hears of it, and has it tried again.
    this.#begun(workerId, session).catch(() => {});
    this.#timer ??= setInterval(() => this.look(), LOOK_INTERVAL_MS).unref();
  }

  /** Resolves when the session is alive, or nobody waits for it any more. Rejects when it cannot begin. */
  async alive(workerId: string, signal: AbortSignal): Promise<void> {
    const session = this.#sessions.get(workerId);
    if (session === undefined || session.isAlive) return;
    const over = AbortSignal.any([signal, this.#closed.signal]);
    if (!over.aborted) await Promise.race([this.#begun(workerId, session), once(over, 'abort')]);
  }

  #begun(workerId: string, session: Session): Promise<void> {
    session.begun ??= this.#heart.add(workerId).then(
      () => {
        session.isAlive = true;
      },
      (thrown) => {
        session.begun = undefined;
        throw thrown;
      },
    );
    return session.begun;
  }

  /** Looks at once, or again when the look that runs is over. */
  look(): void {
    this.#lookAgain = true;
    if (!this.#isLooking) void this.#look();
  }

  /** No more looks. Returns the workers. */
  close(): readonly string[] {
    clearInterval(this.#timer);
    this.#closed.abort();
    this.#stopListening();
    return [...this.#sessions.keys()];
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    try {
      while (this.#lookAgain) {
        this.#lookAgain = false;
        for (const workerId of this.#sessions.keys()) await this.#keeper.check(workerId);
        this.#onLook();
      }
    } catch (thrown) {
      this.#onTrouble(`leases cannot be checked: ${EspalierError.from(thrown).message}`);
    } finally {
      this.#isLooking = false;
    }
  }
}
