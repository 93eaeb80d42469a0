import type { RefusedCall } from './call-tools.js';

/** Lines a second, on average; and how many at once beyond that. */
const LINES_PER_SECOND = 10;
const LINES_BURST = 100;

/** Tells of refused calls, but not of so many that those who call could fill the log: the next says how many it left out. */
export function refusalLog(
  tell: (call: RefusedCall) => void,
  clock: { monotonicMs(): number },
): (call: RefusedCall) => void {
  let lines = LINES_BURST;
  let atMs = clock.monotonicMs();
  let untold = 0;
  return (call) => {
    const nowMs = clock.monotonicMs();
    lines = Math.min(LINES_BURST, lines + ((nowMs - atMs) / 1_000) * LINES_PER_SECOND);
    atMs = nowMs;
    if (lines < 1) {
      untold += 1;
      return;
    }
    lines -= 1;
    tell(untold === 0 ? call : { ...call, untold });
    untold = 0;
  };
}
