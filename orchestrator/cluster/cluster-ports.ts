import type { BlockBoard, BlockOwner, Fleet, JobProducer } from '../../queue/index.js';
import type { BlockStore, ProofStore } from '../../store/index.js';
import { type Patience, patiently } from './patience.js';

export interface RawPorts {
  readonly owner: BlockOwner;
  readonly board: Pick<BlockBoard, 'find' | 'credits' | 'credited'>;
  readonly queue: JobProducer;
  readonly fleet: Fleet;
  readonly proofs: ProofStore;
  readonly blocks: BlockStore;
}

export type ClusterPorts = ReturnType<typeof patientPorts>;

/** Queue, board and stores of a cluster, each call tried again for as long as what it needs is away. */
export function patientPorts(raw: RawPorts, patience: { readonly queue: Patience; readonly store: Patience }) {
  const { queue, store } = patience;
  return {
    owner: patiently(queue, raw.owner, [
      'claim',
      'cancelled',
      'note',
      'histories',
      'remember',
      'credit',
      'publish',
      'end',
    ]),
    board: patiently(queue, raw.board, ['find', 'credits', 'credited']),
    queue: patiently(queue, raw.queue, ['add', 'remove', 'detach', 'removeBlock', 'present']),
    fleet: patiently(queue, raw.fleet, ['list', 'drain']),
    blocks: patiently(store, raw.blocks, [
      'findBlock',
      'getPiece',
      'getOutline',
      'getResult',
      'getCredits',
      'putResult',
      'putKept',
      'listKept',
      'findExecution',
      'getExecutionPiece',
      'putExecution',
      'deleteExecution',
    ]),
    proofs: {
      ...patiently(store, raw.proofs, [
        'getProof',
        'getSummary',
        'putProof',
        'deleteProof',
        'putInputs',
        'deleteInputs',
      ]),
      listProofs: () => listPatiently(store, () => raw.proofs.listProofs()),
      listInputs: () => listPatiently(store, () => raw.proofs.listInputs()),
    },
  };
}

/** A listing that broke off is begun again. */
async function* listPatiently<T>(patience: Patience, list: () => AsyncIterable<T>): AsyncIterable<T> {
  yield* await patience.try(async () => {
    const items: T[] = [];
    for await (const item of list()) items.push(item);
    return items;
  });
}
