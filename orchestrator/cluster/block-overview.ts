import type { BlockId, Forecast } from '../../proto/index.js';
import type { LevelSnapshot } from '../schedule/index.js';
import type { ClaimedBlock } from './claimed-block.js';

/** How far a block is that an orchestrator owns. */
export interface BlockOverview {
  readonly blockId: BlockId;
  readonly state: ClaimedBlock['state'];
  /** undefined: none yet. */
  readonly forecast: Forecast | undefined;
  /** Milliseconds since the epoch; undefined: none. */
  readonly deadlineAtMs: number | undefined;
  /** Empty unless it is proving. */
  readonly levels: readonly LevelSnapshot[];
}

export function overviewOf(
  { id: blockId, state, claim, forecast }: ClaimedBlock,
  levelsOf: (blockId: BlockId) => readonly LevelSnapshot[] | undefined,
): BlockOverview {
  const levels = state === 'proving' ? (levelsOf(blockId) ?? []) : [];
  return { blockId, state, forecast, deadlineAtMs: claim.deadlineAtMs, levels };
}
