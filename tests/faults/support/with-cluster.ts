import { type ClusterOptions, TestCluster } from './test-cluster.js';

/** Runs a scenario on a cluster of its own, and ends every process of it whatever happens. */
export async function withCluster(
  options: ClusterOptions,
  scenario: (cluster: TestCluster) => Promise<void>,
): Promise<void> {
  const cluster = await TestCluster.start(options);
  try {
    await scenario(cluster);
  } catch (error) {
    // What the processes said tells more than what the test missed.
    process.stderr.write(`${cluster.output()}\n`);
    throw error;
  } finally {
    await cluster.stop();
  }
}
