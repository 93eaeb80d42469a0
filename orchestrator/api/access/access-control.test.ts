import { createHash } from 'node:crypto';
import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { expectCode } from '../../../tests/support/expect-code.js';
import { tempFolder } from '../../../tests/support/temp-folder.js';
import type { Credentials, Principal } from '../calls/index.js';
import { AccessControl } from './access-control.js';

const LIST = '/espalier.v1.BlockService/ListBlocks';
const sha256 = (token: string) => createHash('sha256').update(token).digest('hex');
const bearer = (token: string) => ({ authorization: `Bearer ${token}`, certificate: undefined });
const admitting = (token: string) =>
  JSON.stringify([
    { name: 'dashboard', roles: ['watch'], sha256: sha256(token) },
    { name: 'by-certificate', roles: ['watch'], certificate: 'ops' },
  ]);

/** Looks when it is told to alone. */
async function open(text: string) {
  const path = join(await tempFolder(), 'access.json');
  await writeFile(path, text);
  const troubles: string[] = [];
  const onTrouble = (line: string) => troubles.push(line);
  const access = await AccessControl.open(path, { onTrouble, hasCertificates: true, lookMs: 2 ** 30 });
  onTestFinished(() => access.close());
  const isAdmitted = async (token: string) => {
    try {
      return admit(access, LIST, bearer(token))?.name === 'dashboard';
    } catch {
      return false;
    }
  };
  /** As an editor or an operator of Kubernetes does. */
  const replace = async (content: string) => {
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
    await access.look();
  };
  return { access, path, troubles, isAdmitted, replace };
}

test('a token that was withdrawn is refused from the next look on, and a new one admitted', async () => {
  const { isAdmitted, replace, troubles } = await open(admitting('old'));
  expect([await isAdmitted('old'), await isAdmitted('new')]).toEqual([true, false]);
  await replace(admitting('new'));
  expect([await isAdmitted('old'), await isAdmitted('new')]).toEqual([false, true]);
  expect(troubles).toEqual([]);
});

test('a file that is unfit, or gone, changes nothing, and each trouble is told of once', async () => {
  const { access, path, isAdmitted, replace, troubles } = await open(admitting('old'));
  await replace('[');
  await access.look();
  expect(troubles).toEqual([expect.stringMatching(/not JSON; the entries read before stay$/)]);
  await rm(path);
  for (let look = 0; look < 3; look++) await access.look();
  expect(troubles.slice(1)).toEqual([expect.stringMatching(/ENOENT.*; the entries read before stay$/)]);
  expect(await isAdmitted('old')).toBe(true);
  await replace(admitting('new'));
  expect([await isAdmitted('old'), await isAdmitted('new')]).toEqual([false, true]);
  await rm(path);
  await access.look();
  expect(troubles).toHaveLength(3);
});

test('a file of which only the rights changed is looked at anew', async () => {
  const { access, path, isAdmitted } = await open(admitting('old'));
  await chmod(path, 0o600);
  await access.look();
  expect(await isAdmitted('old')).toBe(true);
});

test('whoever shows something that is not known is told so, and nothing of it', async () => {
  const { access } = await open(admitting('old'));
  const show = async (authorization?: string, certificate?: string) =>
    admit(access, LIST, { authorization, certificate });
  await expectCode(show(), 'unauthenticated', /bears no token/);
  await expectCode(show(undefined, 'eve\nroot'), 'unauthenticated', /no certificate "eve\?root"/);
  for (const secret of [
    'Bearer hunter2',
    'bearer hunter2',
    'Basic hunter2',
    'hunter2',
    `Bearer ${'hunter2'.repeat(500)}`,
  ]) {
    const error = await expectCode(show(secret), 'unauthenticated', /token of the call is not known/);
    expect(`${error.toLine()} ${error.stack}`).not.toContain('hunter2');
  }
  expect(await show(undefined, 'ops')).toMatchObject({ name: 'by-certificate' });
});

test('without a file anybody may do everything, under the name of their certificate if they have one', async () => {
  const access = await AccessControl.open(undefined, { onTrouble: () => {}, hasCertificates: false });
  const forget = '/espalier.v1.BlockService/ForgetBlock';
  expect(admit(access, forget, { authorization: undefined, certificate: undefined })).toBeNull();
  expect(admit(access, forget, { authorization: undefined, certificate: 'ops' })?.name).toBe('ops');
});

function admit(access: AccessControl, path: string, credentials: Credentials): Principal | null {
  const entry = access.identify(path, credentials);
  if (entry !== null) access.permit(path, entry);
  return entry;
}
