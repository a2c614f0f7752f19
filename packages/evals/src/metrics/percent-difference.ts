import { InvalidInputError, ShapeError } from '@bitcliff/core';
import { mean } from './mean.ts';

/**
 * Mean over tasks of 100·(after / before − 1), in percent: how the INT8 paper sums up a quantized model.
 * Not the same as the difference of the two averages, which the paper's text uses in places; report both, labelled.
 * @param before scores of the baseline, one per task, none zero @param after scores of the variant, same tasks and order
 * @returns percent; negative is a loss (for scores where higher is better)
 * @throws {ShapeError} when the lists differ in length
 * @throws {InvalidInputError} on empty lists, a baseline of zero, or a score that is not finite
 * @example
 * averagePercentDifference([50, 80], [49, 80]); // -1
 * @see arXiv 2305.19268, appendix A.3
 */
export function averagePercentDifference(before: readonly number[], after: readonly number[]): number {
  const op = 'averagePercentDifference';
  if (before.length !== after.length) {
    throw new ShapeError({
      op,
      problem: 'before and after differ in length',
      expected: before.length,
      received: after.length,
    });
  }
  if (before.length === 0) {
    throw new InvalidInputError({ op, problem: 'no scores', expected: 'at least one task', received: 0 });
  }
  return mean(
    before.map((base, i) => {
      const score = after[i]!;
      if (!Number.isFinite(base) || !Number.isFinite(score) || base === 0) {
        throw new InvalidInputError({
          op,
          problem: base === 0 ? 'baseline score is zero' : 'score is not finite',
          expected: base === 0 ? 'a score other than 0' : 'finite numbers',
          received: base === 0 ? 0 : `${base} and ${score}`,
          where: `task ${i}`,
        });
      }
      return 100 * (score / base - 1);
    }),
  );
}
