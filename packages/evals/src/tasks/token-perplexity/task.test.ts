import { InternalError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { byteTokenizer, toyLogLikelihood } from '../../__fixtures__/toy-model.ts';
import { prepareTask } from '../../prepare-task.ts';
import { scoreTask } from '../../score-task.ts';
import { c4Gptq, wikitext2Gptq, wikitext2Llamacpp } from './task.ts';
import { gptqWindows, llamacppWindows } from './windows.ts';

const tokens = Array.from({ length: 19 }, (_, i) => i);

test('GPTQ: every token of a window but its first, the tail dropped', () => {
  expect(gptqWindows(tokens, 8)).toEqual([
    { context: [0], continuation: [1, 2, 3, 4, 5, 6, 7] },
    { context: [8], continuation: [9, 10, 11, 12, 13, 14, 15] },
  ]);
  expect(gptqWindows(tokens, 8, 1).length).toBe(1);
  expect(gptqWindows(tokens, 20)).toEqual([]);
});

test('llama.cpp: n_ctx − 1 − n_ctx/2 tokens of a window, BOS in place of its first', () => {
  expect(llamacppWindows(tokens, 8, 99)).toEqual([
    { context: [99, 1, 2, 3, 4], continuation: [5, 6, 7] },
    { context: [99, 9, 10, 11, 12], continuation: [13, 14, 15] },
  ]);
  expect(llamacppWindows(tokens, 8)[1]!.context[0]).toBe(8);
});

const rows = [{ text: 'one two three\n' }, { text: '' }, { text: 'four five six seven' }];

test('rows are joined as each protocol says, special tokens at the very start alone', () => {
  const tokenizer = byteTokenizer(true);
  const read = (task: typeof c4Gptq) => {
    const { requests } = prepareTask(task, rows, tokenizer, { maxLength: 8 });
    return requests.flatMap(({ context, continuation }) => [...context, ...continuation]);
  };
  const ids = (text: string): number[] => [1, ...tokenizer.encode(text, { addSpecialTokens: false })];
  expect(read(wikitext2Gptq)).toEqual(ids('one two three\n\n\n\n\nfour five six s'.slice(0, 31)));
  expect(read(c4Gptq)).toEqual(ids('one two three\n  four five six seven').slice(0, 32));
  const raw = ids('one two three\nfour five six seven').slice(0, 32);
  expect(read(wikitext2Llamacpp)).toEqual(raw.map((id, i) => (i % 8 === 0 ? 1 : id)));
});

test('perplexity over all scored tokens', async () => {
  const prepared = prepareTask(c4Gptq, rows, byteTokenizer(), { maxLength: 8 });
  const scores = await toyLogLikelihood(prepared.requests);
  const { metrics, n } = scoreTask(prepared, scores);
  const perWindow = scores.map(({ logProb }) => -logProb / 7);
  expect(n).toBe(4);
  const expected = Math.exp(perWindow.reduce((sum, nll) => sum + nll, 0) / 4); // exp(Σ mean nll / W)
  expect(metrics.token_perplexity!.value / expected).toBeCloseTo(1, 12);
  expect(metrics.token_perplexity!.stderr).toBeGreaterThan(0);
});

test('a text that is shorter than a window', () => {
  expect(() => prepareTask(c4Gptq, [{ text: 'a' }], byteTokenizer(), { maxLength: 8 })).toThrow(
    'the text is shorter than one window (c4_gptq)',
  );
  expect(() => c4Gptq.buildItem({ text: 'a' })).toThrow(InternalError);
});
