import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { EspalierError, systemClock } from '../../common/index.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { Closing } from '../cluster/closing.js';
import { ProcessLog } from '../cluster/process-log.js';
import { TextLines } from '../cluster/text-lines.js';
import { CapturedStream } from '../testing/test-context.js';
import { type MonitoringOptions, startMonitoring } from './monitoring.js';
import { Readiness } from './readiness.js';

const ANY = { host: '127.0.0.1', port: 0, isDefault: false };

async function watched(awaited: Record<string, string>, options: Partial<MonitoringOptions> = {}) {
  const closing = new Closing();
  onTestFinished(() => closing.close());
  const stream = new CapturedStream();
  const log = new ProcessLog(new TextLines(stream, { colour: false }), { clock: systemClock });
  const plan = { listen: ANY, env: {} };
  const monitoring = await startMonitoring(
    { ...{ plan, process: 'worker', instanceId: 'w.1' }, awaited, log, ...options },
    closing,
  );
  const [, address] = /served on (http:\S+)/.exec(stream.text) ?? [];
  const get = async (path: string, method = 'GET') => {
    const response = await fetch(`${address}${path}`, { method });
    const text = await response.text();
    return [response.status, text.startsWith('{') ? JSON.parse(text) : text];
  };
  return { ...monitoring, get, address };
}

test('a process lives, and is not ready until it can do its work, nor when it drains', async () => {
  const stopping = new AbortController();
  const { get, readiness } = await watched(
    { prover: 'being tried', queue: 'no connection' },
    { signal: stopping.signal },
  );
  expect(await get('/healthz')).toEqual([200, { ok: true, checks: { eventLoop: { ok: true } } }]);
  const checks = { prover: { ok: false, reason: 'being tried' }, queue: { ok: false, reason: 'no connection' } };
  expect(await get('/readyz')).toEqual([503, { ok: false, checks }]);
  readiness.met('prover');
  readiness.ask('queue', async () => 'there');
  expect(await get('/readyz?verbose')).toEqual([
    200,
    { ok: true, checks: { prover: { ok: true }, queue: { ok: true } } },
  ]);
  stopping.abort(new EspalierError('cancelled', 'stopped by SIGTERM'));
  expect(await get('/readyz')).toMatchObject([
    503,
    { checks: { draining: { ok: false, reason: 'stopped by SIGTERM' } } },
  ]);
  expect(await get('/healthz')).toMatchObject([200, { ok: true }]);
});

test('what is away makes a process unready, with the reason, and its passwords stay out of it', async () => {
  const { get, readiness } = await watched({ queue: '', store: '' });
  readiness.ask('queue', async () => Promise.reject(new Error('redis://:hunter2@host refused')));
  readiness.ask('store', () => new Promise(() => {}));
  const [status, { checks }] = await get('/readyz');
  expect(status).toBe(503);
  expect(checks).toEqual({
    queue: { ok: false, reason: 'redis://:***@host refused' },
    store: { ok: false, reason: 'no answer within 2000 ms' },
  });
});

test('what does not answer is not asked again and again', async () => {
  let nowMs = 0;
  let asked = 0;
  const readiness = new Readiness({ store: '' }, { monotonicMs: () => nowMs });
  let answer = () => {};
  readiness.ask('store', () => {
    asked += 1;
    return new Promise<void>((resolve) => {
      answer = resolve;
    });
  });
  const [first, second] = [readiness.verdict(), readiness.verdict()];
  nowMs += 10_000;
  const third = readiness.verdict();
  expect((await Promise.all([first, second, third])).map(({ ok }) => ok)).toEqual([false, false, false]);
  expect(asked).toBe(1);
  answer();
  await setImmediate();
  nowMs += 10_000;
  const fourth = readiness.verdict();
  answer();
  expect([await fourth, asked]).toEqual([{ ok: true, checks: { store: { ok: true } } }, 2]);
});

test('a heart whose thread does not come round is the end of health', async () => {
  const { get, watchPulse } = await watched({});
  const pulse = { silentMs: 800 };
  watchPulse(pulse);
  expect(await get('/healthz')).toEqual([200, { ok: true, checks: { eventLoop: { ok: true }, heart: { ok: true } } }]);
  pulse.silentMs = 45_000;
  const heart = { ok: false, reason: "the heart's thread has not come round for 45 s" };
  expect(await get('/healthz')).toEqual([503, { ok: false, checks: { eventLoop: { ok: true }, heart } }]);
});

test('nothing else is served', async () => {
  const { get } = await watched({});
  expect((await get('/readyz', 'POST'))[0]).toBe(405);
  expect((await get('/'))[0]).toBe(404);
  expect(await get('/readyz', 'HEAD')).toEqual([200, '']);
});

test('a port that is taken is refused where it was asked for, else another one serves', async () => {
  const occupied = createServer().listen(0, '127.0.0.1');
  await once(occupied, 'listening');
  onTestFinished(() => void occupied.close());
  const { port } = occupied.address() as AddressInfo;
  const listen = { ...ANY, port };
  await expectCode(
    watched({}, { plan: { listen, env: {} } }),
    'usage',
    new RegExp(`cannot be served on 127.0.0.1:${port}`),
  );
  const { get, address } = await watched({}, { plan: { listen: { ...listen, isDefault: true }, env: {} } });
  expect(address).not.toContain(`:${port}`);
  expect((await get('/healthz'))[0]).toBe(200);
});
