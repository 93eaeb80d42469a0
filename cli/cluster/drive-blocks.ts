import { systemClock } from '../../common/index.js';
import { Orchestrator } from '../../orchestrator/index.js';
import type { Profile } from '../../proto/index.js';
import type { Engine } from '../run/engine.js';
import { BlockRecorder } from '../telemetry/block-recorder.js';
import type { Monitoring } from '../telemetry/monitoring.js';
import { watchCluster } from '../telemetry/watch-cluster.js';
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
  readonly monitoring: Pick<Monitoring, 'telemetry'>;
}

/** Starts an orchestrator, which stops with `closing`. */
export function driveBlocks(
  parts: OrchestratorParts,
  { engine, profile, keepProofs, log, monitoring: { telemetry } }: DriveBlocksOptions,
  closing: Closing,
): void {
  const { orchestratorId, board, owner, queue, fleet, blocks, proofs, place } = parts;
  const blockLog = new BlockLog(log, systemClock);
  const recorder = telemetry && new BlockRecorder(telemetry, orchestratorId, systemClock);
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
    onClaimed: (claim, whenGone) => {
      blockLog.onClaimed(claim, whenGone);
      recorder?.onClaimed(claim, whenGone);
    },
    onEvent: (blockId, event) => {
      blockLog.onEvent(blockId, event);
      recorder?.onEvent(blockId, event);
    },
    onFault: (error) => log.trouble(error.toLine()),
  });
  if (telemetry !== null) {
    const jobCounts = () => parts.jobCounts();
    watchCluster(telemetry.meter, { fleet, board, jobCounts, overview: () => orchestrator.overview() }, systemClock);
  }
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
