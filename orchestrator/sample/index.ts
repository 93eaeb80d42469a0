/** Blocks with real content, made from a seed. */
export { makeSampleBlock, type SampleBlockOptions } from './sample-block.js';
