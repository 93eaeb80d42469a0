import { expect, it } from 'vitest';
import { CapturedStream } from '../testing/test-context.js';
import { ProcessLog } from './process-log.js';

let monotonicMs = 0;
const clock = { nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678), monotonicMs: () => monotonicMs };

it('prints a line for a person, on one line and without control characters', () => {
  const stream = new CapturedStream();
  const log = new ProcessLog(stream, { json: false, colour: false, clock });
  log.write('plain', 'block\n\u001b[31mabc claimed', { kind: 'claimed' });
  log.warn('development-srs', 'anyone can forge');
  expect(stream.text).toBe(
    '2026-01-02T03:04:05Z  block | abc claimed\n2026-01-02T03:04:05Z  WARNING: anyone can forge\n',
  );
});

it('colours by tone where it may', () => {
  const stream = new CapturedStream();
  new ProcessLog(stream, { json: false, colour: true, clock }).write('bad', 'failed', { kind: 'failed' });
  expect(stream.text).toContain('\u001b[31mfailed\u001b[0m');
});

it('prints one JSON object a line for a program', () => {
  const stream = new CapturedStream();
  const log = new ProcessLog(stream, { json: true, colour: true, clock });
  log.write('good', 'proven', { kind: 'proven', blockId: 'abc' });
  log.warn('simulated-prover', 'nothing is proven');
  expect(
    stream.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { atMs: clock.nowMs(), kind: 'proven', blockId: 'abc' },
    { atMs: clock.nowMs(), kind: 'warning', code: 'simulated-prover', message: 'nothing is proven' },
  ]);
});

it('says the same trouble once, though every connection tells of it, and again when it comes back later', () => {
  const stream = new CapturedStream();
  const log = new ProcessLog(stream, { json: true, colour: false, clock });
  for (const message of ['lost', 'lost', 'back', 'lost', 'back']) log.trouble(message);
  monotonicMs = 60_000;
  log.trouble('lost');
  const said = stream.text.trim().split('\n');
  expect(said.map((line) => JSON.parse(line).message)).toEqual(['lost', 'back', 'lost']);
});
