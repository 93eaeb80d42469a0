import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../common/index.js';
import { rolesFor } from '../../orchestrator/api/access/roles.js';
import { wire } from '../../proto/index.js';
import { tempFolder } from '../support/temp-folder.js';
import { openApi } from './api-bench.js';
import { bytesClient, type Ended, sendBytes, withToken } from './raw-calls.js';

const ROLES = ['submit', 'watch', 'operate'] as const;
const SERVICES = [wire.BlockServiceService, wire.FleetServiceService] as const;
const METHODS = SERVICES.flatMap((service) => Object.entries(service));

const sha256 = (token: string) => createHash('sha256').update(token).digest('hex');
const entryOf = (role: string) => ({ name: `the-${role}`, roles: [role], sha256: sha256(`secret-${role}`) });

async function accessFile(entries: readonly object[] = ROLES.map(entryOf)): Promise<string> {
  const path = join(await tempFolder(), 'access.json');
  await writeFile(path, JSON.stringify(entries));
  return path;
}

/** Calls a method with an empty request. */
function call(raw: Client, name: string, token: string | undefined): Promise<Ended> {
  const method = METHODS.find(([own]) => own === name)?.[1];
  if (method === undefined) throw new Error(`there is no ${name}`);
  return sendBytes(raw, method, [Buffer.alloc(0)], withToken(token));
}

describe('each role', () => {
  test('may do what the definitions say, and nothing else', async () => {
    const { server, refused } = await openApi({ accessFile: await accessFile() });
    const raw = bytesClient(server.address);
    const admitted: string[] = [];
    for (const role of ROLES) {
      for (const [name] of METHODS) {
        const { status, reason, details } = await call(raw, name, `secret-${role}`);
        if (status !== 'PERMISSION_DENIED') {
          admitted.push(`${role} ${name}`);
          continue;
        }
        expect(reason).toBe('permission-denied');
        expect(details).toContain(`the-${role} may not call`);
      }
    }
    const expected = ROLES.flatMap((role) =>
      METHODS.filter(([, { path }]) => rolesFor(path)?.includes(role)).map(([name]) => `${role} ${name}`),
    );
    expect(admitted).toEqual(expected);
    expect(admitted.length).toBeGreaterThan(METHODS.length);
    const denied = refused.filter(({ error }) => error.code === 'permission-denied');
    expect(denied).toHaveLength(ROLES.length * METHODS.length - admitted.length);
    // Who it was is known in the log.
    for (const { principal, error } of denied) expect(error.message).toContain(`${principal.name} may not call`);
  });

  test('is the one that is written beside the method in the .proto', () => {
    for (const file of ['block_service', 'fleet_service']) {
      const text = readFileSync(join(packageRoot(import.meta.url), `proto/espalier/v1/${file}.proto`), 'utf8');
      const told = [...text.matchAll(/Role: ([a-z ]+)\.\n {2}rpc (\w+)\(/g)];
      const service = file === 'block_service' ? 'BlockService' : 'FleetService';
      expect(told).toHaveLength([...text.matchAll(/\n {2}rpc /g)].length);
      for (const [, roles, name] of told) {
        expect([name, rolesFor(`/espalier.v1.${service}/${name}`)?.join(' or ')]).toEqual([name, roles]);
      }
    }
  });
});

describe('who shows nothing, or something wrong', () => {
  test.each([
    ['no token', undefined, 'bears no token'],
    ['an unknown token', 'secret', 'not known'],
    ['a digest from the file', sha256('secret-watch'), 'not known'],
  ])('%s: is refused everything but health', async (_, token, message) => {
    const { server, refused } = await openApi({ accessFile: await accessFile() });
    const raw = bytesClient(server.address);
    for (const [name] of METHODS) {
      const end = await call(raw, name, token);
      expect([name, end.status, end.reason]).toEqual([name, 'UNAUTHENTICATED', 'unauthenticated']);
      expect(end.details).toContain(message);
    }
    expect(refused).toHaveLength(METHODS.length);
    // Nothing of what they showed is in what is logged.
    if (token !== undefined) expect(JSON.stringify(refused)).not.toContain(token);
  });
});

test('who guesses at tokens is limited in rate, and others go on', async () => {
  const limits = { requestsPerSecond: 0.001, requestsBurst: 3 };
  const { server } = await openApi({ accessFile: await accessFile(), limits });
  const raw = bytesClient(server.address);
  const statuses: string[] = [];
  for (let guess = 0; guess < 5; guess++) statuses.push((await call(raw, 'listBlocks', `guess-${guess}`)).status);
  expect(statuses).toEqual([...Array(3).fill('UNAUTHENTICATED'), ...Array(2).fill('RESOURCE_EXHAUSTED')]);
  expect((await call(raw, 'listBlocks', 'secret-watch')).status).toBe('OK');
});

describe('the access file', () => {
  test('is read again when it changes; one that became unfit changes nothing, and is told of', async () => {
    const path = await accessFile();
    const troubles: string[] = [];
    const { server } = await openApi({ accessFile: path, onTrouble: (line) => troubles.push(line) });
    const raw = bytesClient(server.address);
    const statusOf = async (token: string) => (await call(raw, 'listBlocks', token)).status;
    expect(await statusOf('secret-watch')).toBe('OK');
    await writeFile(path, '[{');
    await expect
      .poll(() => troubles, { timeout: 10_000 })
      .toEqual([expect.stringMatching(/not JSON.*read before stay$/)]);
    expect(await statusOf('secret-watch')).toBe('OK');
    await writeFile(path, JSON.stringify([{ ...entryOf('watch'), sha256: sha256('newer') }]));
    await expect.poll(() => statusOf('newer'), { timeout: 10_000 }).toBe('OK');
    expect(await statusOf('secret-watch')).toBe('UNAUTHENTICATED');
    expect(troubles).toHaveLength(1);
  });

  test.each([
    ['[', 'not JSON'],
    ['{}', 'expected array'],
    [JSON.stringify([{ name: 'a', roles: ['watch'] }]), 'entry 0'],
    [JSON.stringify([{ name: 'a', roles: ['admin'], sha256: sha256('x') }]), 'entry 0'],
    [JSON.stringify([{ name: 'a b', roles: ['watch'], sha256: sha256('x') }]), 'entry 0'],
    [JSON.stringify([entryOf('watch'), { ...entryOf('submit'), sha256: sha256('secret-watch') }]), 'entry 1 has what'],
    [JSON.stringify([{ name: 'a', roles: ['watch'], certificate: 'a' }]), 'this server asks for none'],
  ])('is refused at the start where it is unfit: %s', async (text, message) => {
    const path = join(await tempFolder(), 'access.json');
    await writeFile(path, text);
    const opened = openApi({ accessFile: path });
    await expect(opened).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(message) });
    await expect(opened).rejects.not.toMatchObject({ message: expect.stringContaining(sha256('secret-watch')) });
  });
});
