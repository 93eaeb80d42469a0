import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectCode } from '../../tests/support/expect-code.js';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { parseApiOptions, type RawApiOptions } from './api-options.js';

const parse = async (raw: RawApiOptions, cwd = '/') => parseApiOptions(raw, { env: {}, cwd });

test('limits come from a file beside the working folder, the window as it is', async () => {
  const cwd = await tempFolder();
  await writeFile(join(cwd, 'limits.json'), '{"uploadsMax": 32}');
  expect(await parse({ limits: 'limits.json', window: 90_000 }, cwd)).toEqual({
    host: '127.0.0.1',
    port: 7420,
    allowInsecure: false,
    limits: { uploadsMax: 32 },
    windowMs: 90_000,
  });
});

test.each([
  ['[1]', /is no JSON object/],
  ['uploadsMax', /cannot be read/],
])('limits that are %s are refused with the file', async (text, message) => {
  const cwd = await tempFolder();
  await writeFile(join(cwd, 'limits.json'), text);
  const error = await expectCode(parse({ limits: 'limits.json' }, cwd), 'usage', message);
  expect(error.message).toContain(join(cwd, 'limits.json'));
  expect(error.remedy).toContain('{"uploadsMax": 32}');
});

test('a file of limits that is not there is refused', async () => {
  await expectCode(parse({ limits: 'nowhere.json' }), 'usage', /ENOENT/);
});
