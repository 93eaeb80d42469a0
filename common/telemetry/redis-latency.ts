import type { Redis } from 'ioredis';
import { createHistogram } from './create-instruments.js';
import { INSTRUMENTS } from './instruments.js';

/** Commands whose answer is meant to take its time. */
const BLOCKING = /^(bl|br|bz|wait|subscribe|psubscribe|ssubscribe|monitor)/;

/**
 * Has the time of each command noted that goes out on this connection, by the meter of the process; where it has none
 * nothing is done.
 */
export async function timeCommands(redis: Redis): Promise<void> {
  // Only those who use Redis pay for loading it.
  const { metrics, createNoopMeter } = await import('@opentelemetry/api');
  const meter = metrics.getMeter('espalier');
  if (meter === createNoopMeter()) return;
  const duration = createHistogram(meter, INSTRUMENTS.redisDuration);
  const send = redis.sendCommand.bind(redis);
  redis.sendCommand = (command, stream) => {
    const sent = send(command, stream);
    // Pipelines are sent as a command without a name.
    const name: string = command.name ?? 'pipeline';
    if (BLOCKING.test(name)) return sent;
    const startedMs = performance.now();
    const note = () => {
      const attributes = { 'db.system.name': 'redis', 'db.operation.name': name };
      duration.record((performance.now() - startedMs) / 1_000, attributes);
    };
    // Who sent it hears of its failure.
    command.promise.then(note, note);
    return sent;
  };
}
