import { NotFoundError } from '@bitcliff/core';
import { didYouMean } from './nearest-names.ts';
import { quote } from './quote.ts';

/** The error for a tensor name that a source does not have. */
export function missingTensor(name: string, known: readonly string[], path: string): NotFoundError {
  const hint = didYouMean(name, known);
  return new NotFoundError({
    op: 'TensorSource',
    problem: 'no such tensor',
    expected: `one of the file's ${known.length} tensors`,
    received: quote(name),
    path,
    ...(hint === undefined ? {} : { hint }),
  });
}
