import { wire } from '../../../proto/index.js';

/** `submit`: give, replace and cancel blocks. `watch`: see everything. `operate`: drain workers, cancel and forget blocks. */
export const ROLES = ['submit', 'watch', 'operate'] as const;
export type Role = (typeof ROLES)[number];

type MethodOf<S> = Extract<keyof S, string>;

const OF_BLOCKS: Readonly<Record<MethodOf<typeof wire.BlockServiceService>, readonly Role[]>> = {
  submitBlock: ['submit'],
  replaceBlock: ['submit'],
  getBlock: ['watch'],
  listBlocks: ['watch'],
  watchBlock: ['watch'],
  streamProofs: ['watch'],
  getProof: ['watch'],
  downloadBlock: ['watch'],
  listCredits: ['watch'],
  cancelBlock: ['submit', 'operate'],
  forgetBlock: ['operate'],
};

const OF_FLEET: Readonly<Record<MethodOf<typeof wire.FleetServiceService>, readonly Role[]>> = {
  listWorkers: ['watch'],
  drainWorker: ['operate'],
  getCapacity: ['watch'],
};

/** Methods by path, and the roles of which one is enough, as the .proto files say. */
const OF_METHODS: ReadonlyMap<string, readonly Role[]> = new Map([
  ...Object.entries(wire.BlockServiceService).map(
    ([name, { path }]) => [path, OF_BLOCKS[name as keyof typeof OF_BLOCKS]] as const,
  ),
  ...Object.entries(wire.FleetServiceService).map(
    ([name, { path }]) => [path, OF_FLEET[name as keyof typeof OF_FLEET]] as const,
  ),
]);

/** Who asks for health need not say who they are: load balancers and kubelets ask. */
const OPEN = '/grpc.health.v1.Health/';

/** The roles of which one is enough for a method: any at all for reflection; null where none is needed. */
export function rolesFor(path: string): readonly Role[] | null {
  if (path.startsWith(OPEN)) return null;
  return OF_METHODS.get(path) ?? ROLES;
}
