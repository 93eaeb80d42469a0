import { readFile, stat } from 'node:fs/promises';
import { EspalierError } from '../../../common/index.js';
import type { Credentials } from '../admission.js';
import { AccessEntries, type AccessEntry } from './access-entries.js';
import { ROLES, rolesFor } from './roles.js';

/** How often the file is looked at. */
const LOOK_MS = 2_000;
const FILE_BYTES_MAX = 4 * 1024 * 1024;

const ANYONE: AccessEntry = { name: 'anyone', roles: ROLES };
const BEARER = /^Bearer +(\S{1,1024})$/i;

/**
 * Decides who may call what, by an access file that is read again when it changes; one that became unfit changes nothing,
 * and is told of once. Without a file whoever the transport admits may do everything.
 */
export class AccessControl {
  readonly #path: string | undefined;
  readonly #onTrouble: (line: string) => void;
  readonly #timer: NodeJS.Timeout | undefined;
  #entries: AccessEntries | undefined;
  #version = '';
  #looking: Promise<void> | undefined;

  /** Rejects with `usage` for a file that cannot be read or is unfit. */
  static async open(
    path: string | undefined,
    { onTrouble }: { readonly onTrouble: (line: string) => void },
  ): Promise<AccessControl> {
    const control = new AccessControl(path, onTrouble);
    try {
      if (path !== undefined) await control.#read(path);
      return control;
    } catch (thrown) {
      control.close();
      throw thrown;
    }
  }

  private constructor(path: string | undefined, onTrouble: (line: string) => void) {
    this.#path = path;
    this.#onTrouble = onTrouble;
    if (path !== undefined) this.#timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  /** Who calls. Throws `unauthenticated` for nobody who is known, and `permission-denied`. */
  admit(path: string, credentials: Credentials): { readonly name: string } {
    const needed = rolesFor(path);
    if (needed === null) return ANYONE;
    const entry = this.#entryOf(credentials);
    if (entry.roles.some((role) => needed.includes(role))) return entry;
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
      .catch((thrown) => this.#onTrouble(`${EspalierError.from(thrown).message}; the entries read before stay`))
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #entryOf({ authorization, certificate }: Credentials): AccessEntry {
    if (this.#path === undefined) return ANYONE;
    const [, token] = BEARER.exec(authorization ?? '') ?? [];
    const entry =
      (token === undefined ? undefined : this.#entries?.ofToken(token)) ??
      (certificate === undefined ? undefined : this.#entries?.ofCertificate(certificate));
    if (entry !== undefined) return entry;
    const what = authorization === undefined ? 'the call bears no token' : 'the token of the call is not known here';
    throw new EspalierError('unauthenticated', what, {
      remedy: 'name a token that is in the access file of the server: ESPALIER_TOKEN, or --token-file',
    });
  }

  async #read(path: string): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(path);
      const version = `${mtimeMs} ${size} ${ino}`;
      if (version === this.#version) return;
      this.#version = version;
      if (size > FILE_BYTES_MAX) throw new Error(`it has more than ${FILE_BYTES_MAX} bytes`);
      this.#entries = AccessEntries.parse(await readFile(path, 'utf8'), path);
    } catch (thrown) {
      if (thrown instanceof EspalierError) throw thrown;
      throw new EspalierError('usage', `access file ${path} cannot be read: ${(thrown as Error).message}`, {
        cause: thrown,
        remedy: 'name a file that this process may read',
      });
    }
  }
}
