import { expect, test } from 'vitest';
import { byteTokenizer } from './__fixtures__/toy-model.ts';
import { compareResults } from './compare/compare-results.ts';
import { evaluateGeneratedTask, GENERATED_TASKS } from './generated-task.ts';
import { sampleSchema } from './output/stored-results.ts';
import { prepareTask } from './prepare-task.ts';

const tokenizer = byteTokenizer();
const task = GENERATED_TASKS.get('lambada_openai_generated')!;
const rows = ['lamp', 'ferry', 'cat'].map((target, i) => ({
  context: 'They looked for the',
  target,
  cluster: `passage ${i}`,
}));
const evaluate = (...texts: string[]) =>
  evaluateGeneratedTask(task, rows, tokenizer, async () => texts.map((text) => tokenizer.encode(text)), {
    maxLength: 24,
  });

test('a result like those of other tasks, with the items of its source', async () => {
  const result = await evaluate(' lamp.', ' boat', '');
  expect(result).toMatchObject({
    task: 'lambada_openai_generated',
    headline: 'exact_match',
    n: 3,
    truncated: 3, // 19 bytes, 14 of 24 are left for them
    nearTies: null,
  });
  expect(result.metrics.exact_match!.value).toBeCloseTo(1 / 3, 14);
  const { items } = prepareTask(task.source, rows, tokenizer, { maxLength: 64 });
  expect(result.samples.map(({ docHash }) => docHash)).toEqual(items.map(({ docHash }) => docHash));
  expect(result.samples.map(({ generated, correct }) => [generated, correct])).toEqual([
    [' lamp.', true],
    [' boat', false],
    ['', false],
  ]);
  expect(result.samples[0]).toMatchObject({
    contextTokens: [14],
    continuationTokens: [6],
    cluster: 'passage 0',
  });
  expect(sampleSchema.parse(JSON.parse(JSON.stringify(result.samples[0])))).toEqual(result.samples[0]);
});

test('two results are compared word by word', async () => {
  const { tasks } = compareResults(
    [await evaluate('lamp', 'ferry', 'dog')],
    [await evaluate('oil', 'ferry', 'cat')],
  );
  expect(tasks[0]).toMatchObject({ metric: 'exact_match', test: 'mcnemar', difference: 0 });
  expect(tasks[0]!.flips).toMatchObject({ correctToIncorrect: 1, incorrectToCorrect: 1 });
});
