import { SRS_POINTS_NEEDED } from '../../circuits/index.js';
import { findCompressed, type SrsStatus } from '../../native/index.js';

/** Which SRS a command would use that was given no `--srs`, in words. */
export interface SrsPlan {
  /** `canonical` only where it needs no download. */
  readonly srs: 'canonical' | 'development';
  readonly folder: string | null;
  readonly reason: string;
}

/** What `resolveSrs` would choose, without a download and without making anything. */
export async function planSrs(
  found: readonly SrsStatus[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<SrsPlan> {
  const canonical = found.filter(({ name, valid }) => name === 'canonical' && valid);
  const large = canonical.find(({ points }) => points >= SRS_POINTS_NEEDED);
  if (large) return { srs: 'canonical', folder: large.folder, reason: 'it is on this machine and large enough' };
  const compressed = await findCompressed(env, SRS_POINTS_NEEDED);
  if (compressed !== null) {
    return { srs: 'canonical', folder: compressed, reason: 'bb downloaded it; it is expanded into the cache first' };
  }
  const [small] = canonical;
  const lack = small ? `the canonical one in ${small.folder} has too few points` : 'the canonical one is not here';
  const made = found.find(({ name, valid }) => name === 'development' && valid);
  return {
    srs: 'development',
    folder: made?.folder ?? null,
    reason: `${lack}; prove tries to download it first (espalier srs fetch)${made ? '' : ', and makes this one if it cannot'}`,
  };
}
