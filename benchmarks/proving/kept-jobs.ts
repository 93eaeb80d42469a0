import { type Engine, type JobRequest, jobRequests, OutputFolder } from '../../cli/index.js';
import { planExecution } from '../../orchestrator/index.js';
import { type Block, sourceOf } from '../../proto/index.js';

/** Each job of a block that was proven with `--keep-proofs`, the kept proofs put into its inputs. */
export async function* keptJobs(engine: Engine, block: Block, folderPath: string): AsyncGenerator<JobRequest> {
  const source = sourceOf(block);
  const prepared = await planExecution(source, engine, {});
  const folder = await OutputFolder.open(folderPath, { blockId: source.id, srs: engine.prover.identity.srs });
  try {
    const { proofs } = await folder.claim(source);
    yield* jobRequests(engine, prepared, (jobId) => proofs.getProof(jobId));
  } finally {
    await folder.close();
  }
}
