import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** Certificates for tests, made here: no tool that might be missing is needed. */

export interface TestCertificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  readonly commonName: string;
  readonly privateKey: KeyObject;
}

/** A CA of its own. */
export function testCa(commonName: string): TestCertificate {
  return certificate({ commonName, issuer: undefined, isCa: true });
}

/** For a server on 127.0.0.1 and localhost, or for a client. */
export function testCertificate(commonName: string, issuer: TestCertificate): TestCertificate {
  return certificate({ commonName, issuer, isCa: false });
}

const OID = {
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
  commonName: [0x55, 0x04, 0x03],
  basicConstraints: [0x55, 0x1d, 0x13],
  subjectAltName: [0x55, 0x1d, 0x11],
} as const;

let serial = 1;

function certificate(options: {
  readonly commonName: string;
  readonly issuer: TestCertificate | undefined;
  readonly isCa: boolean;
}): TestCertificate {
  const { commonName, issuer, isCa } = options;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const hourMs = 3_600_000;
  const extensions = isCa
    ? [extension(OID.basicConstraints, sequence(der(0x01, [0xff])))]
    : [extension(OID.subjectAltName, sequence(der(0x87, [127, 0, 0, 1]), der(0x82, Buffer.from('localhost'))))];
  const signed = sequence(
    der(0xa0, der(0x02, [2])),
    der(0x02, [0x01, (serial >> 8) & 0xff, serial++ & 0xff]),
    algorithm,
    nameOf(issuer?.commonName ?? commonName),
    sequence(time(Date.now() - hourMs), time(Date.now() + 24 * hourMs)),
    nameOf(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', signed, issuer?.privateKey ?? privateKey);
  const bytes = sequence(signed, algorithm, der(0x03, [0, ...signature]));
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    commonName,
    privateKey,
  };
}

function der(tag: number, content: ArrayLike<number>): Buffer {
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), Buffer.from(Array.from(content))]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function oid(bytes: readonly number[]): Buffer {
  return der(0x06, bytes);
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(commonName)))));
}

function time(atMs: number): Buffer {
  const digits = new Date(atMs).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return der(0x18, Buffer.from(`${digits}Z`));
}

function extension(id: readonly number[], value: Buffer): Buffer {
  return sequence(oid(id), der(0x04, value));
}
