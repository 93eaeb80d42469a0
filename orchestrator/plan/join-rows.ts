import { at } from './at.js';

/** A node of the upper tree: `row` 0 holds the base proofs, row `r` what is left after `r` levels of joining. */
export interface RowNode {
  readonly row: number;
  readonly index: number;
}

/**
 * The shape of the joins over `leaves` base proofs, by arithmetic alone.
 *
 * Row `r` has `ceil(leaves / 2^r)` places. Places `2k` and `2k + 1` of a row are joined into place `k` of the next; where
 * a row is odd, its last node moves up unchanged and stands at place `k` of the next row without a join there. So place
 * `k` of row `r` always covers leaves `[k * 2^r, min((k + 1) * 2^r, leaves))`. A single leaf has one join above it alone.
 */
export class JoinRows {
  readonly leaves: number;
  /** Rows above the leaves; the last holds the root alone. */
  readonly rows: number;
  readonly total: number;
  /** `#firstJoin[r]`: number of joins in the rows below `r`. */
  readonly #firstJoin: number[];

  constructor(leaves: number) {
    this.leaves = leaves;
    this.rows = leaves === 1 ? 1 : 32 - Math.clz32(leaves - 1);
    this.#firstJoin = [0, 0];
    for (let row = 1; row <= this.rows; row++) this.#firstJoin.push(at(this.#firstJoin, row) + this.joinsIn(row));
    this.total = at(this.#firstJoin, this.rows + 1);
  }

  /** Joins made in row `row` (1 is the row above the leaves). */
  joinsIn(row: number): number {
    return this.leaves === 1 ? 1 : this.#places(row - 1) >> 1;
  }

  /** Number of a join, counted row by row from 0. */
  joinNumber(join: RowNode): number {
    return at(this.#firstJoin, join.row) + join.index;
  }

  /** The join with that number. */
  join(number: number): RowNode {
    let row = 1;
    while (at(this.#firstJoin, row + 1) <= number) row++;
    return { row, index: number - at(this.#firstJoin, row) };
  }

  /** The one or two nodes that a join takes, left first; each a leaf (row 0) or a join. */
  children(join: RowNode): readonly RowNode[] {
    const below = join.row - 1;
    if (this.leaves === 1) return [{ row: 0, index: 0 }];
    return [this.#nodeAt(below, 2 * join.index), this.#nodeAt(below, 2 * join.index + 1)];
  }

  /** The join above a leaf or join; undefined for the root. */
  parent(node: RowNode): RowNode | undefined {
    if (node.row === this.rows) return undefined;
    if (this.leaves === 1) return { row: 1, index: 0 };
    let { row, index } = node;
    while (this.#movesUp(row, index)) {
      row++;
      index >>= 1;
    }
    return { row: row + 1, index: index >> 1 };
  }

  /** First and last leaf under a node. */
  span(node: RowNode): readonly [first: number, last: number] {
    const width = 2 ** node.row;
    return [node.index * width, Math.min((node.index + 1) * width, this.leaves) - 1];
  }

  /** Joins on the way from a node to the root, the root included and the node not. */
  joinsAbove(node: RowNode): number {
    if (this.leaves === 1) return 1 - node.row;
    let joins = 0;
    for (let row = node.row; row < this.rows; row++) {
      if (!this.#movesUp(row, node.index >> (row - node.row))) joins++;
    }
    return joins;
  }

  #places(row: number): number {
    return ((this.leaves - 1) >> row) + 1;
  }

  /** Whether a place is the odd one at the end of its row. */
  #movesUp(row: number, index: number): boolean {
    return (index & 1) === 0 && index === this.#places(row) - 1;
  }

  /** What stands at a place: the join made there, or the odd node that moved up to it. */
  #nodeAt(row: number, index: number): RowNode {
    while (row > 0 && index >= this.joinsIn(row)) {
      row--;
      index = this.#places(row) - 1;
    }
    return { row, index };
  }
}
