import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { tempFolder } from '../../tests/support/temp-folder.js';
import { interruption } from '../interrupt.js';
import { runCli } from '../run-cli.js';
import { captureContext } from '../testing/test-context.js';

test.each([
  ['block new', ['block', 'new']],
  ['demo', ['demo']],
])(
  '%s: Ctrl-C while the SRS is downloaded ends the command at once',
  async (_, words) => {
    const home = await tempFolder();
    const cancel = new AbortController();
    // Never answers: without the signal the download would be waited for until it is given up.
    const server = createServer(() => cancel.abort(interruption('stopped by SIGINT'))).listen(0, '127.0.0.1');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { context, stderr } = captureContext({
      cwd: home,
      env: { HOME: home, ESPALIER_CACHE: `${home}/cache`, ESPALIER_SRS_HOSTS: `http://127.0.0.1:${port}` },
      signal: cancel.signal,
    });
    expect(await runCli([...words, '--srs', 'canonical'], context)).toBe(130);
    expect(stderr()).toContain('error[cancelled]');
  },
  20_000,
);
