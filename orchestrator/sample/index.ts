/** Blocks with real content, made from a seed. */
export { makeSampleBlock, type SampleBlockOptions, sampleBlockParts } from './sample-block.js';
