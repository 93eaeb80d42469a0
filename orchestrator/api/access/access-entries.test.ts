import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { EspalierError } from '../../../common/index.js';
import { AccessEntries } from './access-entries.js';

const sha256 = (token: string) => createHash('sha256').update(token).digest('hex');
const ofToken = { name: 'sequencer', roles: ['submit', 'watch'], sha256: sha256('a token') };
const ofCertificate = { name: 'operator', roles: ['operate'], certificate: 'ops.example' };

function faultOf(json: unknown): EspalierError {
  try {
    AccessEntries.parse(typeof json === 'string' ? json : JSON.stringify(json), 'access.json');
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(EspalierError);
    return thrown as EspalierError;
  }
  return expect.fail('it is taken');
}

describe('an access file', () => {
  const entries = AccessEntries.parse(JSON.stringify([ofToken, ofCertificate]), 'access.json');

  test('admits by the token of which it has the digest, and by no other', () => {
    expect(entries.ofToken('a token')).toMatchObject({ name: 'sequencer', roles: ['submit', 'watch'] });
    for (const token of ['', 'a', 'a token ', 'A token', ofToken.sha256]) {
      expect(entries.ofToken(token)).toBeUndefined();
    }
  });

  test('admits by the common name of a certificate, in full', () => {
    expect(entries.ofCertificate('ops.example')).toMatchObject({ name: 'operator', roles: ['operate'] });
    for (const name of ['', 'ops', 'OPS.example', '__proto__', 'constructor']) {
      expect(entries.ofCertificate(name)).toBeUndefined();
    }
  });

  test('may give one name several tokens, to replace one by another', () => {
    const both = AccessEntries.parse(JSON.stringify([ofToken, { ...ofToken, sha256: sha256('newer') }]), 'access.json');
    expect([both.ofToken('a token')?.name, both.ofToken('newer')?.name]).toEqual(['sequencer', 'sequencer']);
  });

  test('with as many entries as there may be takes no longer for one more token that is not known', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({ ...ofToken, sha256: sha256(`token ${index}`) }));
    const all = AccessEntries.parse(JSON.stringify(many), 'access.json');
    expect(all.ofToken('token 9999')).toBeDefined();
    const startedMs = performance.now();
    for (let index = 0; index < 1_000; index++) expect(all.ofToken(`other ${index}`)).toBeUndefined();
    // A look at each digest takes 3 seconds.
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(faultOf([...many, ofCertificate]).message).toContain('10000');
  });
});

describe('an access file that is unfit is refused', () => {
  test.each([
    ['no JSON', '[{]', /^access file access.json: not JSON$/],
    ['no list', { entries: [] }, /expected array/],
    ['no object', [ofToken, 'x'], /entry 1 is unfit: .*expected object/],
    [
      'neither token nor certificate',
      [{ name: 'a', roles: ['watch'] }],
      /entry 0 is unfit: sha256: .*\(it is named a\)/,
    ],
    ['both', [{ ...ofToken, ...ofCertificate }], /entry 0 is unfit: .*"sha256"/],
    ['an unknown role', [{ ...ofToken, roles: ['read'] }], /entry 0 is unfit: roles.0: .*"submit"\|"watch"\|"operate"/],
    ['no role', [{ ...ofToken, roles: [] }], /entry 0 is unfit: roles: /],
    ['a name for no log', [{ ...ofToken, name: 'a\nb' }], /entry 0 is unfit: name: 1 to 64 letters/],
    ['a token in clear', [{ ...ofToken, sha256: 'hunter2' }], /entry 0 is unfit: sha256: 64 lower-case/],
    ['a field too many', [{ ...ofToken, expires: 1 }], /entry 0 is unfit: .*"expires"/],
    ['a token twice', [ofToken, { ...ofToken, name: 'b' }], /entry 1 has what an earlier entry has/],
    ['a certificate twice', [ofCertificate, ofToken, ofCertificate], /entry 2 has what an earlier entry has/],
  ])('%s', (_, json, message) => {
    const fault = faultOf(json);
    expect(fault.code).toBe('usage');
    expect(fault.message).toMatch(message);
    expect(fault.remedy).toContain('espalier token new');
    expect(fault.toLine()).not.toMatch(/hunter2|[0-9a-f]{64}|\n/);
  });
});
