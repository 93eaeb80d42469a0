/** What is left out is as Aztec publishes it. */
export interface AztecSettings {
  /** How often an idle agent asks the broker for a job. Aztec's own: 1,000. */
  readonly agentPollMs?: number;
  /** Connections to the broker that the agents of a process share. Aztec's own: 10. */
  readonly agentConnections?: number;
  /** How often the facade asks the broker what is proven. Aztec's own: 1,000. */
  readonly facadePollMs?: number;
  readonly broker?: {
    /** Jobs and results that it writes at once. Aztec's own: 100. */
    readonly proverBrokerBatchSize?: number;
    /** How long one waits for others to be written with it. Aztec's own: 50. */
    readonly proverBrokerBatchIntervalMs?: number;
  };
}

export const AZTEC_DEFAULTS: AztecSettings = {};

/** The facade's interval cannot be set by an operator of 4.1.2, only by who changes the code. */
export const AZTEC_TUNED: AztecSettings = {
  agentPollMs: 10,
  agentConnections: 100,
  facadePollMs: 10,
  broker: { proverBrokerBatchSize: 100, proverBrokerBatchIntervalMs: 1 },
};
