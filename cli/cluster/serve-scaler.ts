import { systemClock } from '../../common/index.js';
import { DemandSource, type ScalerOptions, startScaler } from '../../orchestrator/index.js';
import { type Profile, resourceClassOf } from '../../proto/index.js';
import type { Monitoring } from '../telemetry/monitoring.js';
import { ScalerRecorder } from '../telemetry/scaler-recorder.js';
import type { Closing } from './closing.js';
import type { OrchestratorParts } from './orchestrator-parts.js';
import type { ProcessLog } from './process-log.js';
import { logRefused } from './serve-api.js';

/** Where KEDA's external scaler is served; undefined: nowhere. */
export type ScalerPlan = Pick<ScalerOptions, 'host' | 'port'> | undefined;

export interface ServeScalerOptions {
  readonly plan: ScalerPlan;
  /** Says which class each circuit is of. */
  readonly profile: Profile;
  readonly log: ProcessLog;
  readonly monitoring: Pick<Monitoring, 'telemetry'>;
}

/** Serves the scaler for the blocks and workers of these parts until `closing`. */
export async function serveScaler(
  { board, fleet }: Pick<OrchestratorParts, 'board' | 'fleet'>,
  { plan, profile, log, monitoring: { telemetry } }: ServeScalerOptions,
  closing: Closing,
): Promise<void> {
  if (plan === undefined) return;
  const clock = systemClock;
  const source = new DemandSource({ board, fleet, clock, classOf: (circuit) => resourceClassOf(profile, circuit) });
  const recorder = telemetry && new ScalerRecorder(telemetry.meter, clock);
  const server = await startScaler(
    {
      view: () => source.view(),
      clock,
      onWanted: (resourceClass, wanted) => recorder?.onWanted(resourceClass, wanted),
    },
    { ...plan, onTrouble: log.trouble, onRefused: (call) => logRefused(call, log) },
  );
  closing.add(server, (it) => it.stop());
  const { address } = server;
  log.write('good', `KEDA's external scaler is served on ${address}, to whoever reaches it`, {
    kind: 'scaler',
    address,
  });
}
