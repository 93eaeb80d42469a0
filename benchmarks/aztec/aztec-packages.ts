import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BrokerClient, CircuitProver, ProofStore } from './aztec-types.js';
import { peersFolder } from './peer-node.js';

interface Startable {
  start(): void;
}

export interface Agent extends Startable {
  stop(): Promise<void>;
}

interface BrokerSettings {
  readonly dataDirectory: string;
  readonly proverBrokerBatchSize?: number;
  readonly proverBrokerBatchIntervalMs?: number;
}

/** Of `@aztec/prover-client/broker` 4.1.2, what is used here. */
interface BrokerModule {
  readonly defaultProverBrokerConfig: object;
  readonly ProvingJobBrokerSchema: unknown;
  createAndStartProvingBroker(config: object, telemetry: unknown): Promise<object>;
  createProvingJobBrokerClient(url: string, versions: object, fetch: unknown): BrokerClient;
  readonly ProvingAgent: new (
    broker: BrokerClient,
    store: ProofStore,
    prover: CircuitProver,
    allowList: readonly number[],
    pollMs: number | undefined,
  ) => Agent;
}

/** Aztec's own, of a client of its broker. */
const CONNECTIONS = 10;

/** The prover node's side of the broker. Each method asks for a proof and resolves with it. */
export type Facade = CircuitProver & Startable;

interface FacadeModule {
  readonly BrokerCircuitProverFacade: new (
    broker: BrokerClient,
    store: ProofStore,
    failed: undefined,
    pollMs: number | undefined,
  ) => Facade;
}

/**
 * Aztec's own broker, agent and facade, put together as Aztec's commands `--prover-broker`, `--prover-agent` and
 * `--prover-node` do. Its packages are found in `benchmarks/peers/`, and only when they are asked for. Its logs are
 * silenced, which is to its advantage.
 */
export class AztecPackages {
  readonly #broker: BrokerModule;

  private constructor(broker: BrokerModule) {
    this.#broker = broker;
  }

  static async load(): Promise<AztecPackages> {
    Object.assign(process.env, { LOG_LEVEL: 'silent' });
    return new AztecPackages((await load('@aztec/prover-client/broker')) as BrokerModule);
  }

  /** A broker that keeps its jobs in LMDB and is asked over HTTP. Resolves with its address. */
  async serveBroker(settings: BrokerSettings): Promise<string> {
    const { defaultProverBrokerConfig, createAndStartProvingBroker, ProvingJobBrokerSchema } = this.#broker;
    const { EthAddress } = (await load('@aztec/foundation/eth-address')) as { EthAddress: { ZERO: unknown } };
    const { getTelemetryClient } = (await load('@aztec/telemetry-client')) as { getTelemetryClient(): unknown };
    const config = { ...defaultProverBrokerConfig, l1Contracts: { rollupAddress: EthAddress.ZERO }, ...settings };
    const broker = await createAndStartProvingBroker(config, getTelemetryClient());
    const { createNamespacedSafeJsonRpcServer, startHttpRpcServer } = (await load(
      '@aztec/foundation/json-rpc/server',
    )) as {
      createNamespacedSafeJsonRpcServer(handlers: object): unknown;
      startHttpRpcServer(server: unknown, options: object): Promise<{ port: number }>;
    };
    const server = createNamespacedSafeJsonRpcServer({ proverBroker: [broker, ProvingJobBrokerSchema] });
    const { port } = await startHttpRpcServer(server, { host: '127.0.0.1', port: 0 });
    return `http://127.0.0.1:${port}`;
  }

  /** `connections`: undefined for Aztec's own. */
  async connect(url: string, connections = CONNECTIONS): Promise<BrokerClient> {
    const { Agent, makeUndiciFetch } = (await load('@aztec/foundation/json-rpc/undici')) as {
      Agent: new (options: object) => unknown;
      makeUndiciFetch(agent: unknown): unknown;
    };
    const { makeTracedFetch } = (await load('@aztec/telemetry-client')) as {
      makeTracedFetch(retries: readonly number[], noRetry: boolean, fetch: unknown): unknown;
    };
    const fetch = makeTracedFetch([1, 2, 3], false, makeUndiciFetch(new Agent({ connections })));
    return this.#broker.createProvingJobBrokerClient(url, {}, fetch);
  }

  /** `pollMs`: undefined for Aztec's own. */
  agent(broker: BrokerClient, store: ProofStore, prover: CircuitProver, pollMs?: number): Agent {
    return new this.#broker.ProvingAgent(broker, store, prover, [], pollMs);
  }

  /** What Aztec calls a kind of proof. */
  static async proofType(name: string): Promise<number> {
    const { ProvingRequestType } = (await load('@aztec/stdlib/proofs')) as {
      ProvingRequestType: Readonly<Record<string, number>>;
    };
    const type = ProvingRequestType[name];
    if (type === undefined) throw new Error(`Aztec has no proofs called ${name}`);
    return type;
  }

  async startFacade(broker: BrokerClient, store: ProofStore, pollMs?: number): Promise<Facade> {
    // Not exported: Aztec's `ProverClient` makes it, with the poll interval of its own.
    const file = join(dirname(resolve('@aztec/prover-client/broker')), 'broker_prover_facade.js');
    const { BrokerCircuitProverFacade } = (await import(pathToFileURL(file).href)) as FacadeModule;
    const facade = new BrokerCircuitProverFacade(broker, store, undefined, pollMs);
    facade.start();
    return facade;
  }
}

function resolve(specifier: string): string {
  return createRequire(join(peersFolder(), 'package.json')).resolve(specifier);
}

function load(specifier: string): Promise<unknown> {
  return import(pathToFileURL(resolve(specifier)).href);
}
