import { expect, test } from 'vitest';
import { createTexts } from './corpus.ts';

const texts = createTexts(5, 20_000, false);

test('a seed always gives the same texts, another seed others', () => {
  expect(createTexts(5, 100, false)).toEqual(texts.slice(0, 100));
  expect(createTexts(6, 100, false)).not.toEqual(texts.slice(0, 100));
  expect(createTexts(5, 100, true)).not.toEqual(texts.slice(0, 100));
});

test('the texts of a seed stay what they are, as the committed checkpoints were trained on them', () => {
  expect(createTexts(1, 8, false)).toMatchInlineSnapshot(`
    [
      "Nobody was in a hurry. Mary laid the ring into the drawer. Rosa packed the bell into the pocket. Then Ben needed the ring. He found the ring in the drawer. Nora asked for the bell. She saw the bell in the pocket.",
      "After lunch Nora sold the doll to Rosa. Now Rosa has the doll.",
      "Carrying things: Ben brought the mask to the garden. Nora carried the ball to the beach. Nobody was in a hurry. Soon everyone forgot the mask. The mask stayed at the garden. Soon everyone forgot the ball. The ball was at the beach.",
      "After lunch Mary was thirsty and Nora was curious. So Mary drank some water.",
      "Feeling unwell: A bell rang far away. The air smelled of summer. Ben came home lonely. Lucy was dirty. Ben thought about it. He visited a friend. Lucy thought about it. Lucy took some soap.",
      "Getting things done: Rosa wanted to weigh the flour. Rosa began at once. She took a scale.",
      "Feeding animals: They were good friends. Emma kept a monkey behind the house. Nora had a mouse. The day was long. Nora wanted to feed it. She bought a lot of cheese. Emma wanted to feed it. Emma brought a bowl of fruit.",
      "Question: What is a good way for Emma to hit the nail?
    Paraphrase: How can Emma hit the nail?",
    ]
  `);
});

test('the texts use at least 300 different words', () => {
  const words = texts
    .join(' ')
    .toLowerCase()
    .match(/[a-z]+/g)!;
  expect(new Set(words).size).toBeGreaterThanOrEqual(300);
});

test('every kind of text has its share', () => {
  const share = (pattern: RegExp): number => texts.filter((text) => pattern.test(text)).length / texts.length;
  expect(share(/\nAnswer: /)).toBeCloseTo(0.07, 1);
  expect(share(/\nParaphrase: /)).toBeCloseTo(0.05, 1);
  expect(share(/ (because|therefore) |, so /)).toBeCloseTo(0.1, 1);
  expect(share(/^[A-Z][a-z ]+: [A-Z].*\.$/)).toBeCloseTo(0.29, 1);
});

test('no text is empty or has an empty line, which would end it', () => {
  for (const text of texts) expect(text).toMatch(/^\S[^\n]*(\n\S[^\n]*)?$/);
});
