import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EspalierError, packageRoot, systemClock } from '../../common/index.js';
import { CallLimits, DEFAULT_LIMITS } from '../../orchestrator/api/limits/index.js';
import { cursorFromText } from '../../proto/index.js';
import { simulatedBlock, simulatedEngine } from '../support/simulated-block.js';
import { tempFolder } from '../support/temp-folder.js';
import { openApi } from './api-bench.js';

/** The examples of `docs/errors.md` are what the API says. */

const page = readFileSync(join(packageRoot(import.meta.url), 'docs/errors.md'), 'utf8');
const engine = await simulatedEngine();
const block = await simulatedBlock(engine, [1, 0], 3);
const another = await simulatedBlock(engine, [1], 5);

/** As the page has it: numbers may be others, and long ids are cut there. */
const shapeOf = (line: string) => line.replace(/…/g, '').replace(/\d+/g, 'N');
const EXAMPLES = [...page.matchAll(/^ {4}(error\[.*)$/gm)].map(([, line = '']) => shapeOf(line));

async function expectOnPage(code: EspalierError['code'], fails: () => unknown): Promise<void> {
  const error = await Promise.resolve()
    .then(fails)
    .then(
      () => expect.fail(`no ${code} is thrown`),
      (thrown: unknown) => EspalierError.from(thrown),
    );
  expect(error.code).toBe(code);
  expect(EXAMPLES).toContain(shapeOf(`error[${code}]: ${error.toLine()}`));
}

test('of who may not call', async () => {
  const entry = { name: 'dashboard', roles: ['watch'], sha256: createHash('sha256').update('known').digest('hex') };
  const accessFile = join(await tempFolder(), 'access.json');
  await writeFile(accessFile, JSON.stringify([entry]));
  const { connect } = await openApi({ accessFile });
  await expectOnPage('unauthenticated', () => connect({ token: 'unknown' }).capacity());
  await expectOnPage('permission-denied', () => connect({ token: 'known' }).submit(block));
});

test('of what is not there, and of what cannot be meant', async () => {
  const { client, backend } = await openApi();
  Object.assign(backend, { place: 'in namespace espalier' });
  await expectOnPage('block-unknown', () => client.block('7f3a91c20b4d'));
  await expectOnPage('proof-unknown', () => client.proof('merge-rollup.1.0.5e2c'));
  await expectOnPage('worker-unknown', () => client.drain('node-a.7'));
  await expectOnPage('request-malformed', () => cursorFromText('zz'));
});

test('of what is too much', async () => {
  const few = await openApi({ limits: { submissionTransactionsMax: 1 } });
  await expectOnPage('limit-exceeded', () => few.client.submit(block));
  const full = await openApi({ limits: { blocksOpenMax: 1 } });
  await full.client.submit(block);
  await expectOnPage('queue-full', () => full.client.submit(another));
  const limits = new CallLimits({ ...DEFAULT_LIMITS, uploadsMax: 0, requestsBurst: 0 }, systemClock);
  await expectOnPage('server-busy', () => limits.occupy('upload', 'sequencer'));
  await expectOnPage('rate-limited', () => limits.request('sequencer'));
});
