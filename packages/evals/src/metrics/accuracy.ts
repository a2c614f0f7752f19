import { InternalError } from '@bitcliff/core';
import { argmax } from '../scoring/argmax.ts';
import { pooledStderr } from '../statistics/subtasks.ts';
import { meanStderr } from './mean.ts';
import { type Metric, meanMetric } from './metric.ts';

/** Share of correct items, in [0, 1]. `acc` of the harness. */
export const accuracy: Metric = meanMetric((sample) => (sample.correct ? 1 : 0));

/**
 * Share of correct items when each choice's log-likelihood is divided by its length in Unicode code points, the delimiter
 * not counted. `acc_norm` of the harness (whose documentation says bytes, and whose code counts code points).
 * @see lm_eval/api/task.py `process_results` @ 4e7e0d47
 */
export const normalizedAccuracy: Metric = meanMetric((sample) => {
  if (sample.correctNorm === null) throw new InternalError('acc_norm of an item without choices');
  return sample.correctNorm ? 1 : 0;
});

/** As {@link normalizedAccuracy}, by UTF-8 bytes. `acc_bytes` of the harness; none of its tasks here uses it. */
export const byteAccuracy: Metric = meanMetric((sample) => {
  const perByte = sample.logProbs.map((logProb, i) => logProb / sample.choiceBytes[i]!);
  return argmax(perByte) === sample.gold ? 1 : 0;
});

/**
 * The same metric over a group of subtasks, each a cluster of the samples: the value is the mean over all items (the harness's mean weighted by size), the
 * standard error is pooled over the subtasks; null where a subtask has one item.
 * @see lm_eval/api/metrics.py `aggregate_subtask_metrics`, `pooled_sample_stderr` @ 4e7e0d47
 */
export function pooled(metric: Metric): Metric {
  return {
    ...metric,
    aggregate(samples) {
      const { value } = metric.aggregate(samples);
      const groups = Object.values(Object.groupBy(samples, (sample) => sample.cluster ?? '')).map((group) =>
        group!.map((sample) => metric.perItem!(sample)),
      );
      const stderrs = groups.map(meanStderr);
      if (stderrs.includes(null)) return { value, stderr: null };
      return {
        value,
        stderr: pooledStderr(
          stderrs as number[],
          groups.map((group) => group.length),
        ),
      };
    },
  };
}
