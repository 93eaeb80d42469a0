/** What travels over gRPC, generated from `espalier/v1/*.proto` by `npm run build:proto`; documented there. */
export * from './generated/espalier/v1/block.js';
export * from './generated/espalier/v1/block_service.js';
export * from './generated/espalier/v1/event.js';
export * from './generated/espalier/v1/fleet_service.js';
export * from './generated/espalier/v1/proof.js';
export * from './generated/espalier/v1/status.js';
export * as keda from './generated/externalscaler/externalscaler.js';
export { ErrorInfo, RetryInfo } from './generated/google/rpc/error_details.js';
export { Status } from './generated/google/rpc/status.js';
