import { checkPairs } from './paired-difference.ts';

/** Items whose answer changed; shares are in [0, 1]. */
export interface Flips {
  /** Right before, wrong after. */
  readonly correctToIncorrect: number;
  /** Wrong before, right after. */
  readonly incorrectToCorrect: number;
  /** Both, over all items: what an unchanged accuracy can hide. */
  readonly share: number;
  /** Share of items whose prediction changed at all, wrong to another wrong included; null without predictions. */
  readonly allShare: number | null;
}

/** What flips are counted on. */
export interface FlipItem {
  readonly correct: boolean;
  /** Index of the chosen choice; null for a task without choices. */
  readonly prediction: number | null;
}

/**
 * Count the answers that changed.
 * @param before one per item @param after the same items in the same order
 * @throws {ShapeError} when the lists are empty or differ in length
 * @see Dutta et al., "Accuracy is Not All You Need", arXiv 2407.09141
 */
export function countFlips(before: readonly FlipItem[], after: readonly FlipItem[]): Flips {
  checkPairs('countFlips', before, after);
  let [lost, won, changed] = [0, 0, 0];
  for (const [i, { correct, prediction }] of before.entries()) {
    if (correct && !after[i]!.correct) lost++;
    if (!correct && after[i]!.correct) won++;
    if (prediction !== after[i]!.prediction) changed++;
  }
  const n = before.length;
  const hasChoices = before.every(({ prediction }) => prediction !== null);
  return {
    correctToIncorrect: lost,
    incorrectToCorrect: won,
    share: (lost + won) / n,
    allShare: hasChoices ? changed / n : null,
  };
}
