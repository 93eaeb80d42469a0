import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { EspalierError } from '../common/index.js';
import { Interrupts, SIGNALS } from './interrupt.js';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

it.each(SIGNALS)('cancels at the first %s and ends the process at the second', (name) => {
  const source = new FakeProcess();
  const said: string[] = [];
  const { signal } = new Interrupts(source, (line) => said.push(line));
  expect(signal.aborted).toBe(false);

  source.emit(name);
  expect(signal.aborted).toBe(true);
  expect(signal.reason).toBeInstanceOf(EspalierError);
  expect(signal.reason).toMatchObject({ code: 'cancelled', exitCode: 130 });
  expect(said).toHaveLength(1);
  expect(source.exits).toEqual([]);

  source.emit('SIGINT');
  expect(source.exits).toEqual([130]);
});

it('leaves every signal to a command that takes them over, until it gives them back', () => {
  const source = new FakeProcess();
  const interrupts = new Interrupts(source, () => undefined);
  const heard: string[] = [];
  const giveBack = interrupts.takeOver((name) => (heard.push(name) < 3 ? 'heard' : 'quit'));
  for (const name of ['SIGTERM', 'SIGUSR1']) source.emit(name);
  expect(source.exits).toEqual([]);
  source.emit('SIGTERM');
  expect(heard).toEqual(['SIGTERM', 'SIGUSR1', 'SIGTERM']);
  expect(source.exits).toEqual([130]);
  expect(interrupts.signal.aborted).toBe(false);

  giveBack();
  source.emit('SIGTERM');
  expect(interrupts.signal.aborted).toBe(true);
  expect(heard).toHaveLength(3);
});
