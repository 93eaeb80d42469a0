/** The manifest of a proven block: what its proofs are, what made them and what they cost. */
export { buildManifest, type ManifestInput, median } from './build-manifest.js';
export type { Manifest, ManifestCircuit, ManifestJob } from './manifest.js';
export { writeManifest } from './manifest-file.js';
