import { createRng, InternalError, type Rng } from '@bitcliff/core';

/** Draws in a row that may be repetitions before a task counts as exhausted. */
const PATIENCE = 10_000;

/**
 * Items of a task, none of which has the key of another.
 * @param make draws an item and its key
 */
export function distinctItems<T>(
  seed: number,
  count: number,
  make: (rng: Rng) => { key: string; item: T },
): T[] {
  const rng = createRng(seed);
  const items = new Map<string, T>();
  for (let misses = 0; items.size < count; ) {
    const { key, item } = make(rng);
    if (items.has(key)) {
      if (++misses > PATIENCE) throw new InternalError(`a toy task has fewer than ${count} different items`);
      continue;
    }
    items.set(key, item);
    misses = 0;
  }
  return [...items.values()];
}

/** As many of each label as of the others, up to one, in random order. */
export function balancedLabels(seed: number, count: number, labels: number): number[] {
  return createRng(seed).shuffle(Array.from({ length: count }, (_, i) => i % labels));
}
