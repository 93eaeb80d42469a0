// A worker whose prover fails in the way that FAULT names, for the jobs of circuits that FAULT_CIRCUITS lists (all
// where it is empty). Everything around the prover is the real worker.

import { runWorkerCommand } from '../../../dist/cli/cluster/index.js';
import { EspalierError } from '../../../dist/common/index.js';
import { SimulatedProver } from '../../../dist/native/index.js';

const circuits = (process.env.FAULT_CIRCUITS ?? '').split(',').filter((name) => name !== '');

const FAULTS = {
  /** The machine goes down with the proof. */
  exit: () => process.kill(process.pid, 'SIGKILL'),
  crash: () => {
    throw new EspalierError('prover-crashed', 'bb ended with SIGSEGV');
  },
  falseProof: (result) => ({
    ...result,
    proof: { ...result.proof, proof: result.proof.proof.map((byte) => byte ^ 1) },
  }),
};

class FaultyProver extends SimulatedProver {
  async prove(request, options) {
    const result = await super.prove(request, options);
    if (circuits.length > 0 && !circuits.includes(request.circuit.spec.name)) return result;
    return FAULTS[process.env.FAULT](result);
  }
}

await runWorkerCommand(process.argv.slice(3), (options) => new FaultyProver(options));
