import type { Readiness } from '../telemetry/readiness.js';
import type { OrchestratorParts } from './orchestrator-parts.js';

/** What an orchestrator needs before it can do its work, and why it has it not at first. */
export const ORCHESTRATOR_AWAITS = {
  verifier: 'prover and SRS are being tried',
  queue: 'there is no connection yet',
  store: 'it is not open yet',
  api: 'it is not served yet',
};

/** No block has it. */
const NO_BLOCK = '0'.repeat(64);

/** Has board and store asked whether they are there, as often as somebody wants to know. */
export function askParts(readiness: Readiness, { board, blocks }: Pick<OrchestratorParts, 'board' | 'blocks'>): void {
  readiness.ask('queue', () => board.find(NO_BLOCK));
  readiness.ask('store', () => blocks.hasBlock(NO_BLOCK));
}
