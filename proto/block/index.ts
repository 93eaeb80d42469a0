/** The block as it is written, sent and stored: its files, its parts, its bounds and its identity. */
export { BlockFile, readBlockParts, TEXT_TRANSACTIONS_MAX, writeBlock, writeBlockParts } from './block-file.js';
export { blockId, familyOf, outlineOf, startStateId, transactionId } from './block-id.js';
export { type BlockFacts, BlockIdentity } from './block-identity.js';
export { serializeBlock } from './block-json.js';
export { type BlockOutline, outlineFamily, outlineId } from './block-outline.js';
export { collectBlock, PART_BYTES_MAX, PartBatcher, partsOf } from './block-parts.js';
export { type BlockSource, sourceOf } from './block-source.js';
export { checkPart } from './check-part.js';
export { parseBlockJson } from './parse-block-json.js';
export { decodePart, encodePart } from './part-codec.js';
export { PartSequence } from './part-sequence.js';
export { readBlockIdentity } from './read-block-identity.js';
