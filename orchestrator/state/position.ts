import { type Field, LIMITS } from '../../proto/index.js';

/** Where a key stands: the child index (0 to 3) at each level, level 0 next to the leaves. */
export type Position = Uint8Array;

/** Two bits a level of the key's low 64 bits. */
export function positionOf(key: Field): Position {
  const position = new Uint8Array(LIMITS.stateTreeLevels);
  const halves = [Number(key & 0xffff_ffffn), Number((key >> 32n) & 0xffff_ffffn)];
  for (let level = 0; level < position.length; level += 1) {
    position[level] = ((halves[level >> 4] ?? 0) >>> (2 * (level & 15))) & 3;
  }
  return position;
}
