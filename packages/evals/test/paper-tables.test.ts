/** @file Every published average and average % difference of arXiv 2305.19268 that golden/paper-tables.json holds. */
import { expect, test } from 'vitest';
import { averagePercentDifference, mean } from '../src/index.ts';
import { readGolden } from './read-golden.ts';

type Scores = { tasks: number[]; average: number };
const golden = readGolden<{
  table4: Record<string, Record<'FP16' | 'W8A8' | 'W4', Scores>>;
  degradation: Record<string, { FP16: Scores; INT8: Scores; averagePercentDiff: number }>;
}>('paper-tables');

const PRINTED = 0.01; // two decimals are printed

const averages = [
  ...Object.entries(golden.table4).flatMap(([model, columns]) =>
    Object.entries(columns).map(([column, scores]) => ({ name: `${model} ${column}`, ...scores })),
  ),
  ...Object.entries(golden.degradation).flatMap(([name, { FP16, INT8 }]) => [
    { name: `${name} FP16`, ...FP16 },
    { name: `${name} INT8`, ...INT8 },
  ]),
];

test.each(averages)('average of $name', ({ tasks, average }) => {
  expect(Math.abs(mean(tasks) - average)).toBeLessThan(PRINTED);
});

test.each(Object.entries(golden.degradation))(
  'average %% difference of %s',
  (_name, { FP16, INT8, averagePercentDiff }) => {
    const received = averagePercentDifference(FP16.tasks, INT8.tasks);
    expect(Math.abs(received - averagePercentDiff), `${received}`).toBeLessThan(PRINTED);
  },
);
