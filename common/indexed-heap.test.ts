import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type HeapItem, IndexedHeap } from './indexed-heap.js';

interface Item extends HeapItem {
  readonly value: number;
}

test('gives the smallest first, whatever was removed from the middle', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(99), { maxLength: 100, size: 'max' }),
      fc.array(fc.nat(), { maxLength: 50, size: 'max' }),
      (values, removals) => {
        const heap = new IndexedHeap<Item>((a, b) => a.value - b.value);
        const items: Item[] = values.map((value) => ({ value, heapIndex: -1 }));
        for (const item of items) heap.push(item);
        for (const pick of removals) {
          const [removed] = items.splice(pick % Math.max(1, items.length), 1);
          if (removed !== undefined) heap.remove(removed);
        }
        expect(heap.size).toBe(items.length);
        const drained: number[] = [];
        for (let item = heap.peek(); item !== undefined; item = heap.peek()) {
          heap.remove(item);
          drained.push(item.value);
        }
        expect(drained).toEqual(items.map(({ value }) => value).sort((a, b) => a - b));
      },
    ),
    { numRuns: 500 },
  );
});

test('refuses to remove what it does not hold', () => {
  const heap = new IndexedHeap<Item>((a, b) => a.value - b.value);
  const item = { value: 1, heapIndex: -1 };
  expect(() => heap.remove(item)).toThrow(/not in this heap/);
  heap.push(item);
  heap.remove(item);
  expect(() => heap.remove(item)).toThrow(/not in this heap/);
});
