import { parentPort, workerData } from 'node:worker_threads';
import { connectRedis, EspalierError, type SerializedError } from '../../common/index.js';
import { BEAT_INTERVAL_MS, type Look, SESSION_TTL_MS, WATCH_INTERVAL_MS } from './heart.js';
import { RedisKeys } from './redis-keys.js';
import { ALLOW_OOM, RedisScript } from './redis-script.js';

/** What runs in the thread of a `RedisHeart`: it keeps the keys of the sessions it was given, and looks for the dead. */
export interface HeartThreadData {
  readonly url: string;
  readonly namespace: string;
  /** Counts up as long as the main thread comes to its event loop. */
  readonly ticks: Int32Array;
  /** Counted up by the thread whenever a beat is due. */
  readonly turns: Int32Array;
  readonly hungAfterMs: number;
}

type HeartCall =
  | { readonly kind: 'add' | 'remove'; readonly call: number; readonly sessionId: string }
  | { readonly kind: 'close'; readonly call: number };

export type HeartCommand =
  | HeartCall
  | { readonly kind: 'watch'; readonly watch: number; readonly look: Look }
  | { readonly kind: 'unwatch'; readonly watch: number };

/** The first is `ready` or `failed`; then each command that is a `call` is answered once. */
export type HeartMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly error: SerializedError }
  | { readonly kind: 'answer'; readonly call: number; readonly error?: SerializedError }
  | { readonly kind: 'lapse'; readonly sessionId: string }
  | { readonly kind: 'trouble'; readonly message: string };

/** Redis answers a beat in a millisecond. Where it takes so long the connection is dead, and another may be had. */
const ANSWER_WITHIN_MS = 2 * BEAT_INTERVAL_MS;

/** `SET` alone would be refused by a Redis that is full, and so would every process that starts or was away. */
const BEGIN = new RedisScript('begin', `${ALLOW_OOM}\nreturn redis.call('SET', KEYS[1], 0, 'PX', ARGV[1])`);

/**
 * Renews the keys, and says which had lapsed. The value of a key counts the lapses of its session: so a beat that runs
 * again, the answer to its first run being lost, still finds the lapse that it has mended.
 */
const BEAT = new RedisScript(
  'beat',
  `${ALLOW_OOM}
  local lapsed = {}
  for i, key in ipairs(KEYS) do
    local count = ARGV[i + 1]
    if redis.call('GET', key) == count then
      redis.call('PEXPIRE', key, ARGV[1])
    else
      redis.call('SET', key, count + 1, 'PX', ARGV[1])
      lapsed[#lapsed + 1] = i
    end
  end
  return lapsed
  `,
);

if (parentPort === null) throw new EspalierError('internal', 'heart-thread.js is run in a thread of its own');
const port = parentPort;
const say = (message: HeartMessage) => port.postMessage(message);
const { url, namespace, ticks, turns, hungAfterMs } = workerData as HeartThreadData;
const keys = new RedisKeys(namespace);
/** The sessions, and how often each has lapsed. */
const lapses = new Map<string, number>();

const redis = await connectRedis({
  url,
  name: 'heart',
  answerWithinMs: ANSWER_WITHIN_MS,
  onTrouble: (message) => say({ kind: 'trouble', message }),
}).catch((thrown) => {
  say({ kind: 'failed', error: EspalierError.from(thrown).toSerialized() });
  return undefined;
});
if (redis !== undefined) start(redis);

function start(connection: NonNullable<typeof redis>): void {
  const tryBeat = untroubled('no heartbeat', beat);
  const timer = setInterval(() => {
    Atomics.add(turns, 0, 1);
    tryBeat();
  }, BEAT_INTERVAL_MS);
  const watches = new Map<number, NodeJS.Timeout>();
  port.on('message', async (command: HeartCommand) => {
    if (command.kind === 'watch') return watch(command.watch, command.look);
    if (command.kind === 'unwatch') return unwatch(command.watch);
    try {
      await obey(command);
      say({ kind: 'answer', call: command.call });
    } catch (thrown) {
      say({
        kind: 'answer',
        call: command.call,
        error: EspalierError.from(thrown, 'queue-unavailable').toSerialized(),
      });
    }
  });
  say({ kind: 'ready' });

  async function obey(command: HeartCall): Promise<void> {
    switch (command.kind) {
      case 'add':
        lapses.set(command.sessionId, 0);
        await BEGIN.run(connection, [keys.alive(command.sessionId)], [SESSION_TTL_MS]);
        return;
      case 'remove':
        // Beats that were sent before come before it, also where both are sent again.
        lapses.delete(command.sessionId);
        await connection.del(keys.alive(command.sessionId));
        return;
      case 'close': {
        clearInterval(timer);
        for (const number of watches.keys()) unwatch(number);
        const alive = [...lapses.keys()].map((id) => keys.alive(id));
        if (alive.length > 0) await connection.del(alive);
        connection.disconnect();
      }
    }
  }

  function watch(number: number, { name, lua, keys: ofScript }: Look): void {
    const script = new RedisScript(name, lua);
    const look = untroubled(`no look for the dead (${name})`, async () => {
      await script.run(connection, ofScript, []);
    });
    watches.set(number, setInterval(look, WATCH_INTERVAL_MS));
  }

  function unwatch(number: number): void {
    clearInterval(watches.get(number));
    watches.delete(number);
  }

  async function beat(): Promise<void> {
    if (lapses.size === 0) return;
    const sessions = [...lapses];
    const alive = sessions.map(([id]) => keys.alive(id));
    const counts = sessions.map(([, count]) => count);
    const lapsed = (await BEAT.run(connection, alive, [SESSION_TTL_MS, ...counts])) as number[];
    for (const [id, count] of lapsed.map((number) => sessions[number - 1] as [string, number])) {
      // It may have been removed meanwhile.
      if (!lapses.has(id)) continue;
      lapses.set(id, count + 1);
      say({ kind: 'lapse', sessionId: id });
    }
  }
}

/**
 * What a timer calls: one run of `work` at a time, and none while the main thread hangs. Where Redis refuses it (its disk
 * is full, say), that is told once; it is tried again for as long as it lasts.
 */
function untroubled(trouble: string, work: () => Promise<void>): () => void {
  let running = false;
  let failing = false;
  return async () => {
    if (running || mainHangs()) return;
    running = true;
    try {
      await work();
      failing = false;
    } catch (thrown) {
      if (!failing) say({ kind: 'trouble', message: `${trouble}: ${(thrown as Error).message}` });
      failing = true;
    } finally {
      running = false;
    }
  };
}

let lastTick = -1;
let lastTickAtMs = 0;
function mainHangs(): boolean {
  const tick = Atomics.load(ticks, 0);
  const nowMs = performance.now();
  if (tick !== lastTick) {
    lastTick = tick;
    lastTickAtMs = nowMs;
  }
  return nowMs - lastTickAtMs > hungAfterMs;
}
