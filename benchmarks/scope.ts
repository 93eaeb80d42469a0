/** One measured number. `value` is the median of the repetitions, `spread` their smallest and largest. */
export interface Row {
  /** `<scope>/<what>`. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly spread: readonly [min: number, max: number];
  /** What the value must not exceed, where there is such a target. */
  readonly target?: number;
  /** What the value must reach, where there is such a target. */
  readonly targetMin?: number;
  /** What a reader must know to read the value rightly, or why there is none (`value` is then NaN). */
  readonly note?: string;
  /** How often it was measured, where not as often as the rest of its scope. */
  readonly repetitions?: number;
}

export interface ScopeOptions {
  readonly repetitions: number;
  /** For people who wait: what is being measured now. */
  readonly progress: (line: string) => void;
}

/** A family of measurements, run by `npm run bench -- NAME`. One file in `scopes/`, one entry in `scopes/index.ts`. */
export interface Scope {
  readonly description: string;
  /** How often it is measured unless somebody says otherwise. */
  readonly repetitions: number;
  readonly run: (options: ScopeOptions) => Promise<readonly Row[]>;
}
