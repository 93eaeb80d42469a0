import { systemClock } from '../../common/index.js';
import { Orchestrator } from '../../orchestrator/index.js';
import type { Profile } from '../../proto/index.js';
import type { Engine } from '../run/engine.js';
import { BlockLog } from './block-log.js';
import type { Closing } from './closing.js';
import { type OrchestratorParts, placeText } from './orchestrator-parts.js';
import type { ProcessLog } from './process-log.js';

export interface DriveBlocksOptions {
  readonly engine: Engine;
  /** Says which class each circuit is of. */
  readonly profile: Profile;
  readonly keepProofs: boolean;
  readonly log: ProcessLog;
}

/** Starts an orchestrator, which stops with `closing`. */
export function driveBlocks(
  { orchestratorId, board, owner, queue, fleet, blocks, proofs, place }: OrchestratorParts,
  { engine, profile, keepProofs, log }: DriveBlocksOptions,
  closing: Closing,
): void {
  const blockLog = new BlockLog(log, systemClock);
  const orchestrator = new Orchestrator({
    owner,
    board,
    queue,
    fleet,
    proofs,
    blocks,
    tools: engine,
    profile,
    keepProofs,
    onEvent: (blockId, event) => blockLog.onEvent(blockId, event),
    onFault: (error) => log.trouble(error.toLine()),
  });
  const { version, srs } = engine.prover.identity;
  const made = srs === 'none' ? 'simulated proofs' : `proofs of bb ${version} with the ${srs} SRS`;
  log.write('good', `orchestrator ${orchestratorId} takes blocks, for ${made}; ${placeText(place)}`, {
    kind: 'ready',
    orchestratorId,
    ...place,
    prover: engine.prover.identity,
  });
  orchestrator.start();
  closing.add(orchestrator, (it) => it.stop());
}
