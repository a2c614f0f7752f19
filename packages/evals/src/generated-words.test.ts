import { ShapeError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { byteTokenizer } from './__fixtures__/toy-model.ts';
import { evaluateGeneratedWords, type Generate } from './generated-words.ts';

const tokenizer = byteTokenizer();
const rows = ['lamp', 'ferry', 'cat', 'end'].map((target) => ({ context: 'They looked for the ', target }));
const writes =
  (...texts: string[]): Generate =>
  async () =>
    texts.map((text) => tokenizer.encode(text));
const options = { maxLength: 64 };

test('the first word counts, without punctuation behind it', async () => {
  const generate = writes(' lamp, and', '  ferry', ' cats', '\nend');
  const { value, stderr, words } = await evaluateGeneratedWords(rows, tokenizer, generate, options);
  expect(words.map(({ prediction, correct }) => [prediction, correct])).toEqual([
    ['lamp', true],
    ['ferry', true],
    ['cats', false],
    ['', false], // the line ends before a word
  ]);
  expect(value).toBe(0.5);
  expect(stderr).toBeCloseTo(Math.sqrt(1 / 3) / 2, 14);
});

test('prompts lose their last spaces, and tokens on the left; ten tokens are asked for', async () => {
  const generate: Generate = async (prompts, { maxTokens }) => {
    expect(maxTokens).toBe(10);
    expect(prompts[0]).toEqual(tokenizer.encode('for the'));
    return prompts.map(() => tokenizer.encode(' lamplighters'));
  };
  const { words } = await evaluateGeneratedWords(rows.slice(0, 1), tokenizer, generate, { maxLength: 17 });
  expect(words[0]).toMatchObject({ text: ' lamplight', prediction: 'lamplight' });
});

test('a model that loses a prompt', async () => {
  const lost = evaluateGeneratedWords(rows, tokenizer, writes('a'), options);
  await expect(lost).rejects.toThrow(ShapeError);
});
