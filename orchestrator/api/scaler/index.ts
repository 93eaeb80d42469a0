/** KEDA's external scaler: how many workers of each class there should be, from what all orchestrators note on the board. */
export { DemandSource, type DemandSourceOptions } from './demand-source.js';
export { type ScalerBackend, scalerHandlers } from './scaler-handlers.js';
export { type ScalerOptions, type ScalerServer, startScaler } from './start-scaler.js';
