/** Reads and checks blocks: what must hold between the parts that `proto/block` reads and writes. */
export { BlockCheck } from './block-check.js';
export { readBlock } from './block-file.js';
export { parseBlock } from './parse-block.js';
