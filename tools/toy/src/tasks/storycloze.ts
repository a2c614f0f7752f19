import { createStory, lastSentence } from '../story.ts';
import { balancedLabels, distinctItems } from './distinct-items.ts';

/** One row in the columns of `LSDSem/story_cloze`. */
export interface StoryClozeRow {
  readonly story_id: string;
  readonly input_sentence_1: string;
  readonly input_sentence_2: string;
  readonly input_sentence_3: string;
  readonly input_sentence_4: string;
  readonly sentence_quiz1: string;
  readonly sentence_quiz2: string;
  readonly answer_right_ending: 1 | 2;
}

/** Stories of four sentences with two endings; the wrong one follows from another fact of the story, where there is one. */
export function createStoryCloze(seed: number, count: number): StoryClozeRow[] {
  const labels = balancedLabels(seed + 1, count, 2);
  const stories = distinctItems(seed, count, (rng) => {
    const story = createStory(rng, true, 4);
    return { key: story.opening.join(' '), item: story };
  });
  return stories.map(({ opening, question }, i) => {
    const answer = (labels[i]! + 1) as 1 | 2;
    const [right, wrong] = [lastSentence(question), lastSentence(question, question.wrong[0])];
    const [one, two, three, four] = opening as [string, string, string, string];
    return {
      story_id: `toy~${seed}~${i}`,
      input_sentence_1: one,
      input_sentence_2: two,
      input_sentence_3: three,
      input_sentence_4: four,
      sentence_quiz1: answer === 1 ? right : wrong,
      sentence_quiz2: answer === 1 ? wrong : right,
      answer_right_ending: answer,
    };
  });
}
