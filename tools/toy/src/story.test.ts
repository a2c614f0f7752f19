import { expect, test } from 'vitest';
import { createStories, storyText } from './story.ts';

const stories = createStories(5, 2000);
const texts = stories.map(storyText);

test('a seed always gives the same stories, another seed others', () => {
  expect(createStories(5, 50).map(storyText)).toEqual(texts.slice(0, 50));
  expect(createStories(6, 50).map(storyText)).not.toEqual(texts.slice(0, 50));
});

test('the stories of a seed stay what they are, as the committed checkpoint was trained on them', () => {
  expect(createStories(1, 3).map(storyText)).toMatchInlineSnapshot(`
    [
      "Mary had a horse. Lucy lived with a mouse. Lucy wanted to feed it. Lucy bought a lot of cheese. It looked at Mary and waited. Mary bought a lot of hay.",
      "Jack felt very sick. Tom felt very dirty. Jack knew what to do. Jack called the doctor. Tom thought about it. Tom took some soap.",
      "Mary painted the lamp blue. Tom painted the hat red. Everyone came to see the lamp. The lamp looked blue. A girl pointed at the hat. The hat was now red.",
    ]
  `);
});

test('stories have 4 to 7 sentences of capital, words and period', () => {
  for (const text of texts) {
    const sentences = text.split(/(?<=\.) /);
    expect(sentences.length).toBeGreaterThanOrEqual(4);
    expect(sentences.length).toBeLessThanOrEqual(7);
    for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z][A-Za-z, ]+\.$/);
  }
});

test('the stories use at least 150 different words', () => {
  const words = new Set(
    texts
      .join(' ')
      .toLowerCase()
      .match(/[a-z]+/g),
  );
  expect(words.size).toBeGreaterThanOrEqual(150);
});

test('stories do not repeat', () => {
  expect(new Set(texts).size).toBeGreaterThan(0.999 * texts.length);
});

test('each question has three different wrong endings', () => {
  for (const { question } of stories) {
    expect(new Set([question.ending, ...question.wrong]).size).toBe(4);
  }
});
