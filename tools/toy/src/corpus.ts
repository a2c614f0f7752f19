/** @file The training text: stories, causes and effects, goals, pairs and paraphrases, in a fixed mixture. */
import { createRng, type Rng } from '@bitcliff/core';
import { causeText, createCause } from './causes.ts';
import { createGoal, goalText } from './goals.ts';
import { createPair, pairText } from './pairs.ts';
import { createParaphrase, paraphraseText } from './questions.ts';
import { createStory, storyText } from './story.ts';

/** Every kind of text with its share of the mixture; the shares add up to 1. */
const KINDS: readonly (readonly [share: number, make: (rng: Rng, held: boolean) => string])[] = [
  [0.58, (rng, held) => headed(rng, createStory(rng, held))],
  [0.1, (rng, held) => causeText(rng, createCause(rng, held))],
  [0.2, (rng, held) => pairText(createPair(rng, held))],
  [0.07, (rng, held) => goalText(rng, createGoal(rng, held))],
  [0.05, (rng, held) => paraphraseText(createParaphrase(rng, held))],
];

/** About half of the stories carry their heading, as the rows of HellaSwag do. */
function headed(rng: Rng, story: ReturnType<typeof createStory>): string {
  return (rng.uniform() < 0.5 ? `${story.label}: ` : '') + storyText(story);
}

/**
 * Texts from a seed.
 * @param held of the kind that only tasks and the held-out loss use, or of the kind that only training uses
 */
export function createTexts(seed: number, count: number, held: boolean): string[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => {
    let left = rng.uniform();
    for (const [share, make] of KINDS) {
      left -= share;
      if (left < 0) return make(rng, held);
    }
    return KINDS[0]![1](rng, held); // the shares' sum may round below 1
  });
}
