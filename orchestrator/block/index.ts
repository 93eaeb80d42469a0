/** Reads, takes in and checks blocks: what must hold between the parts that `proto/block` reads and writes. */
export { BlockCheck } from './block-check.js';
export { readBlock } from './block-file.js';
export { BlockIntake, type BlockIntakeOptions, type ReceivedBlock } from './block-intake.js';
export { checkedSource } from './checked-source.js';
export { type OpenedBlock, openBlockFile } from './open-block-file.js';
export { parseBlock } from './parse-block.js';
