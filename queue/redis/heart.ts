/**
 * Keeps sessions alive: as long as this process runs, `RedisKeys.alive(id)` exists for every id it was given. A process
 * has one heart, and it beats in a thread of its own, which no proof and no long computation can starve; it stops of
 * itself where the main thread has not come to its event loop for a minute, since a process that hangs is as good as dead.
 */
export interface Heart {
  /** Resolves when the session is alive. Ids are used once: a session that ended never comes back. */
  add(sessionId: string): Promise<void>;
  /** Ends a session at once, for everybody to see. */
  remove(sessionId: string): Promise<void>;
  /**
   * Calls when the key of a session was found to have expired (the machine was stopped, Redis was away for long): what
   * it held may be someone else's by now. The session lives on.
   */
  onLapse(listener: (sessionId: string) => void): () => void;
  /**
   * Runs a script that looks for the dead again and again, in the heart's thread: on the main thread, every stall would
   * be a time in which nobody watched, with a grace after it. What it replies is dropped. Returns how to end it.
   */
  watch(look: Look): () => void;
  /** Ends all sessions and the thread. Idempotent. */
  close(): Promise<void>;
}

/** A script as data, to be run every `WATCH_INTERVAL_MS`. */
export interface Look {
  /** Tells it from other scripts on a connection. */
  readonly name: string;
  readonly lua: string;
  readonly keys: readonly string[];
}

export const WATCH_INTERVAL_MS = 500;
/** A session whose key was not renewed for so long is dead: several beats, and well below the 5 s that a job may wait. */
export const SESSION_TTL_MS = 3_000;
export const BEAT_INTERVAL_MS = 750;
/** How long the end of a process waits for a Redis that is away. */
export const LEAVE_WITHIN_MS = 1_000;
/** How long nobody is declared dead after a time in which nobody was watching: every living session has beaten by then. */
export const GRACE_MS = 4_000;
