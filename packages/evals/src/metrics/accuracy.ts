import { InternalError } from '@bitcliff/core';
import { mean, meanStderr } from './mean.ts';
import type { Metric } from './metric.ts';

/** Share of correct items, in [0, 1]. `acc` of the harness. */
export const accuracy: Metric = {
  higherIsBetter: true,
  aggregate(samples) {
    const hits = samples.map((sample) => (sample.correct ? 1 : 0));
    return { value: mean(hits), stderr: meanStderr(hits) };
  },
};

/**
 * Share of correct items when each choice's log-likelihood is divided by its length in Unicode code points, the delimiter
 * not counted. `acc_norm` of the harness (whose documentation says bytes, and whose code counts code points).
 * @see lm_eval/api/task.py `process_results` @ 4e7e0d47
 */
export const normalizedAccuracy: Metric = {
  higherIsBetter: true,
  aggregate(samples) {
    const hits = samples.map((sample) => {
      if (sample.correctNorm === null) throw new InternalError('acc_norm of an item without choices');
      return sample.correctNorm ? 1 : 0;
    });
    return { value: mean(hits), stderr: meanStderr(hits) };
  },
};
