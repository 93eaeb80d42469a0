/** What is the best way to divide this machine's cores among proofs: measured, and kept as the machine's profile. */
export { type MeasurePackingOptions, measurePacking } from './measure-packing.js';
export { type SampleCircuit, type SampleRequest, sampleRequests } from './sample-requests.js';
export { chooseSplit, type MeasuredSplit, proofSeconds, proofsPerMinute, type Split, splitsOf } from './split.js';
export {
  type Measured,
  readTunedProfile,
  removeTunedProfile,
  tunedProfile,
  tunedProfilePath,
  writeProfile,
} from './tuned-profile.js';
