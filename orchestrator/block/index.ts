/** The block file: its schema, reading and writing it, and the identities of what it holds. */
export { readBlock, serializeBlock, writeBlock } from './block-file.js';
export { blockId, familyOf, startStateId, transactionId } from './block-id.js';
export { parseBlock } from './parse-block.js';
