import { expect, test } from 'vitest';
import { type ProcessDeath, processDied, proverRefused } from './prover-failure.js';
import { TailBuffer } from './tail-buffer.js';

const died = (change: Partial<ProcessDeath>) =>
  processDied({
    doing: 'proving public-vm',
    command: '/opt/bb',
    exit: { code: null, signal: 'SIGKILL' },
    lastWords: '',
    oomKilled: false,
    ...change,
  });

test('a death is told by what the process said, and by what the kernel did', () => {
  expect(died({}).toSerialized()).toEqual({
    code: 'prover-crashed',
    message: '/opt/bb was ended by SIGKILL while proving public-vm; it said nothing',
  });
  expect(died({ oomKilled: true }).code).toBe('out-of-memory');
  // Somebody else may have run out of memory meanwhile.
  expect(died({ oomKilled: true, exit: { code: null, signal: 'SIGSEGV' } }).code).toBe('prover-crashed');
  const abort = { code: null, signal: 'SIGABRT' } as const;
  expect(died({ exit: abort, lastWords: 'libc++abi: terminating: std::bad_alloc' }).code).toBe('out-of-memory');
  expect(died({ exit: { code: 3, signal: null } }).message).toContain('exited with code 3');
  const glibc = "bb: /lib/libc.so.6: version `GLIBC_2.39' not found";
  expect(died({ exit: { code: 1, signal: null }, lastWords: glibc }).code).toBe('prover-unavailable');
});

test('a refusal is one line of bounded length in the words of the prover', () => {
  const error = proverRefused('proving client', `Assertion failed: (a == b)\n  Actual : 1\n${'x'.repeat(10_000)}`);
  expect(error.code).toBe('prover-rejected');
  expect(error.message).toMatch(/^the prover failed while proving client: Assertion failed: \(a == b\) \| Actual : 1/);
  expect(error.message.length).toBeLessThan(1_000);
  expect(proverRefused('proving client', 'std::bad_alloc').code).toBe('out-of-memory');
});

test('last words are kept however much was said before', () => {
  const tail = new TailBuffer(100);
  for (let n = 0; n < 1_000; n++) tail.push(`line ${n}\n`);
  tail.push('\nthe end\n');
  expect(tail.lastLines(2)).toBe('line 999 | the end');
});
