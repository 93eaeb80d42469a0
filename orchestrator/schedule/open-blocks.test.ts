import { expect, it } from 'vitest';
import { LINEAGES_ALIKE, treeOf } from '../../tests/support/scheduler-bench.js';
import { Bitset } from '../plan/bitset.js';
import { BlockJobs } from './block-jobs.js';
import { OpenBlocks } from './open-blocks.js';

const blockOf = (blockId: string, names: string) => {
  const tree = treeOf(names, new Array([...names].length).fill(1));
  return new BlockJobs(blockId, tree, 1, new Bitset(tree.size));
};
const [abc, abd, xyz] = [blockOf('1', 'abc'), blockOf('2', 'abd'), blockOf('3', 'xyz')];
const idsOf = (holders: readonly { readonly block: BlockJobs }[]) => holders.map(({ block }) => block.blockId);

it('finds the blocks that have a job, and their relatives, while they are open', () => {
  const blocks = new OpenBlocks();
  for (const block of [abc, abd, xyz]) blocks.add(block);
  const shared = abc.tree.jobId(abc.tree.baseJob(1));
  const own = abc.tree.jobId(abc.tree.root);
  expect(idsOf(blocks.holders(shared))).toEqual(['1', '2']);
  expect(idsOf(blocks.holders(own))).toEqual(['1']);
  expect(idsOf(blocks.twins(abc, shared))).toEqual(['2']);
  expect(idsOf(blocks.twins(abc, own))).toEqual([]);
  expect(blocks.relatives(xyz)).toEqual([]);

  blocks.delete(abc);
  expect(idsOf(blocks.holders(shared))).toEqual(['2']);
  expect(idsOf(blocks.holders(own))).toEqual([]);
  // What it shared is still the other's.
  expect(idsOf(blocks.twins(abc, shared))).toEqual(['2']);
  blocks.delete(abd);
  expect(idsOf(blocks.twins(abc, shared))).toEqual([]);
  expect([...blocks.values()]).toEqual([xyz]);
});

it('gives a block once, and keeps that of another, where two of its transactions have the same key', () => {
  const blocks = new OpenBlocks();
  const [alike, another] = [blockOf('1', LINEAGES_ALIKE), blockOf('2', `${LINEAGES_ALIKE}!`)];
  const shared = alike.tree.jobId(alike.tree.baseJob(29));
  blocks.add(alike);
  expect(idsOf(blocks.holders(shared))).toEqual(['1']);
  blocks.add(another);
  expect(idsOf(blocks.holders(shared))).toEqual(['1', '2']);
  blocks.delete(alike);
  expect(idsOf(blocks.holders(shared))).toEqual(['2']);
  blocks.delete(another);
  expect(idsOf(blocks.holders(shared))).toEqual([]);
});

it('finds no block for what is no job', () => {
  const blocks = new OpenBlocks();
  blocks.add(abc);
  const lineage = abc.tree.lineage(0);
  for (const text of ['', 'base', `base-rollup-public.7.${lineage}`, `base-rollup-public.0.${'z'.repeat(32)}`]) {
    expect(blocks.holders(text)).toEqual([]);
  }
});
