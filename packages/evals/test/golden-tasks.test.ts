import { describe, expect, test } from 'vitest';
import { byteTokenizer, toyLogLikelihood } from '../src/__fixtures__/toy-model.ts';
import { prepareTask, resolveTasks, scoreTask, type Task } from '../src/index.ts';
import { readGolden } from './read-golden.ts';

type GoldenDoc = {
  row: Record<string, unknown>;
  requests: [string, string][];
  gold_index?: number;
  choices?: string[];
  toy: Record<string, { ll: number[]; is_greedy: boolean[]; metrics: Record<string, number> }>;
};
type GoldenTask = {
  output_type: string;
  docs: GoldenDoc[];
  aggregate: Record<string, Record<string, number>>;
};
const golden = readGolden<Record<'hellaswag' | 'lambada_openai', GoldenTask>>('tasks');

const LL_RELATIVE = 1e-9; // eval-spec §8
const RUNS = [
  { addBos: false, maxLength: 256, run: 'bos=false,max_length=256' },
  { addBos: false, maxLength: 96, run: 'bos=false,max_length=96' },
  { addBos: true, maxLength: 256, run: 'bos=true,max_length=256' },
  { addBos: true, maxLength: 96, run: 'bos=true,max_length=96' },
];

describe.each(resolveTasks(['hellaswag', 'lambada_openai']))('$name', (task: Task) => {
  const expected = golden[task.name as keyof typeof golden];
  const rows = expected.docs.map((doc, i) => task.parseRow(doc.row, { line: i + 1 }));

  test('output type', () => {
    expect(task.outputType).toBe(expected.output_type);
  });

  test.each(expected.docs.map((doc, i) => ({ i, doc })))('strings of item $i', ({ i, doc }) => {
    const item = task.buildItem(rows[i]);
    expect(item.requests.map(({ context, continuation }) => [context, continuation])).toEqual(doc.requests);
    expect(item.choices).toEqual(doc.choices ?? []);
    expect(item.gold).toBe(doc.gold_index ?? null);
  });

  describe.each(RUNS)('$run', ({ addBos, maxLength, run }) => {
    // the policy given as an option, and the same policy as the tokenizer's own default
    test.each([
      { name: 'addBos given', tokenizer: byteTokenizer(), options: { addBos, maxLength } },
      { name: 'tokenizer default', tokenizer: byteTokenizer(addBos), options: { maxLength } },
    ])('$name', async ({ tokenizer, options }) => {
      const prepared = prepareTask(task, rows, tokenizer, options);
      for (const { context, continuation } of prepared.requests) {
        expect(context.length).toBeGreaterThan(0);
        expect(context.length + continuation.length - 1).toBeLessThanOrEqual(maxLength);
      }
      const result = scoreTask(prepared, await toyLogLikelihood(prepared.requests));
      for (const [i, doc] of expected.docs.entries()) {
        const toy = doc.toy[run]!;
        const sample = result.samples[i]!;
        const worst = Math.max(...toy.ll.map((ll, j) => Math.abs(sample.logProbs[j]! / ll - 1)));
        expect(worst, `max relative difference of item ${i}`).toBeLessThan(LL_RELATIVE);
        expect(sample.logProbs.length).toBe(toy.ll.length);
        expect(sample.isGreedy).toEqual(toy.is_greedy);
        expect(Number(sample.correct)).toBe(toy.metrics.acc);
        if (sample.correctNorm !== null) expect(Number(sample.correctNorm)).toBe(toy.metrics.acc_norm);
      }
      for (const [name, metric] of Object.entries(result.metrics)) {
        const value = expected.aggregate[run]![name]!;
        if (name === 'perplexity') expect(Math.abs(metric.value / value - 1)).toBeLessThan(LL_RELATIVE);
        else {
          expect(metric.value).toBe(value);
          expect(metric.stderr).toBe(expected.aggregate[run]![`${name}_stderr(bootstrap_iters=1000)`]);
        }
      }
    });
  });
});
