import type { Job } from '../proto/index.js';

/**
 * Whether two jobs ask for the same proof. The block is left out: an id names what is proven, and blocks that share a
 * prefix of transactions share its jobs. Attempt and order are no content either: an orchestrator that starts again
 * counts attempts anew and estimates times anew, and its re-submission must stay harmless.
 */
export function sameContent(a: Job, b: Job): boolean {
  return (
    a.id === b.id &&
    a.circuit === b.circuit &&
    a.resourceClass === b.resourceClass &&
    a.children.length === b.children.length &&
    a.children.every((child, index) => {
      const other = b.children[index];
      return child.param === other?.param && child.circuit === other.circuit && child.proofId === other.proofId;
    })
  );
}
