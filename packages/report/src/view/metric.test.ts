import { METRICS } from '@bitcliff/evals';
import { expect, it } from 'vitest';
import { isShare } from './metric.ts';

it('takes the same metrics for shares as the evaluation does', () => {
  for (const [name, { higherIsBetter }] of Object.entries(METRICS))
    expect(isShare(name), name).toBe(higherIsBetter);
});
