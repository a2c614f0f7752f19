import { describe, expect, test } from 'vitest';
import { byteTokenizer, toyLogLikelihood } from '../src/__fixtures__/toy-model.ts';
import { prepareTask, scoreTask, TASKS, type Task } from '../src/index.ts';
import { readGolden } from './read-golden.ts';

type GoldenDoc = {
  row: Record<string, unknown>;
  requests?: [string, string][];
  text?: string;
  text_utf8_bytes?: number;
  gold_index?: number;
  choices?: string[];
  len_chars?: number[];
  len_bytes?: number[];
  toy: Record<
    string,
    { ll: number[] | number; is_greedy?: boolean[]; metrics: Record<string, number | [number, number]> }
  >;
};
type GoldenTask = {
  output_type: string;
  target_delimiter: string;
  docs: GoldenDoc[];
  aggregate: Record<string, Record<string, number | 'N/A'>>;
};
const golden = readGolden<{
  tasks: Record<string, GoldenTask>;
  copa_classic: { docs: { context: string; continuations: string[]; gold: number }[] };
}>('tasks');

const RELATIVE = 1e-9; // eval-spec §8
const RUNS = [false, true].flatMap((addBos) =>
  [256, 96].map((maxLength) => ({ addBos, maxLength, run: `bos=${addBos},max_length=${maxLength}` })),
);
const OUR_NAMES: Record<string, string> = { mmlu_anatomy_continuation: 'mmlu_continuation' };

function expectClose(received: number, expected: number, name: string): void {
  const error = Math.abs(received - expected) / Math.abs(expected);
  expect(error, `${name}: ${received} for ${expected}`).toBeLessThan(RELATIVE);
}

describe.each(Object.entries(golden.tasks))('%s', (name, expected) => {
  const task: Task = TASKS.get(OUR_NAMES[name] ?? name)!;
  const rows = expected.docs.map((doc, i) => task.parseRow(doc.row, { line: i + 1 }));

  test('output type', () => {
    expect(task.outputType).toBe(expected.output_type);
  });

  test.each(expected.docs.map((doc, i) => ({ i, doc })))('strings of item $i', ({ i, doc }) => {
    const item = task.buildItem(rows[i]);
    const requests = item.requests.map(({ context, continuation }) => [context, continuation]);
    expect(requests).toEqual(doc.requests ?? [['', doc.text]]);
    expect(item.choices).toEqual(doc.choices ?? []);
    expect(item.gold).toBe(doc.gold_index ?? null);
  });

  describe.each(RUNS)('$run', ({ addBos, maxLength, run }) => {
    // the policy given as an option, and the same policy as the tokenizer's own default
    test.each([
      { name: 'addBos given', tokenizer: byteTokenizer(), options: { addBos, maxLength } },
      { name: 'tokenizer default', tokenizer: byteTokenizer(addBos), options: { maxLength } },
    ])('$name', async ({ tokenizer, options }) => {
      const prepared = prepareTask(task, rows, tokenizer, { ...options, rollingBos: 'lmeval' });
      for (const { context, continuation } of prepared.requests) {
        expect(context.length).toBeGreaterThan(0);
        expect(context.length + continuation.length - 1).toBeLessThanOrEqual(maxLength);
      }
      const scores = await toyLogLikelihood(prepared.requests);
      const result = scoreTask(prepared, scores, { bootstrapIterations: 1000 });
      expect(result.samples.length).toBe(expected.docs.length);
      for (const [i, doc] of expected.docs.entries()) {
        const toy = doc.toy[run]!;
        const sample = result.samples[i]!;
        if (typeof toy.ll === 'number') {
          const total = sample.logProbs.reduce((sum, logProb) => sum + logProb, 0);
          expectClose(total, toy.ll, `log-likelihood of item ${i}`);
          expect(sample.words).toBe((toy.metrics.word_perplexity as [number, number])[1]);
          expect(sample.bytes).toBe((toy.metrics.byte_perplexity as [number, number])[1]);
          continue;
        }
        expect(sample.logProbs.length).toBe(toy.ll.length);
        for (const [j, ll] of toy.ll.entries()) expectClose(sample.logProbs[j]!, ll, `item ${i}, ${j}`);
        expect(sample.isGreedy).toEqual(toy.is_greedy);
        expect(sample.choiceChars).toEqual(doc.len_chars ?? []);
        expect(sample.choiceBytes).toEqual(doc.len_bytes ?? []);
        expect(Number(sample.correct)).toBe(toy.metrics.acc);
        if ('acc_norm' in toy.metrics) expect(Number(sample.correctNorm)).toBe(toy.metrics.acc_norm);
      }
      const aggregate = expected.aggregate[run]!;
      for (const [metric, value] of Object.entries(aggregate)) {
        if (metric.includes('_stderr')) continue;
        const received = result.metrics[metric]!;
        const stderr = aggregate[`${metric}_stderr(bootstrap_iters=1000)`]!;
        if (metric.startsWith('acc')) {
          expect(received.value).toBe(value);
          expect(received.stderr).toBe(stderr);
        } else {
          expectClose(received.value, value as number, metric);
          if (metric === 'perplexity') expectClose(received.stderr!, stderr as number, 'bootstrap');
          else expect(stderr).toBe('N/A');
        }
      }
    });
  });
});

test('COPA in the profile classic', () => {
  const copa = TASKS.get('copa')!;
  for (const [i, doc] of golden.tasks.copa!.docs.entries()) {
    const expected = golden.copa_classic.docs[i]!;
    const item = copa.buildItem(copa.parseRow(doc.row), 'classic');
    expect(item.requests).toEqual(
      expected.continuations.map((continuation) => ({ context: expected.context, continuation })),
    );
    expect(item.gold).toBe(expected.gold);
  }
});

test('Paralex, definition A', async () => {
  const paralex = TASKS.get('paralex')!;
  const expected = readGolden<{
    paralex: {
      docs: {
        source: string;
        reference: string;
        context: string;
        continuation: string;
        norm_bytes: number;
        toy_ll: number;
      }[];
      score_macro: number;
      score_micro: number;
      bits_per_byte_micro: number;
    };
  }>('metrics').paralex;
  const rows = expected.docs.map(({ source, reference }) => paralex.parseRow({ source, reference }));
  const prepared = prepareTask(paralex, rows, byteTokenizer(), { maxLength: 256 });
  const { samples, metrics } = scoreTask(prepared, await toyLogLikelihood(prepared.requests));
  for (const [i, doc] of expected.docs.entries()) {
    expect(prepared.items[i]!.item.requests).toEqual([
      { context: doc.context, continuation: doc.continuation },
    ]);
    expect(samples[i]!.bytes).toBe(doc.norm_bytes);
    expectClose(samples[i]!.logProbs[0]!, doc.toy_ll, `item ${i}`);
  }
  expectClose(100 * metrics.likelihood_bytes!.value, expected.score_micro, 'micro');
  expectClose(100 * metrics.likelihood_bytes_macro!.value, expected.score_macro, 'macro');
  expectClose(metrics.bits_per_byte!.value, expected.bits_per_byte_micro, 'bits per byte');
});
