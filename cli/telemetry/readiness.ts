import { type Clock, EspalierError, settledWithin } from '../../common/index.js';

/** What one condition says. `reason` only where it is not met, for people. */
export interface CheckResult {
  readonly ok: boolean;
  readonly reason?: string;
}

export interface Verdict {
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, CheckResult>>;
}

/** Whatever asks, conditions are looked at no more often; and an answer has so long to come. */
const LOOK_INTERVAL_MS = 2_000;
const ANSWER_WITHIN_MS = 2_000;

const MET: CheckResult = { ok: true };

/**
 * Whether a process can do its work: each condition is *awaited*, with what it waits for; then *met* for good, or *asked*
 * anew whenever somebody wants to know. It is ready while all are met, and never again once it drains.
 */
export class Readiness {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #states = new Map<string, CheckResult | (() => Promise<unknown>)>();
  /** Questions that have no answer yet: none is asked again before that, however long it takes. */
  readonly #asked = new Map<string, Promise<CheckResult>>();
  #draining: string | undefined;
  #look: { readonly verdict: Promise<Verdict>; readonly atMs: number } | undefined;

  /** `awaited`: the conditions, and why they are not met yet. */
  constructor(awaited: Readonly<Record<string, string>>, clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
    for (const [name, reason] of Object.entries(awaited)) this.#states.set(name, { ok: false, reason });
  }

  /** The condition is met, for good. */
  met(name: string): void {
    this.#set(name, MET);
  }

  /** The condition is met while `ask` resolves. */
  ask(name: string, ask: () => Promise<unknown>): void {
    this.#set(name, ask);
  }

  /** It takes no more work. */
  drain(reason: string): void {
    this.#draining ??= reason;
    this.#look = undefined;
  }

  /** Resolves within `ANSWER_WITHIN_MS`. */
  verdict(): Promise<Verdict> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#look === undefined || nowMs - this.#look.atMs >= LOOK_INTERVAL_MS) {
      this.#look = { verdict: this.#askAll(), atMs: nowMs };
    }
    return this.#look.verdict;
  }

  #set(name: string, state: CheckResult | (() => Promise<unknown>)): void {
    if (!this.#states.has(name)) throw new EspalierError('internal', `there is no condition ${name}`);
    this.#states.set(name, state);
    this.#look = undefined;
  }

  async #askAll(): Promise<Verdict> {
    const entries = [...this.#states].map(
      async ([name, state]) => [name, typeof state === 'function' ? await this.#answer(name, state) : state] as const,
    );
    const checks: Record<string, CheckResult> = Object.fromEntries(await Promise.all(entries));
    if (this.#draining !== undefined) checks['draining'] = { ok: false, reason: this.#draining };
    return { ok: Object.values(checks).every(({ ok }) => ok), checks };
  }

  async #answer(name: string, ask: () => Promise<unknown>): Promise<CheckResult> {
    let asked = this.#asked.get(name);
    if (asked === undefined) {
      asked = ask().then(
        () => MET,
        (thrown: unknown) => ({ ok: false, reason: EspalierError.from(thrown).message }),
      );
      this.#asked.set(name, asked);
      void asked.then(() => this.#asked.delete(name));
    }
    let result: CheckResult = { ok: false, reason: `no answer within ${ANSWER_WITHIN_MS} ms` };
    await settledWithin(
      asked.then((answer) => {
        result = answer;
      }),
      ANSWER_WITHIN_MS,
    );
    return result;
  }
}
