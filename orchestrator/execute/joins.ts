import { type CircuitInputs, type Hasher, joinContent, type RollupPublic } from '../../circuits/index.js';
import { EspalierError } from '../../common/index.js';
import type { RollupNode } from './executed-transaction.js';

/** What a join of two neighbours exposes. Throws `internal` when they are no neighbours. */
export function joinPublic(hasher: Hasher, left: RollupPublic, right: RollupPublic): RollupPublic {
  if (left.endRoot !== right.startRoot || left.keysHash !== right.keysHash) {
    throw new EspalierError('internal', 'only neighbours under the same keys can be joined: the roots do not meet');
  }
  return {
    keysHash: left.keysHash,
    startRoot: left.startRoot,
    endRoot: right.endRoot,
    transactions: left.transactions + right.transactions,
    gasUsed: left.gasUsed + right.gasUsed,
    contentHash: joinContent(hasher, left.contentHash, right.contentHash),
  };
}

/** Inputs of a merge, or of the root of two children. */
export function joinInputs(
  hasher: Hasher,
  circuit: 'merge-rollup' | 'root-rollup',
  left: RollupNode,
  right: RollupNode,
): CircuitInputs {
  const inputs = {
    public: joinPublic(hasher, left.public, right.public),
    left: left.public,
    leftCircuit: left.circuit,
    right: right.public,
    rightCircuit: right.circuit,
  };
  return { circuit, inputs };
}

/** Inputs of the root of a block of one transaction. */
export function rootSingleInputs(child: RollupNode): CircuitInputs {
  const inputs = { public: child.public, child: child.public, childCircuit: child.circuit };
  return { circuit: 'root-rollup-single', inputs };
}

/**
 * What the root proof exposes: neighbours are joined in pairs, level by level, and an odd node at the end moves up a
 * level as it is (docs/circuits.md, "Shape of the tree"). Yields after each join, since a large block takes seconds.
 */
export function* joinAll(hasher: Hasher, bases: readonly RollupPublic[]): Generator<void, RollupPublic> {
  let level = bases;
  while (level.length > 1) {
    const above: RollupPublic[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = level.slice(index, index + 2) as [RollupPublic, RollupPublic?];
      above.push(right === undefined ? left : joinPublic(hasher, left, right));
      yield;
    }
    level = above;
  }
  const [root] = level;
  if (root === undefined) throw new EspalierError('internal', 'a block has at least one transaction');
  return root;
}
