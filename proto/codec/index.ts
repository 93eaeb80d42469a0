/**
 * Between the types of the domain and those of the wire, both ways. To the wire: the domain's values are right by type.
 * From the wire: everything is checked, and an `EspalierError` names what is wrong and where.
 */
export {
  blockFromWire,
  blockStateFromWire,
  blockStateToWire,
  blockToWire,
  capacityFromWire,
  capacityToWire,
} from './block.js';
export { blockPartFromWire, blockPartToWire } from './block-part.js';
export { cursorFromText, cursorToText } from './cursor.js';
export { eventFromWire, eventToWire } from './event.js';
export { failureFromWire, failureToWire } from './failure.js';
export { forecastFromWire, forecastToWire } from './forecast.js';
export { proofFromWire, proofToWire, summaryFromWire, summaryToWire } from './proof.js';
export { ERROR_DOMAIN, toServiceError, type WireError } from './service-error.js';
export {
  outcomeFromWire,
  outcomeToWire,
  PROVING_WINDOW_MAX_MS,
  submissionFromWire,
  submissionToWire,
} from './submission.js';
export { workerFromWire, workerToWire } from './worker.js';
