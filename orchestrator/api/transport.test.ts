import { describe, expect, test } from 'vitest';
import { EspalierError } from '../../common/index.js';
import { expectCode } from '../../tests/support/expect-code.js';
import { addressesOf, checkListen, type ListenPlan } from './transport.js';

const TLS = { certFile: 'cert.pem', keyFile: 'key.pem' };
const MUTUAL = { ...TLS, clientCaFile: 'ca.pem' };

function check(host: string, plan: Partial<ListenPlan>, addresses = [host]): EspalierError | undefined {
  try {
    checkListen({ host, hasAccessFile: false, allowInsecure: false, ...plan }, addresses);
    return undefined;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(EspalierError);
    return thrown as EspalierError;
  }
}

describe('on this machine alone', () => {
  test.each(['127.0.0.1', '127.9.8.7', '::1', '::ffff:127.0.0.1', 'localhost', 'unix:/run/espalier.sock'])(
    '%s: the API may be open to all',
    async (host) => {
      expect(check(host, {}, [...(await addressesOf(host))])).toBeUndefined();
    },
  );
});

describe('beyond this machine', () => {
  test.each<[string, boolean, Partial<ListenPlan>]>([
    ['nothing', false, {}],
    ['an access file in clear', false, { hasAccessFile: true }],
    ['TLS and no access file', false, { tls: TLS }],
    ['TLS and an access file', true, { tls: TLS, hasAccessFile: true }],
    ['client certificates', true, { tls: MUTUAL }],
    ['client certificates and an access file', true, { tls: MUTUAL, hasAccessFile: true }],
    ['a word of the operator', true, { allowInsecure: true }],
  ])('%s: enough is %s', (_, isEnough, plan) => {
    for (const host of ['0.0.0.0', '::', '10.0.0.7', '128.0.0.1', '::2', '::ffff:10.0.0.7', '169.254.0.1']) {
      const error = check(host, plan);
      expect([host, error === undefined]).toEqual([host, isEnough]);
      if (error === undefined) continue;
      expect(error.code).toBe('usage');
      expect(error.message).toContain(host);
      expect(error.remedy).toMatch(/--tls-cert.*--access-file.*--tls-client-ca.*--allow-insecure/);
    }
  });

  test('a name counts as all that it stands for', () => {
    expect(check('node-a', {}, ['127.0.0.1', '10.0.0.7'])?.message).toContain('10.0.0.7');
    expect(check('127.0.0.1.example', {}, ['10.0.0.7'])).toBeDefined();
  });

  test('a name that stands for nothing is refused', async () => {
    await expectCode(addressesOf('nowhere.invalid'), 'usage', /nowhere\.invalid/);
  });
});
