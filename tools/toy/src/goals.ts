/** @file Goals and what it takes to reach them, as questions with answers. */
import type { Rng } from '@bitcliff/core';
import { heldOut } from './held-out.ts';
import { PEOPLE, type Person, PLACES, TOOLS } from './world.ts';

/** Somebody's goal somewhere. */
export interface Goal {
  readonly person: Person;
  readonly place: string;
  /** A key of {@link TOOLS}. */
  readonly aim: string;
}

const QUESTIONS = [
  'How can {a} {g} at the {l}?',
  'What does {a} need to {g} at the {l}?',
  '{a} is at the {l} and wants to {g}. What helps?',
] as const;

const ANSWERS = ['Use {t}.', 'Take {t}.', 'Look for {t}.'] as const;

/** @param held of the kind that only tasks use, or of the kind that only training uses */
export function createGoal(rng: Rng, held: boolean): Goal {
  for (;;) {
    const goal = { person: rng.pick(PEOPLE), place: rng.pick(PLACES), aim: rng.pick([...TOOLS.keys()]) };
    if (heldOut(`${goal.person.name} ${goal.place} ${goal.aim}`) === held) return goal;
  }
}

/** The question about a goal in one of its forms. */
export function goalQuestion(rng: Rng, { person, place, aim }: Goal): string {
  return rng.pick(QUESTIONS).replace('{a}', person.name).replace('{g}', aim).replace('{l}', place);
}

/** One form of answer, as a function of the tool. */
export function answerForm(rng: Rng): (tool: string) => string {
  const form = rng.pick(ANSWERS);
  return (tool) => form.replace('{t}', tool);
}

/** A training text. */
export function goalText(rng: Rng, goal: Goal): string {
  return `Question: ${goalQuestion(rng, goal)}\nAnswer: ${answerForm(rng)(TOOLS.get(goal.aim)!)}`;
}
