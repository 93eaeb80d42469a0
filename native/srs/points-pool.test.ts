import { beforeAll, test } from 'vitest';
import { buildPart } from '../../tests/support/fixture.js';
import { createPointsPool } from './points-pool.js';

// Threads run compiled code.
beforeAll(() => buildPart('native'));

// Node took the process with the thread in more than half of such runs, when Piscina loaded the code of the threads itself.
test('a pool may be stopped at once, and while some of its threads still start', async () => {
  for (let round = 0; round < 10; round++) {
    await createPointsPool({ threads: 4 }).stop();
    const pool = createPointsPool({ threads: 4 });
    await pool.expand(new Uint8Array(0));
    await pool.stop();
  }
});
