import { createParaphrase } from '../questions.ts';
import { distinctItems } from './distinct-items.ts';

/** A question and one of its paraphrases. */
export interface ParalexRow {
  readonly source: string;
  readonly reference: string;
}

/** Pairs of questions that ask the same. */
export function createParalex(seed: number, count: number): ParalexRow[] {
  return distinctItems(seed, count, (rng) => {
    const { source, reference } = createParaphrase(rng, true);
    return { key: `${source} ${reference}`, item: { source, reference } };
  });
}
