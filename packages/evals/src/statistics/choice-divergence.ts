import { InvalidInputError, ShapeError } from '@bitcliff/core';
import { mean } from '../metrics/mean.ts';
import { checkPairs } from './paired-difference.ts';
import { klDivergence, logSoftmax } from './softmax.ts';

/**
 * Mean over items of KL(P_before ‖ P_after), P = softmax over the item's choices: a distance that moves before answers flip. Ours.
 * @param before log-likelihood of each choice of each item, nats, divided by the choices' lengths for `acc_norm`
 * @param after the same items and choices
 * @returns nats, ≥ 0 up to float noise
 * @throws {ShapeError} when items or choices differ in number @throws {InvalidInputError} when a model rules out every choice of an item
 */
export function choiceDivergence(
  before: readonly (readonly number[])[],
  after: readonly (readonly number[])[],
): number {
  const op = 'choiceDivergence';
  checkPairs(op, before, after);
  return mean(
    before.map((choices, i) => {
      const others = after[i]!;
      if (choices.length !== others.length || choices.length === 0) {
        throw new ShapeError({
          op,
          problem: 'the choices are not the same',
          expected: choices.length,
          received: others.length,
          where: `item ${i}`,
        });
      }
      for (const list of [choices, others]) {
        if (list.some((logProb) => logProb > -Infinity)) continue;
        throw new InvalidInputError({ op, problem: 'every choice has probability 0', where: `item ${i}` });
      }
      return klDivergence(logSoftmax(choices), logSoftmax(others));
    }),
  );
}
