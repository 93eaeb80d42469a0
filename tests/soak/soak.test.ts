import { expect, test } from 'vitest';
import { soak } from './soak.js';

/** Without `npm run soak -- --minutes N --seed S`: a short one of a fixed seed, so that it cannot rot. */
const { SOAK_MINUTES, SOAK_SEED, SOAK_TXS, SOAK_SIMULATE_MS } = process.env;
const minutes = Number(SOAK_MINUTES ?? 0.3);
const seed = Number(SOAK_SEED ?? 1);
const numberOf = (text: string | undefined) => (text === undefined ? undefined : Number(text));
const txs = numberOf(SOAK_TXS);
/** For the blocks that are open when the faults end. */
const AFTERWARDS_MS = 240_000 + 2_000 * (txs ?? 0);

test(`${minutes} minutes of random faults, seed ${seed}`, { timeout: minutes * 60_000 + AFTERWARDS_MS }, async () => {
  const log = (line: string) => void process.stdout.write(`${line}\n`);
  const size = { txs, simulateMs: numberOf(SOAK_SIMULATE_MS), ...(txs === undefined ? {} : { open: 1 }) };
  const result = await soak({ minutes, seed, ...size, log: SOAK_MINUTES === undefined ? () => {} : log });
  log(JSON.stringify({ seed, minutes, ...result }));
  expect(result.proven).toBeGreaterThan(0);
});
