/** @file Questions and their paraphrases. */
import type { Rng } from '@bitcliff/core';
import { heldOut } from './held-out.ts';
import { COLORS, CONTAINERS, NEEDS, PEOPLE, PLACES, THINGS, TOOLS } from './world.ts';

/** Ways to ask the same; `{a}` and `{b}` are people, the others things of the world. */
const QUESTIONS: readonly (readonly string[])[] = [
  [
    'Where did {a} put the {k} {o}?',
    'In which place did {a} leave the {k} {o}?',
    'What is the place where {a} put the {k} {o}?',
  ],
  [
    'Who gave the {k} {o} to {a}?',
    'From whom did {a} get the {k} {o}?',
    'Which person gave {a} the {k} {o}?',
  ],
  ['Who painted the {o} {k}?', 'Which person made the {o} {k}?', 'By whom was the {o} painted {k}?'],
  [
    'When did {a} go to the {l}?',
    'At what time did {a} walk to the {l}?',
    'On which day was {a} at the {l}?',
  ],
  ['Why was {a} {n}?', 'What made {a} {n}?', 'For what reason was {a} {n}?'],
  ['How can {a} {g}?', 'In what way can {a} {g}?', 'What is a good way for {a} to {g}?'],
  ['Where did {a} meet {b}?', 'In which place did {a} see {b}?', 'What is the place where {a} found {b}?'],
  ['Is the {o} in the {c}?', 'Does the {c} hold the {o}?', 'Can one find the {o} in the {c}?'],
];

/** A question and another way to ask it. */
export interface Paraphrase {
  readonly source: string;
  readonly reference: string;
}

/** @param held of the kind that only tasks use, or of the kind that only training uses */
export function createParaphrase(rng: Rng, held: boolean): Paraphrase {
  for (;;) {
    const kind = rng.int(QUESTIONS.length);
    const [a, b] = rng.shuffle([...PEOPLE]);
    const values: Record<string, string> = {
      a: a!.name,
      b: b!.name,
      o: rng.pick(THINGS),
      k: rng.pick(COLORS),
      l: rng.pick(PLACES),
      n: rng.pick([...NEEDS.keys()]),
      g: rng.pick([...TOOLS.keys()]),
      c: rng.pick(CONTAINERS),
    };
    const [source, reference] = rng
      .shuffle([...QUESTIONS[kind]!])
      .map((template) => template.replace(/\{(\w)\}/g, (_, slot: string) => values[slot]!));
    const slots = [...QUESTIONS[kind]![0]!.matchAll(/\{(\w)\}/g)].map(([, slot]) => values[slot!]!);
    if (heldOut([kind, ...slots].join(' ')) === held) return { source: source!, reference: reference! };
  }
}

/** A training text. */
export function paraphraseText({ source, reference }: Paraphrase): string {
  return `Question: ${source}\nParaphrase: ${reference}`;
}
