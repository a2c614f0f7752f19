import { createRng, type Rng } from '@bitcliff/core';
import { type Question, SCENES } from './scenes.ts';

/** A story of 4 to 7 sentences. */
export interface Story {
  /** Its heading. */
  readonly label: string;
  /** Sentences before the last one of the first question. */
  readonly opening: readonly string[];
  /** The question that the opening answers. */
  readonly question: Question;
  /** Sentences after it, maybe none. */
  readonly rest: readonly string[];
}

/** Sentences that say nothing about the facts. */
export const FILLERS: readonly string[] = [
  'It was a quiet morning.',
  'The birds were singing.',
  'Nobody was in a hurry.',
  'A bell rang far away.',
  'The day was long.',
  'They were good friends.',
  'Some children laughed.',
];

/** Upper-case first letter. */
function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The last sentence of a question with its right ending. */
export function lastSentence(question: Question): string {
  return capitalize(`${question.subject} ${question.ending}`);
}

/** One story; the same state of `rng` gives the same story. */
export function createStory(rng: Rng): Story {
  const { label, facts, questions } = rng.pick(SCENES)(rng);
  const order = rng.shuffle([...questions]);
  const first = order[0]!;
  const sentences = [...facts];
  let rest: string[] = [];
  if (rng.uniform() < 0.75) {
    rest = order.slice(1).flatMap((q) => [q.cue, lastSentence(q)]);
  } else {
    for (let fillers = rng.int(3); fillers > 0; fillers--) {
      const filler = rng.pick(FILLERS);
      if (!sentences.includes(filler)) insertFiller(rng, sentences, filler, facts);
    }
  }
  return { label, opening: [...sentences, first.cue], question: first, rest };
}

/** Insert at a random place, but not between two facts where the second begins with "Then" or "They". */
function insertFiller(rng: Rng, sentences: string[], filler: string, facts: readonly string[]): void {
  const open = [...sentences.keys(), sentences.length].filter(
    (i) =>
      i === sentences.length || i === 0 || sentences[i] === facts[0] || !/^(Then|They) /.test(sentences[i]!),
  );
  sentences.splice(rng.pick(open), 0, filler);
}

/** The story as running text, without its heading. */
export function storyText(story: Story): string {
  return [...story.opening, lastSentence(story.question), ...story.rest].join(' ');
}

/** `count` stories from a seed. */
export function createStories(seed: number, count: number): Story[] {
  const rng = createRng(seed);
  return Array.from({ length: count }, () => createStory(rng));
}
