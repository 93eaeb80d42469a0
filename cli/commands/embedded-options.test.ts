import { expect, test } from 'vitest';
import { parseEmbeddedFolder } from './embedded-options.js';

const cwd = '/srv/blocks';

test.each([
  [undefined, '/srv/blocks/.espalier'],
  ['proofs', '/srv/blocks/proofs'],
  ['/data/espalier', '/data/espalier'],
  ['file:///data/with%20space', '/data/with space'],
])('the folder of --store %s is %s', (store, folder) => {
  expect(parseEmbeddedFolder(store === undefined ? {} : { store }, { cwd })).toBe(folder);
});

test.each(['', '~/espalier', 's3://bucket/proofs', 'redis://:secret@host', 'redis:', 'file://host/share'])(
  '--store %j names no folder, and is not shown',
  (store) => {
    const parse = () => parseEmbeddedFolder({ store }, { cwd });
    expect(parse).toThrow(/^--store names no folder, and an embedded orchestrator keeps all it has in one$/);
  },
);
