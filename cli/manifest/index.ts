/** The manifest of a proven block: what its proofs are, what made them and what they cost. */
export { buildManifest, type ManifestInput, median, type TreeJob } from './build-manifest.js';
export { readManifest, writeManifest } from './manifest-file.js';
export type { Manifest, ManifestCircuit, ManifestJob } from './manifest-schema.js';
