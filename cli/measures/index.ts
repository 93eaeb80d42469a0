export { circuitSizes } from './circuit-sizes.js';
export { machineTag } from './machine-file.js';
export { medianTimes, type ProvingSample, type ProvingTime, ProvingTimes } from './proving-times.js';
