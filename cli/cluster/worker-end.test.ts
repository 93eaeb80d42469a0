import { expect, it } from 'vitest';
import { WorkerEnd } from './worker-end.js';

function watched() {
  const steps: string[] = [];
  const end = new WorkerEnd();
  end.onStep((kind, reason) => steps.push(`${kind}: ${reason}`));
  return { end, steps };
}

it('drains at the first signal, gives everything back at the second, quits at the third', () => {
  const { end, steps } = watched();
  expect(end.signal.aborted).toBe(false);
  expect(end.onSignal('SIGTERM')).toBe('heard');
  expect(end.signal.aborted).toBe(true);
  expect(end.onSignal('SIGINT')).toBe('heard');
  expect(end.onSignal('SIGTERM')).toBe('quit');
  expect(steps).toEqual(['drain: SIGTERM', 'give-back: SIGINT again']);
});

it('gives everything back at once when the machine goes away, also while it drains', () => {
  const first = watched();
  first.end.onSignal('SIGUSR1');
  expect(first.end.onSignal('SIGUSR1')).toBe('heard');
  expect(first.steps).toEqual(['give-back: this machine goes away (SIGUSR1)']);
  const second = watched();
  second.end.request('drain', 'told to by `espalier drain`');
  second.end.onSignal('SIGUSR1');
  expect(second.steps).toEqual(['drain: told to by `espalier drain`', 'give-back: this machine goes away (SIGUSR1)']);
});

it('takes being told to drain twice as once, and tells who listens late', () => {
  const { end, steps } = watched();
  end.request('drain', 'a');
  end.request('drain', 'b');
  end.onStep((kind, reason) => steps.push(`late ${kind}: ${reason}`));
  expect(steps).toEqual(['drain: a', 'late drain: a']);
});
