import { createStory, lastSentence } from '../story.ts';
import { distinctItems } from './distinct-items.ts';

/** One row in the column of `EleutherAI/lambada_openai`: the text ends with the word to predict, without a period. */
export interface LambadaRow {
  readonly text: string;
}

/** Passages whose facts determine the last word. */
export function createLambada(seed: number, count: number): LambadaRow[] {
  return distinctItems(seed, count, (rng) => {
    const { opening, question } = createStory(rng, true);
    const text = `${opening.join(' ')} ${lastSentence(question).slice(0, -1)}`;
    return { key: text, item: { text } };
  });
}
