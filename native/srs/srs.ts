import type { SrsName } from '../../proto/index.js';

/** A structured reference string on disk, and the `bb` binary that accepts it. */
export interface Srs {
  readonly name: Exclude<SrsName, 'none'>;
  /** Folder with `bn254_g1.dat` (64 bytes a point) and `bn254_g2.dat` (128 bytes): `CRS_PATH` of `bb`. */
  readonly folder: string;
  /** G1 points in the folder. A circuit of `n` dyadic gates needs `n + 1`. */
  readonly points: number;
  /** The binary to prove with: the unmodified one for `canonical`, the patched copy for `development`. */
  readonly bbPath: string;
}
