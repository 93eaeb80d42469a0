import { createHash, createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { EspalierError } from '../../../common/index.js';
import { ROLES, type Role } from './roles.js';

const ENTRIES_MAX = 10_000;

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, '1 to 64 letters, digits, dots, _ and -');
const roles = z.array(z.enum(ROLES)).min(1);
/** By what an entry has: a union of both could say no more of a faulty one than that it is neither. */
const SHAPES = {
  token: z.strictObject({
    name,
    roles,
    sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits'),
  }),
  certificate: z.strictObject({ name, roles, certificate: z.string().min(1).max(256) }),
};
const list = z.array(z.unknown()).max(ENTRIES_MAX);

/** Someone who may call, as the access file names them. */
export interface AccessEntry {
  readonly name: string;
  readonly roles: readonly Role[];
}

/** Who is admitted by which token or client certificate. */
export class AccessEntries {
  readonly #byToken = new Map<string, AccessEntry>();
  readonly #byCertificate = new Map<string, AccessEntry>();
  /** Tokens are found by a hash with a key that nobody knows: how long it takes says nothing of those that are here. */
  readonly #key = randomBytes(32);

  /** From the text of an access file. Throws `usage`, naming `path`, the entry and what is allowed; never a digest. */
  static parse(text: string, path: string): AccessEntries {
    const fault = (what: string) =>
      new EspalierError('usage', `access file ${path}: ${what}`, {
        remedy:
          'it is a JSON list of {"name", "roles", "sha256" or "certificate"}; `espalier token new` makes an entry',
      });
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw fault('not JSON');
    }
    const parsed = list.safeParse(json);
    if (!parsed.success) throw fault(parsed.error.issues[0]?.message ?? 'not a list');
    const entries = new AccessEntries();
    parsed.data.forEach((one, index) => {
      const trouble = entries.#add(one);
      if (trouble !== undefined) throw fault(`entry ${index} ${trouble}${nameOf(one)}`);
    });
    return entries;
  }

  private constructor() {}

  /** Throws `usage` where there are entries for certificates: on a server that asks for none they would admit nobody. */
  requireTokens(path: string): void {
    const [name] = this.#byCertificate.keys();
    if (name === undefined) return;
    throw new EspalierError(
      'usage',
      `access file ${path} admits certificate "${name}", and this server asks for none`,
      {
        remedy: 'name the CA that signed it with --tls-client-ca, or give the entry a token',
      },
    );
  }

  ofToken(token: string): AccessEntry | undefined {
    return this.#byToken.get(this.#keyed(createHash('sha256').update(token).digest()));
  }

  ofCertificate(commonName: string): AccessEntry | undefined {
    return this.#byCertificate.get(commonName);
  }
  /** What is wrong with it, if anything. */
  #add(json: unknown): string | undefined {
    const isCertificate = typeof json === 'object' && json !== null && 'certificate' in json;
    const parsed = (isCertificate ? SHAPES.certificate : SHAPES.token).safeParse(json);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const place = issue?.path.join('.') ?? '';
      return `is unfit: ${place === '' ? '' : `${place}: `}${issue?.message ?? 'not an entry'}`;
    }
    const entry = parsed.data;
    const known = 'sha256' in entry ? this.#byToken : this.#byCertificate;
    const key = 'sha256' in entry ? this.#keyed(Buffer.from(entry.sha256, 'hex')) : entry.certificate;
    if (known.has(key)) return 'has what an earlier entry has: each token or certificate is one';
    known.set(key, entry);
    return undefined;
  }

  #keyed(digest: Buffer): string {
    return createHmac('sha256', this.#key).update(digest).digest('base64');
  }
}

function nameOf(json: unknown): string {
  const parsed = z.object({ name }).safeParse(json);
  return parsed.success ? ` (it is named ${parsed.data.name})` : '';
}
