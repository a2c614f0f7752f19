import { InvalidInputError } from '@bitcliff/core';
import { mean } from '../metrics/mean.ts';
import { createPythonRandom } from './python-random.ts';

const CHUNK = 1000; // lm_eval/api/metrics.py bootstrap_stderr: chunk_size = min(1000, iters)

/**
 * The harness's own bootstrap of a statistic, number for number: chunks of 1,000 replicates, chunk i drawn by `random.Random(i)`, the
 * sample standard deviation of all replicates. A last chunk that is not full is left out, as there.
 * @param values items, at least one
 * @param statistic of one resample; the array is reused, so it must not be kept
 * @param iterations replicates, ≥ 2. @default 100000
 * @returns in the unit of the statistic
 * @throws {InvalidInputError} on no values or fewer than two replicates
 * @see lm_eval/api/metrics.py `bootstrap_stderr` @ 4e7e0d47
 */
export function bootstrapStderr(
  values: readonly number[],
  statistic: (resample: readonly number[]) => number,
  iterations: number = 100_000,
): number {
  const op = 'bootstrapStderr';
  if (values.length === 0) {
    throw new InvalidInputError({ op, problem: 'no values', expected: 'at least 1', received: 0 });
  }
  if (!Number.isSafeInteger(iterations) || iterations < 2) {
    throw new InvalidInputError({
      op,
      problem: 'bad number of replicates',
      expected: 'an integer of at least 2',
      received: iterations,
    });
  }
  const chunk = Math.min(CHUNK, iterations);
  const resample = new Array<number>(values.length).fill(0);
  const replicates: number[] = [];
  for (let i = 0; i < Math.floor(iterations / chunk); i++) {
    const random = createPythonRandom(i);
    for (let k = 0; k < chunk; k++) {
      for (let j = 0; j < values.length; j++) resample[j] = values[random.choice(values.length)]!;
      replicates.push(statistic(resample));
    }
  }
  const center = mean(replicates);
  return Math.sqrt(replicates.reduce((sum, x) => sum + (x - center) ** 2, 0) / (replicates.length - 1));
}
