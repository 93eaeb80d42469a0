import { expect, it } from 'vitest';
import { CapturedStream } from '../testing/test-context.js';
import { JsonLines } from './json-lines.js';
import { type LogLevel, ProcessLog } from './process-log.js';
import { TextLines } from './text-lines.js';

let monotonicMs = 0;
const clock = { nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678), monotonicMs: () => monotonicMs };

function textLog({ colour = false, level }: { colour?: boolean; level?: LogLevel } = {}) {
  const stream = new CapturedStream();
  return { stream, log: new ProcessLog(new TextLines(stream, { colour }), { clock, level }) };
}

function jsonLog(level?: LogLevel) {
  const stream = new CapturedStream();
  const lines = () => stream.text.split('\n').slice(0, -1);
  return { lines, log: new ProcessLog(new JsonLines(stream), { clock, level }) };
}

it('prints a line for a person, on one line and without control characters', () => {
  const { stream, log } = textLog();
  log.write('plain', 'block\n\u001b[31mabc claimed', { kind: 'claimed' });
  log.warn('development-srs', 'anyone can forge');
  expect(stream.text).toBe(
    '2026-01-02T03:04:05Z  block | abc claimed\n2026-01-02T03:04:05Z  WARNING: anyone can forge\n',
  );
});

it('colours by tone where it may', () => {
  const { stream, log } = textLog({ colour: true });
  log.write('bad', 'failed', { kind: 'failed' });
  expect(stream.text).toContain('\u001b[31mfailed\u001b[0m');
});

it('prints one JSON object a line for a program', () => {
  const { log, lines } = jsonLog();
  log.write('good', 'proven\n\u001b[31m%s', { kind: 'proven', blockId: 'abc' });
  log.write('plain', null, { kind: 'job-started', level: 3 });
  log.warn('simulated-prover', 'nothing is proven');
  log.write('bad', 'failed', { kind: 'block-failed' });
  const atMs = clock.nowMs();
  const at = { time: atMs, atMs };
  expect(lines().map((line) => JSON.parse(line))).toEqual([
    { severity: 'info', ...at, kind: 'proven', blockId: 'abc', msg: 'proven | %s' },
    { severity: 'info', ...at, kind: 'job-started', level: 3 },
    {
      ...{ severity: 'warn', ...at, kind: 'warning', code: 'simulated-prover', message: 'nothing is proven' },
      msg: 'WARNING: nothing is proven',
    },
    { severity: 'error', ...at, kind: 'block-failed', msg: 'failed' },
  ]);
});

it('leaves out what matters less than its level, in both forms', () => {
  const said = (level: LogLevel | undefined) => {
    const [text, json] = [textLog(level === undefined ? {} : { level }), jsonLog(level)];
    for (const { log } of [text, json]) {
      log.debug('details', { kind: 'debug' });
      log.write('good', 'ready', { kind: 'ready' });
      // Only programs want to know, so nobody is to be warned.
      log.write('warning', null, { kind: 'call-refused' });
      log.trouble(`away ${level}`);
      log.write('bad', 'failed', { kind: 'block-failed' });
    }
    return [text.stream.text.trim().split('\n').length, json.lines().length];
  };
  expect(said(undefined)).toEqual([3, 4]);
  expect(said('debug')).toEqual([4, 5]);
  expect(said('warn')).toEqual([2, 2]);
  expect(said('error')).toEqual([1, 1]);
});

it('shows no password, token or private key, wherever it is and in whatever form', () => {
  const token = `espalier_${'x'.repeat(43)}`;
  const key = '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI\n-----END PRIVATE KEY-----';
  const text = `rediss://user:hunter2@host:6379 said no to Bearer ${token}, to ${token} and to ${key}.`;
  const shown = 'rediss://user:***@host:6379 said no to Bearer ***, to espalier_*** and to *** (a private key).';
  const { stream, log } = textLog();
  log.trouble(text);
  expect(stream.text).toBe(`2026-01-02T03:04:05Z  ${shown}\n`);
  const json = jsonLog();
  json.log.write('plain', text, {
    kind: 'x',
    message: text,
    url: 'redis://:hunter2@[::1]:1/0',
    call: { password: 'hunter2' },
  });
  const [line = ''] = json.lines();
  expect(JSON.parse(line)).toMatchObject({
    msg: shown,
    message: shown,
    call: { password: '***' },
    url: 'redis://:***@[::1]:1/0',
  });
  for (const secret of ['hunter2', 'xxxx', 'MC4C']) expect(line).not.toContain(secret);
});

it('says the same trouble once, though every connection tells of it, and again when it comes back later', () => {
  const { log, lines } = jsonLog();
  for (const message of ['lost', 'lost', 'back', 'lost', 'back']) log.trouble(message);
  monotonicMs = 60_000;
  log.trouble('lost');
  expect(lines().map((line) => JSON.parse(line).message)).toEqual(['lost', 'back', 'lost']);
});
