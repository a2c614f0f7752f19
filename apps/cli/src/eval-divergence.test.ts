import type { PreparedTask } from '@bitcliff/evals';
import { expect, it } from 'vitest';
import { renderDivergenceTable, summarizeDivergence } from './eval-divergence.ts';

const score = (tokenLogProbs: number[], kl?: number[], sameTop?: boolean[]) => ({
  logProb: 0,
  isGreedy: false,
  tokenLogProbs,
  divergence: kl === undefined ? null : { kl, sameTop: sameTop! },
});
const prepared = [
  { task: { name: 'first' }, requests: [0, 1] },
  { task: { name: 'second' }, requests: [2] },
] as unknown as PreparedTask[];

it('sums up tokens task by task', () => {
  const divergence = summarizeDivergence(prepared, [
    { variant: 'baseline', scores: [score([-1, -2]), score([-3]), score([-4])] },
    {
      variant: 'w4',
      scores: [
        score([-1.5, -2], [0.1, 0.2], [true, false]),
        score([-3], [0.6], [true]),
        score([-5], [2], [false]),
      ],
    },
  ]);
  expect(divergence).toHaveLength(1);
  const [first, second] = divergence[0]!.tasks;
  expect(first!.summary).toMatchObject({ n: 3, maxKld: 0.6 });
  expect(first!.summary.meanKld.value).toBeCloseTo(0.3, 12);
  expect(first!.summary.logRatio.value).toBeCloseTo(0.5 / 3, 12);
  expect(second!.summary).toMatchObject({ n: 1, meanKld: { value: 2, stderr: null }, sameTop: { value: 0 } });
  const table = renderDivergenceTable(divergence);
  expect(table).toMatch(/^first \(3 tokens\) +0\.3000 ± 0\.1\d*, 66\.7 %$/m);
  expect(table).toMatch(/^second \(1 tokens\) +2\.000, 0\.0 %$/m);
});
