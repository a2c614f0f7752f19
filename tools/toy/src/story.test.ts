import { createRng } from '@bitcliff/core';
import { describe, expect, test } from 'vitest';
import { heldOut } from './held-out.ts';
import { createStory, FILLERS, type Story, storyText } from './story.ts';

const create = (seed: number, count: number, held: boolean, openingLength?: 4): Story[] => {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => createStory(rng, held, openingLength));
};

describe.each([
  ['training', false],
  ['tasks', true],
] as const)('stories for %s', (_, held) => {
  const stories = create(5, 1000, held);
  const texts = stories.map(storyText);

  test('have 3 to 9 sentences of capital, words and period', () => {
    for (const text of texts) {
      const sentences = text.split(/(?<=\.) /);
      expect(sentences.length).toBeGreaterThanOrEqual(3);
      expect(sentences.length).toBeLessThanOrEqual(9);
      for (const sentence of sentences) expect(sentence).toMatch(/^[A-Z][A-Za-z, ]+\.$/);
    }
  });

  test('have facts that are reserved for the tasks, or are not', () => {
    for (const { opening } of stories) {
      const facts = opening.slice(0, -1).filter((sentence) => !FILLERS.includes(sentence));
      expect(heldOut(facts.join(' '))).toBe(held);
    }
  });

  test('ask questions with three wrong endings', () => {
    for (const { question } of stories) {
      expect(new Set([question.ending, ...question.wrong]).size).toBe(4);
    }
  });

  test('tell one thread about as often as two', () => {
    const threads = stories.map(
      ({ opening }) =>
        opening
          .slice(0, -1)
          .filter((sentence) => !FILLERS.includes(sentence) && !sentence.startsWith('Then ')).length,
    );
    expect([...new Set(threads)].sort()).toEqual([1, 2]);
    const single = threads.filter((count) => count === 1).length;
    expect(single).toBeGreaterThan(400);
    expect(single).toBeLessThan(600);
  });
});

test('a seed always gives the same stories, another seed others', () => {
  expect(create(5, 50, false)).toEqual(create(5, 50, false));
  expect(create(6, 50, false)).not.toEqual(create(5, 50, false));
});

test('the stories of a seed stay what they are, as the committed checkpoints were trained on them', () => {
  expect(create(1, 3, false).map(storyText)).toMatchInlineSnapshot(`
    [
      "Lucy was a baker. People waited for Lucy. She came back with bread.",
      "Rosa sold the flute to Mary. Ben sold the shell to Anna. An old man smiled. Clouds moved over the hills. Everyone talked about the flute. The flute was kept by Mary. The shell was very old. The shell now belonged to Anna.",
      "They were good friends. Jack brought the rope to the bridge. Rosa carried the ring to the forest. The air smelled of summer. Soon everyone forgot the rope. The rope stayed at the bridge. Nobody touched the ring again. The ring lay at the forest.",
    ]
  `);
});

test('an opening can be asked to have four sentences', () => {
  for (const { opening } of create(2, 200, true, 4)) expect(opening).toHaveLength(4);
});
