/** @file From the scores of one item's requests to its sample, one rule per output type (eval-spec §1.6). */
import type { RequestScore } from '../request.ts';
import type { OutputType, TaskItem } from '../task.ts';
import { codePointLength } from '../text/code-point-length.ts';
import { argmax, topTwoMargin } from './argmax.ts';
import type { Sample } from './sample.ts';

type ItemScorer = (
  item: TaskItem,
  scores: readonly RequestScore[],
) => Omit<Sample, 'index' | 'logProbs' | 'isGreedy'>;

const SCORERS: Readonly<Record<OutputType, ItemScorer>> = {
  multiple_choice: (item, scores) => {
    const logProbs = scores.map((score) => score.logProb);
    const perCodePoint = logProbs.map((logProb, i) => logProb / codePointLength(item.choices[i]!));
    const prediction = argmax(logProbs);
    const predictionNorm = argmax(perCodePoint);
    return {
      prediction,
      gold: item.gold,
      correct: prediction === item.gold,
      predictionNorm,
      correctNorm: predictionNorm === item.gold,
      margin: topTwoMargin(logProbs),
    };
  },
  loglikelihood: (_item, scores) => ({
    prediction: null,
    gold: null,
    correct: scores.every((score) => score.isGreedy),
    predictionNorm: null,
    correctNorm: null,
    margin: null,
  }),
};

/**
 * The sample of one item.
 * @param index number of the item, from 0
 * @param scores one per request of the item, in order
 */
export function scoreItem(
  outputType: OutputType,
  index: number,
  item: TaskItem,
  scores: readonly RequestScore[],
): Sample {
  return {
    index,
    logProbs: scores.map((score) => score.logProb),
    isGreedy: scores.map((score) => score.isGreedy),
    ...SCORERS[outputType](item, scores),
  };
}
