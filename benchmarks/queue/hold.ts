import { setTimeout as pause } from 'node:timers/promises';

/** Waits for at least 1 ms and up to `msMax`: never in step with whatever else has a period. */
export async function hold(msMax: number): Promise<void> {
  await pause(1 + Math.random() * (msMax - 1));
}
