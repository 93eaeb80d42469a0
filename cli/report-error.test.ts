import { expect, it } from 'vitest';
import { EspalierError } from '../common/index.js';
import { oneLine, reportError } from './report-error.js';

it('prints code, message and remedy on one line', () => {
  const error = new EspalierError('block-invalid', 'tx 3, call 1: unknown contract 0x12', { remedy: 'add it' });
  expect(reportError(error, { debug: false })).toBe(
    'error[block-invalid]: tx 3, call 1: unknown contract 0x12; add it\n',
  );
});

it('adds the whole chain of causes with debug', () => {
  const cause = new Error('bb said no', { cause: new TypeError('deep') });
  const text = reportError(new EspalierError('prover-crashed', 'bb ended', { cause }), { debug: true });
  expect(text).toMatch(/^error\[prover-crashed\]: bb ended\n/);
  expect(text).toContain('[cause]: Error: bb said no');
  expect(text).toContain('[cause]: TypeError: deep');
  expect(text).toContain('report-error.test.ts');
});

it('asks for --debug where espalier itself is at fault', () => {
  const text = reportError(EspalierError.from(new TypeError('x is undefined')), { debug: false });
  expect(text).toMatch(/^error\[internal\]: x is undefined; .*--debug.*\n$/);
});

it('keeps a quoted message to one line, harmless to a terminal, and of bounded length', () => {
  expect(oneLine('one\r\n  two\n\u001b[31mred\u001b[0m\u0007\u0000end')).toBe('one | two | red end');
  expect(oneLine('x'.repeat(5_000)).length).toBeLessThan(2_100);
});
