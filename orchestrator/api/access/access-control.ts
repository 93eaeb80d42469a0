import { readFile, stat } from 'node:fs/promises';
import { EspalierError } from '../../../common/index.js';
import type { Credentials } from '../calls/index.js';
import { AccessEntries, type AccessEntry } from './access-entries.js';
import { ROLES, rolesFor } from './roles.js';

/** How often the file is looked at. */
const LOOK_MS = 2_000;
const FILE_BYTES_MAX = 4 * 1024 * 1024;

const NAME_CHARS_MAX = 64;
const BEARER = /^Bearer +(\S{1,1024})$/i;

export interface AccessOptions {
  /** Hears of a file that became unfit. */
  readonly onTrouble: (line: string) => void;
  /** Whether those who call may show certificates. */
  readonly hasCertificates: boolean;
  readonly lookMs?: number;
}

/**
 * Decides who may call what, by an access file that is read again when it changes; one that became unfit changes nothing,
 * and is told of once. Without a file whoever the transport admits may do everything.
 */
export class AccessControl {
  readonly #path: string | undefined;
  readonly #options: AccessOptions;
  readonly #timer: NodeJS.Timeout | undefined;
  #entries: AccessEntries | undefined;
  #version = '';
  /** What was told of last: a file that stays away is told of once. */
  #trouble = '';
  #looking: Promise<void> | undefined;

  /** Rejects with `usage` for a file that cannot be read or is unfit. */
  static async open(path: string | undefined, options: AccessOptions): Promise<AccessControl> {
    const control = new AccessControl(path, options);
    try {
      if (path !== undefined) await control.#read(path);
      return control;
    } catch (thrown) {
      control.close();
      throw thrown;
    }
  }

  private constructor(path: string | undefined, options: AccessOptions) {
    this.#path = path;
    this.#options = options;
    const { lookMs = LOOK_MS } = options;
    if (path !== undefined) this.#timer = setInterval(() => void this.look(), lookMs).unref();
  }

  /** Who calls; null where anyone may. Throws `unauthenticated` for nobody who is known. */
  identify(path: string, credentials: Credentials): AccessEntry | null {
    const isForAnyone = rolesFor(path) === null || (this.#path === undefined && credentials.certificate === undefined);
    return isForAnyone ? null : this.#entryOf(credentials);
  }

  /** Throws `permission-denied` unless this one may call the method. */
  permit(path: string, entry: AccessEntry): void {
    const needed = rolesFor(path) ?? ROLES;
    if (entry.roles.some((role) => needed.includes(role))) return;
    const method = path.split('/').at(-1);
    throw new EspalierError(
      'permission-denied',
      `${entry.name} may not call ${method}: it takes the role ${needed.join(' or ')}, and ${entry.name} has ${entry.roles.join(', ')}`,
      { remedy: 'use a token with that role, or have it added in the access file' },
    );
  }

  /** Looks whether the file has changed. */
  look(): Promise<void> {
    const path = this.#path;
    if (path === undefined) return Promise.resolve();
    this.#looking ??= this.#read(path)
      .catch((thrown: unknown) => this.#tell(EspalierError.from(thrown).message))
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #entryOf({ authorization, certificate }: Credentials): AccessEntry {
    if (this.#path === undefined) return { name: shownName(certificate ?? ''), roles: ROLES };
    const [, token] = BEARER.exec(authorization ?? '') ?? [];
    const entry =
      (token === undefined ? undefined : this.#entries?.ofToken(token)) ??
      (certificate === undefined ? undefined : this.#entries?.ofCertificate(certificate));
    if (entry !== undefined) return entry;
    const what =
      authorization !== undefined
        ? 'the token of the call is not known here'
        : certificate !== undefined
          ? `the access file lists no certificate "${shownName(certificate)}", and the call bears no token`
          : 'the call bears no token';
    throw new EspalierError('unauthenticated', what, {
      remedy: 'name a token that is in the access file of the server: ESPALIER_TOKEN, or --token-file',
    });
  }

  #tell(trouble: string): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#options.onTrouble(`${trouble}; the entries read before stay`);
  }

  async #read(path: string): Promise<void> {
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(path);
      const version = `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
      if (version === this.#version) {
        this.#trouble = '';
        return;
      }
      if (size > FILE_BYTES_MAX) throw new Error(`it has more than ${FILE_BYTES_MAX} bytes`);
      const text = await readFile(path, 'utf8');
      this.#version = version;
      const entries = AccessEntries.parse(text, path);
      if (!this.#options.hasCertificates) entries.requireTokens(path);
      this.#entries = entries;
      this.#trouble = '';
    } catch (thrown) {
      if (thrown instanceof EspalierError) throw thrown;
      throw new EspalierError('usage', `access file ${path} cannot be read: ${(thrown as Error).message}`, {
        cause: thrown,
        remedy: 'name a file that this process may read',
      });
    }
  }
}

/** Whoever signed the certificate has chosen it: as it may stand in a log. */
function shownName(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, NAME_CHARS_MAX);
}
