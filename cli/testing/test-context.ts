import { systemClock } from '../../common/index.js';
import { Aside } from '../aside.js';
import type { CliContext, OutputStream } from '../context.js';

/** For tests: a context whose output is kept as text. */
export function captureContext(overrides: Partial<CliContext> = {}) {
  const out = new CapturedStream();
  const err = new CapturedStream();
  const context: CliContext = {
    stdout: out,
    stderr: err,
    aside: new Aside(err),
    env: {},
    cwd: process.cwd(),
    clock: systemClock,
    signal: new AbortController().signal,
    takeOverSignals: () => () => undefined,
    ...overrides,
  };
  return { context, stdout: () => out.text, stderr: () => err.text };
}

/** An output stream that keeps what is written to it. */
export class CapturedStream implements OutputStream {
  text = '';
  isTTY = false;
  columns = 80;
  rows = 24;

  write(text: string): boolean {
    this.text += text;
    return true;
  }
}
