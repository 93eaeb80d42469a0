import { expect, test } from 'vitest';
import { soak } from './soak.js';

/** Without `npm run soak -- --minutes N --seed S`: a short one of a fixed seed, so that it cannot rot. */
const { SOAK_MINUTES, SOAK_SEED } = process.env;
const minutes = Number(SOAK_MINUTES ?? 0.3);
const seed = Number(SOAK_SEED ?? 1);
/** For the blocks that are open when the faults end. */
const AFTERWARDS_MS = 240_000;

test(`${minutes} minutes of random faults, seed ${seed}`, { timeout: minutes * 60_000 + AFTERWARDS_MS }, async () => {
  const log = (line: string) => void process.stdout.write(`${line}\n`);
  const result = await soak({ minutes, seed, log: SOAK_MINUTES === undefined ? () => {} : log });
  log(JSON.stringify({ seed, minutes, ...result }));
  expect(result.proven).toBeGreaterThan(0);
});
