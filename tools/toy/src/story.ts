import type { Rng } from '@bitcliff/core';
import { heldOut } from './held-out.ts';
import { createScene, type Question } from './scenes.ts';

/** A story of 3 to 9 sentences. */
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
  'The air smelled of summer.',
  'An old man smiled.',
  'Clouds moved over the hills.',
  'Dust lay on the street.',
  'The shop was still closed.',
];

/** Upper-case first letter. */
export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The last sentence of a question, with its right ending unless another is given. */
export function lastSentence(question: Question, ending: string = question.ending): string {
  return capitalize(`${question.subject} ${ending}`);
}

/**
 * One story.
 * @param held of the kind that only tasks use, or of the kind that only training uses
 * @param openingLength sentences of the opening @default any number from 2 to 5
 */
export function createStory(rng: Rng, held: boolean, openingLength?: 4): Story {
  for (;;) {
    const threads = rng.uniform() < 0.5 ? 1 : 2;
    const { label, facts, questions } = createScene(rng, threads);
    const [first, second] = rng.shuffle([...questions]);
    if (!isWanted(facts, held)) continue;
    const fillers = openingLength === undefined ? rng.int(3) : openingLength - facts.length - 1;
    const sentences = rng.shuffle([...FILLERS]).slice(0, fillers);
    const before = rng.int(fillers + 1);
    const opening = [...sentences.slice(0, before), ...facts, ...sentences.slice(before), first!.cue];
    const rest = second === undefined || rng.uniform() < 0.3 ? [] : [second.cue, lastSentence(second)];
    return { label, opening, question: first!, rest };
  }
}

/** A task's facts are reserved as a whole; the facts of a training story neither as a whole nor from any of them on. */
function isWanted(facts: readonly string[], held: boolean): boolean {
  const ends = facts.map((_, i) => facts.slice(i).join(' '));
  return held ? heldOut(ends[0]!) : !ends.some(heldOut);
}

/** The story as running text, without its heading. */
export function storyText(story: Story): string {
  return [...story.opening, lastSentence(story.question), ...story.rest].join(' ');
}
