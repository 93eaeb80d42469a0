import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../common/index.js';
import { rolesFor } from '../../orchestrator/api/access/index.js';
import { DEFAULT_LIMITS } from '../../orchestrator/api/limits/index.js';
import { type Block, blockId, LIMITS, serializeBlock, wire } from '../../proto/index.js';

/** `docs/api.md` says what is so. */

const page = readFileSync(join(packageRoot(import.meta.url), 'docs/api.md'), 'utf8');
const [, program = ''] = /```python\n([\s\S]*?)```/.exec(page) ?? [];
const hasPython = spawnSync('python3', ['--version']).status === 0;

const call = (calldata: readonly bigint[]) => ({ contract: 77n, calldata, gasLimit: 100 });
const clientProof = { proof: Uint8Array.from([1, 2, 250]), srs: 'none' } as const;
const BLOCK: Block = {
  version: 1,
  start: {
    storage: [
      { contract: 9n, slot: 2n, value: 5n },
      { contract: 9n, slot: 1n, value: 0n },
      { contract: 2n ** 250n, slot: 1n, value: 3n },
    ],
    nullifiers: [8n, 3n],
  },
  contracts: [{ name: 'token', address: 77n, salt: 1n, source: 'halt' }],
  transactions: [
    { sender: 1n, nullifier: 2n, calls: [call([4n, 0n, 6n, 0n, 0n]), call([0n]), call([])], clientProof },
    { sender: 2n ** 253n, nullifier: 5n, calls: [], clientProof: { ...clientProof, srs: 'canonical' } },
  ],
};

test.skipIf(!hasPython)('the program computes the id of a block (it cannot run here without python3)', () => {
  const input = Buffer.from(serializeBlock(BLOCK));
  const script = `${program}\nimport sys\nprint(block_id(json.load(sys.stdin)))`;
  const { stdout, stderr } = spawnSync('python3', ['-c', script], { input, encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: `${blockId(BLOCK)}\n`, stderr: '' });
});

const METHODS = [wire.BlockServiceService, wire.FleetServiceService].flatMap((service) =>
  Object.values(service).map(({ path }) => path),
);

test('names for each method the roles that may call it', () => {
  const rows = [...page.matchAll(/^\| `(submit|watch|operate)` \| (.*) \|$/gm)];
  const told = new Map(rows.map(([, role = '', methods = '']) => [role, new Set(methods.match(/[A-Za-z]+/g))]));
  expect([...told.keys()]).toEqual(['submit', 'watch', 'operate']);
  for (const path of METHODS) {
    const name = path.split('/')[2] ?? '';
    const allowed = [...told].filter(([, methods]) => methods.has(name)).map(([role]) => role);
    expect([name, allowed.sort()]).toEqual([name, [...(rolesFor(path) ?? [])].sort()]);
  }
});

test('names the limits as they are', () => {
  const section = /## Limits\n([\s\S]*?)\n## /.exec(page)?.[1] ?? '';
  const { messageBytesMax, requestBytesMax, uploadsMax, blocksOpenMax, requestsPerSecond } = DEFAULT_LIMITS;
  const { streamsPerPrincipalMax, streamsMax, requestsBurst, uploadStallMs, readerStallMs } = DEFAULT_LIMITS;
  const { messageValuesMax, headerBytesMax, callsMax, asidesPerPeerMax, connectionsMax } = DEFAULT_LIMITS;
  const count = (value: number) => value.toLocaleString('en-US');
  for (const text of [
    `${messageBytesMax / 2 ** 20} MiB; ${requestBytesMax / 1024} KiB`,
    `${count(LIMITS.transactionsMax)} transactions, ${count(LIMITS.callsMax)} calls`,
    `${count(LIMITS.proofBytesMax)} bytes`,
    `| ${uploadsMax} a server`,
    `| ${count(blocksOpenMax)} a cluster`,
    `| ${count(streamsPerPrincipalMax)} of one principal (\`streamsPerPrincipalMax\`), ${count(streamsMax)} a server`,
    `| ${requestsPerSecond} a second (\`requestsPerSecond\`), and ${count(requestsBurst)} saved up`,
    `| ${count(messageValuesMax)} (\`messageValuesMax\`)`,
    `| ${headerBytesMax / 1024} KiB`,
    `| ${count(callsMax)} a server`,
    `| ${asidesPerPeerMax} an address`,
    `| ${count(connectionsMax)} (`,
    `| ${uploadStallMs / 1_000} s |`,
    `| ${readerStallMs / 60_000} min |`,
  ]) {
    expect(section).toContain(text);
  }
});
