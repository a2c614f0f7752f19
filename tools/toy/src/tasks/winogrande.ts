import { createPair } from '../pairs.ts';
import { balancedLabels, distinctItems } from './distinct-items.ts';

/** One row in the columns of `allenai/winogrande`. */
export interface WinoGrandeRow {
  readonly sentence: string;
  readonly option1: string;
  readonly option2: string;
  readonly answer: '1' | '2';
}

/** Passages with a blank that one of two people or things fits. */
export function createWinoGrande(seed: number, count: number): WinoGrandeRow[] {
  const labels = balancedLabels(seed + 1, count, 2);
  const pairs = distinctItems(seed, count, (rng) => {
    const pair = createPair(rng, true);
    return { key: pair.sentence, item: pair };
  });
  return pairs.map(({ sentence, options, answer }, i) => {
    const [right, wrong] = [options[answer], options[1 - answer]!];
    const first = labels[i] === 0;
    return {
      sentence,
      option1: first ? right : wrong,
      option2: first ? wrong : right,
      answer: first ? '1' : '2',
    };
  });
}
