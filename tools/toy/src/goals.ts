/** @file Goals and what it takes to reach them, as questions with answers. */
import type { Rng } from '@bitcliff/core';
import { heldOut } from './held-out.ts';
import { PEOPLE, type Person, TOOLS } from './world.ts';

/** Somebody's goal at some time. */
export interface Goal {
  readonly person: Person;
  /** One of {@link WHEN}. */
  readonly when: string;
  /** A key of {@link TOOLS}. */
  readonly aim: string;
}

const WHEN = [
  'after lunch',
  'at noon',
  'before school',
  'in the evening',
  'in the morning',
  'on Friday',
  'on Monday',
  'on Sunday',
  'today',
  'tonight',
] as const;

const QUESTIONS = [
  'How can {a} {g} {w}?',
  'What does {a} need to {g} {w}?',
  'What helps {a} to {g} {w}?',
] as const;

const ANSWERS = ['Use {t}.', 'Take {t}.', 'Look for {t}.'] as const;

/** @param held of the kind that only tasks use, or of the kind that only training uses */
export function createGoal(rng: Rng, held: boolean): Goal {
  for (;;) {
    const goal = { person: rng.pick(PEOPLE), when: rng.pick(WHEN), aim: rng.pick([...TOOLS.keys()]) };
    if (heldOut(`${goal.person.name} ${goal.when} ${goal.aim}`) === held) return goal;
  }
}

/** The question about a goal in one of its forms. */
export function goalQuestion(rng: Rng, { person, when, aim }: Goal): string {
  return rng.pick(QUESTIONS).replace('{a}', person.name).replace('{g}', aim).replace('{w}', when);
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
