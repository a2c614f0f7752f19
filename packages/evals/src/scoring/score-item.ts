/** @file From the scores of one item's requests to its sample, one rule per output type (eval-spec §1.6). */
import type { PreparedItem } from '../prepare-task.ts';
import type { RequestScore, TokenRequest } from '../request.ts';
import { codePointLength } from '../text/code-point-length.ts';
import { utf8Length } from '../text/utf8-length.ts';
import { argmax, topTwoMargin } from './argmax.ts';
import type { Sample } from './sample.ts';

type Judgement = Pick<
  Sample,
  'prediction' | 'gold' | 'correct' | 'predictionNorm' | 'correctNorm' | 'margin'
>;

/**
 * The sample of one item.
 * @param index number of the item, from 0
 * @param requests those of the item, as they were scored @param scores one per request, in order
 */
export function scoreItem(
  index: number,
  { item, docHash }: PreparedItem,
  requests: readonly TokenRequest[],
  scores: readonly RequestScore[],
): Sample {
  const choiceChars = item.choices.map(codePointLength);
  const logProbs = scores.map((score) => score.logProb);
  return {
    index,
    docHash,
    contextTokens: requests.map(({ context }) => context.length),
    continuationTokens: requests.map(({ continuation }) => continuation.length),
    logProbs,
    isGreedy: scores.map((score) => score.isGreedy),
    ...(item.gold === null ? judgeTarget(scores) : judgeChoices(logProbs, choiceChars, item.gold)),
    choiceChars,
    choiceBytes: item.choices.map(utf8Length),
    words: item.size?.words ?? null,
    bytes: item.size?.bytes ?? null,
    cluster: item.cluster ?? null,
  };
}

function judgeChoices(logProbs: readonly number[], chars: readonly number[], gold: number): Judgement {
  const prediction = argmax(logProbs);
  const predictionNorm = argmax(logProbs.map((logProb, i) => logProb / chars[i]!));
  return {
    prediction,
    gold,
    correct: prediction === gold,
    predictionNorm,
    correctNorm: predictionNorm === gold,
    margin: topTwoMargin(logProbs),
  };
}

function judgeTarget(scores: readonly RequestScore[]): Judgement {
  return {
    prediction: null,
    gold: null,
    correct: scores.every((score) => score.isGreedy),
    predictionNorm: null,
    correctNorm: null,
    margin: null,
  };
}
