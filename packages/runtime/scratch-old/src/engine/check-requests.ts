import { InvalidInputError } from '@bitcliff/core';
import type { Checkpoint } from '../checkpoint.ts';
import type { ScoreRequest } from '../packing.ts';

/** @throws {InvalidInputError} for a token id outside the vocabulary or a request longer than the model's positions */
export function checkRequests(requests: readonly ScoreRequest[], { spec, path }: Checkpoint): void {
  for (const [index, { context, continuation }] of requests.entries()) {
    const length = context.length + continuation.length - 1;
    if (length > spec.maxPositions) {
      throw new InvalidInputError({
        op: 'score',
        problem: 'the sequence is longer than the model accepts',
        expected: `at most ${spec.maxPositions} tokens`,
        received: length,
        where: `request ${index}`,
        path,
      });
    }
    for (const token of [...context, ...continuation]) {
      if (Number.isInteger(token) && token >= 0 && token < spec.vocabularySize) continue;
      throw new InvalidInputError({
        op: 'score',
        problem: 'token id outside the vocabulary',
        expected: `an integer in [0, ${spec.vocabularySize})`,
        received: token,
        where: `request ${index}`,
        path,
      });
    }
  }
}
