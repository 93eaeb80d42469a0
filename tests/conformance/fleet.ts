import { describe, expect, onTestFinished, test } from 'vitest';
import type { WorkerInfo } from '../../proto/index.js';
import type { Fleet, FleetEntry } from '../../queue/index.js';
import { workerInfo } from '../support/board-samples.js';

/** A fleet with nobody in it. */
export interface FleetKit {
  readonly fleet: Fleet;
  /** Enters a worker that lives until the test ends. */
  join(info: WorkerInfo): Promise<FleetEntry>;
}

/** The contract of `Fleet` and `FleetEntry`, for any adapter. */
export function describeFleet(name: string, makeKit: () => Promise<FleetKit>): void {
  const kitOf = async () => {
    const { fleet, join } = await makeKit();
    const enter = async (workerId: string) => {
      const entry = await join(workerInfo(workerId));
      onTestFinished(() => entry.close());
      return entry;
    };
    const running = async () => (await fleet.list()).map((worker) => worker.running);
    return { fleet, join: enter, running };
  };

  describe(name, () => {
    test('lists its workers by id, as they are, until they leave', async () => {
      const { fleet, join } = await kitOf();
      const [second, first] = [await join('m2.x'), await join('m1.x')];
      expect(await fleet.list()).toEqual([workerInfo('m1.x'), workerInfo('m2.x')]);
      second.update(workerInfo('m2.x', 3));
      await expect.poll(() => fleet.list()).toEqual([workerInfo('m1.x'), workerInfo('m2.x', 3)]);
      await first.close();
      await first.close();
      expect(await fleet.list()).toEqual([workerInfo('m2.x', 3)]);
      await second.close();
      expect(await fleet.list()).toEqual([]);
    });

    test('gathers changes, and tells of them', async () => {
      const { fleet, join, running } = await kitOf();
      const entry = await join('m1.x');
      const seen: number[][] = [];
      onTestFinished(fleet.onChange(async () => void seen.push(await running())));
      for (let count = 1; count <= 1_000; count++) entry.update(workerInfo('m1.x', count % 5));
      entry.update(workerInfo('m1.x', 4));
      await expect.poll(() => seen.at(-1)).toEqual([4]);
      expect(seen.length).toBeLessThanOrEqual(4);
      await entry.close();
      await expect.poll(() => seen.at(-1)).toEqual([]);
    });

    test('tells a worker to drain, once, whenever it listens', async () => {
      const { fleet, join, running } = await kitOf();
      const entry = await join('m1.x');
      const heard: string[] = [];
      entry.onDrain((reason) => heard.push(`first: ${reason}`));
      expect(await fleet.drain('m2.x', 'none')).toBe(false);
      expect(await fleet.drain('m1.x', 'three bad proofs')).toBe(true);
      await expect.poll(() => heard).toEqual(['first: three bad proofs']);
      entry.onDrain((reason) => heard.push(`second: ${reason}`));
      expect(heard[1]).toBe('second: three bad proofs');
      expect(await fleet.drain('m1.x', 'again')).toBe(true);
      entry.update(workerInfo('m1.x', 1));
      await expect.poll(running).toEqual([1]);
      expect(heard).toHaveLength(2);
    });
  });
}
