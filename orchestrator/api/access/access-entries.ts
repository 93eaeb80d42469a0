import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { EspalierError } from '../../../common/index.js';
import { ROLES, type Role } from './roles.js';

const ENTRIES_MAX = 10_000;

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, '1 to 64 letters, digits, dots, _ and -');
const roles = z.array(z.enum(ROLES)).min(1);
const entry = z.union([
  z.strictObject({ name, roles, sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hexadecimal digits') }),
  z.strictObject({ name, roles, certificate: z.string().min(1).max(256) }),
]);
const entries = z.array(entry).max(ENTRIES_MAX);

/** Someone who may call, as the access file names them. */
export interface AccessEntry {
  readonly name: string;
  readonly roles: readonly Role[];
}

/** Who is admitted by which token or client certificate. */
export class AccessEntries {
  readonly #byDigest: readonly { readonly digest: Buffer; readonly entry: AccessEntry }[];
  readonly #byCertificate: ReadonlyMap<string, AccessEntry>;

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
    const parsed = entries.safeParse(json);
    const twice = parsed.success ? firstTwice(parsed.data) : undefined;
    if (twice !== undefined)
      throw fault(`entry ${twice} has what an earlier entry has: each token or certificate is one`);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw fault(`${issue?.path.length ? `entry ${issue.path.join(', ')}: ` : ''}${issue?.message ?? 'not a list'}`);
    }
    return new AccessEntries(parsed.data);
  }

  private constructor(all: z.infer<typeof entries>) {
    this.#byDigest = all.flatMap((one) =>
      'sha256' in one ? [{ digest: Buffer.from(one.sha256, 'hex'), entry: one }] : [],
    );
    this.#byCertificate = new Map(all.flatMap((one) => ('certificate' in one ? [[one.certificate, one]] : [])));
  }

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

  /** Looks at all of them, whichever it is: how long it takes says nothing of the digests. */
  ofToken(token: string): AccessEntry | undefined {
    const digest = createHash('sha256').update(token).digest();
    let found: AccessEntry | undefined;
    for (const known of this.#byDigest) if (timingSafeEqual(known.digest, digest)) found ??= known.entry;
    return found;
  }

  ofCertificate(commonName: string): AccessEntry | undefined {
    return this.#byCertificate.get(commonName);
  }
}

/** Index of the first entry that is for the same token or certificate as one before. */
function firstTwice(all: z.infer<typeof entries>): number | undefined {
  const seen = new Set<string>();
  const index = all.findIndex((one) => {
    const key = JSON.stringify('sha256' in one ? { sha256: one.sha256 } : { certificate: one.certificate });
    return seen.size === seen.add(key).size;
  });
  return index < 0 ? undefined : index;
}
