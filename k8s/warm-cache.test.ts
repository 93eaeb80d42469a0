import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { fetchedSrsFolder } from '../native/srs/canonical-folder.js';
import { CANONICAL, FIRST_G1 } from '../native/srs/known-srs.js';
import { G1_FILE, G2_FILE, readSrsFolder } from '../native/srs/srs-folder.js';
import { render, workloads } from '../tests/support/manifests.js';
import { tempFolder } from '../tests/support/temp-folder.js';

/** The init step of workers, run as it stands in the manifests, on folders that are laid out as the product lays them out. */

const run = promisify(execFile);

test('a worker copies SRS and keys from the shared volume, once they are whole', async () => {
  const [worker] = workloads(await render('production')).filter(({ name }) => name === 'worker-vm');
  const init = worker?.pod.initContainers?.find(({ name }) => name === 'warm-cache');
  const [command = '', ...args] = init?.command ?? [];
  expect(init?.args).toEqual(['900']);
  const [shared, cache] = [await tempFolder(), await tempFolder()];
  const here = (text: string) => text.replaceAll('/shared/', `${shared}/`).replaceAll('/cache/', `${cache}/`);
  const warm = (waitSeconds = '0') => run(command, [...args.map(here), waitSeconds]);

  // What an orchestrator has before, while and after it makes them.
  await expect(warm()).rejects.toThrow();
  const folder = fetchedSrsFolder({ ESPALIER_CACHE: shared });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, G1_FILE), Buffer.concat([FIRST_G1, CANONICAL.secondG1]));
  await expect(warm()).rejects.toThrow();
  // It waits for what comes.
  const waiting = warm('900');
  await writeFile(join(folder, G2_FILE), CANONICAL.g2);
  await waiting;
  await mkdir(join(shared, 'keys'));
  await writeFile(join(shared, 'keys', 'canonical.json'), '{}');
  await warm();
  expect(await readSrsFolder(fetchedSrsFolder({ ESPALIER_CACHE: cache }))).toMatchObject({
    name: 'canonical',
    points: 2,
  });
  expect(await readFile(join(cache, 'keys', 'canonical.json'), 'utf8')).toBe('{}');

  // A pod whose sandbox is made anew runs it once more, over what is there; without a shared volume it fails loudly.
  await warm();
  await rm(shared, { recursive: true });
  await expect(warm()).rejects.toThrow();
});
