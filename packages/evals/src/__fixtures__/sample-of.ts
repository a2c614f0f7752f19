import { scoreItem } from '../scoring/score-item.ts';
import type { Sample } from '../scoring/sample.ts';
import type { TaskItem } from '../task.ts';

/** The sample of an item whose requests got these log-likelihoods; nothing is greedy unless said. */
export function sampleOf(
  item: Partial<TaskItem>,
  logProbs: readonly number[],
  { index = 0, isGreedy = false, tokens = 1 }: { index?: number; isGreedy?: boolean; tokens?: number } = {},
): Sample {
  const whole = { requests: [], choices: [], gold: null, ...item };
  const request = { context: [1], continuation: Array.from({ length: tokens }, () => 2) };
  return scoreItem(
    index,
    { item: whole, docHash: `item ${index}`, start: 0, end: logProbs.length },
    logProbs.map(() => request),
    logProbs.map((logProb) => ({ logProb, isGreedy })),
  );
}
