import { type ClusterOptions, TestCluster } from './test-cluster.js';

/** So long a scenario may take, unless it says otherwise; the test itself a little longer, so that it can say what was. */
export const BUDGET_MS = 90_000;

export interface ScenarioOptions extends ClusterOptions {
  readonly budgetMs?: number;
}

/** Runs a scenario on a cluster of its own, within a budget, and ends every process of it whatever happens. */
export async function withCluster(
  { budgetMs = BUDGET_MS, ...options }: ScenarioOptions,
  scenario: (cluster: TestCluster) => Promise<void>,
): Promise<void> {
  const cluster = await TestCluster.start(options);
  let timer: NodeJS.Timeout | undefined;
  const budget = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the scenario is not over after ${budgetMs} ms`)), budgetMs);
  });
  try {
    await Promise.race([scenario(cluster), budget]);
  } catch (error) {
    // What the processes said tells more than what the test missed.
    process.stderr.write(`${cluster.output()}\n`);
    throw error;
  } finally {
    clearTimeout(timer);
    await cluster.stop();
  }
}
