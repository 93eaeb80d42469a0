import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { EspalierError } from '../common/index.js';
import { cancelOnSignals } from './interrupt.js';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('cancels at the first %s and ends the process at the second', (name) => {
  const source = new FakeProcess();
  const said: string[] = [];
  const { signal } = cancelOnSignals(source, (line) => said.push(line));
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
