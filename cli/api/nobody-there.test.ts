import { expect, it } from 'vitest';
import { nobodyThere } from './nobody-there.js';

const queued = { owner: null, state: 'queued', running: 0 } as const;
const proving = { owner: 'o1.00000000', state: 'proving', running: 0 } as const;

it('asks for an orchestrator where no open block has one', () => {
  expect(nobodyThere([], 0)).toBeNull();
  expect(nobodyThere([queued], 3)).toMatch(/^no orchestrator has taken it yet: /);
  expect(nobodyThere([queued, queued], 3)).toMatch(/^no orchestrator has taken them yet: /);
  expect(nobodyThere([queued, proving], 3)).toBeNull();
});

it('asks for a worker where nothing of a block runs and none is alive', () => {
  expect(nobodyThere([queued, proving], 0)).toMatch(/^no worker is alive: /);
  expect(nobodyThere([{ ...proving, running: 1 }], 0)).toBeNull();
  expect(nobodyThere([proving], 1)).toBeNull();
});
