/**
 * @file Two people or two things of which one fits. A pair has two cues, and each of the two is the answer to one of them, so neither the options nor
 * the passage alone tell which is right.
 */
import type { Rng } from '@bitcliff/core';
import { heldOut } from './held-out.ts';
import { NEEDS, PEOPLE, THINGS, TIMES } from './world.ts';

/** A passage with a blank. */
export interface Pair {
  /** Begins upper-case; `_` is the blank. */
  readonly sentence: string;
  /** In the order of the passage. */
  readonly options: readonly [string, string];
  /** Index of the option that fits. */
  readonly answer: 0 | 1;
}

/** What is different about two kinds of things: those that do it and those that do not. */
const CONTRASTS: readonly {
  readonly told: string;
  readonly kinds: readonly [readonly string[], readonly string[]];
  readonly results: readonly [string, string];
}[] = [
  {
    told: '{a} dropped the {x} and the {y} on the floor.',
    kinds: [
      ['glass', 'egg', 'plate', 'vase'],
      ['stone', 'coin', 'nail', 'pillow'],
    ],
    results: ['broke into many pieces.', 'was still whole.'],
  },
  {
    told: '{a} left the {x} and the {y} in the sun.',
    kinds: [
      ['ice', 'butter', 'snowman', 'candle'],
      ['stone', 'coin', 'plate', 'brick'],
    ],
    results: ['melted away.', 'only got warm.'],
  },
  {
    told: '{a} threw the {x} and the {y} into the lake.',
    kinds: [
      ['stone', 'coin', 'nail', 'brick'],
      ['leaf', 'feather', 'straw', 'paper'],
    ],
    results: ['sank at once.', 'floated for a while.'],
  },
];

/** What each giving or taking verb means for its subject and its object. */
const TRANSFERS: readonly { readonly told: string; readonly owner: 0 | 1 }[] = [
  { told: '{a} gave the {o} to {b}.', owner: 1 },
  { told: '{a} sold the {o} to {b}.', owner: 1 },
  { told: '{a} sent the {o} to {b}.', owner: 1 },
  { told: '{a} took the {o} from {b}.', owner: 0 },
  { told: '{a} bought the {o} from {b}.', owner: 0 },
  { told: '{a} stole the {o} from {b}.', owner: 0 },
];

type PairMaker = (rng: Rng) => Pair;

const states: PairMaker = (rng) => {
  const [a, b] = rng.shuffle([...PEOPLE]);
  const needs = rng.shuffle([...NEEDS]).slice(0, 2);
  const answer = rng.int(2) as 0 | 1;
  const time = rng.pick(TIMES);
  const told = `${time} ${a!.name} was ${needs[0]![0]} and ${b!.name} was ${needs[1]![0]}.`;
  return { sentence: `${told} So _ ${needs[answer]![1]}.`, options: [a!.name, b!.name], answer };
};

const things: PairMaker = (rng) => {
  const { told, kinds, results } = rng.pick(CONTRASTS);
  const does = rng.int(2); // whether the first is of the first kind
  const first = rng.pick(kinds[does]!);
  const second = rng.pick(kinds[1 - does]!);
  const result = rng.int(2);
  const answer = result === does ? 0 : 1;
  const time = rng.pick(TIMES);
  const event = told
    .replace('{a}', `${time} ${rng.pick(PEOPLE).name}`)
    .replace('{x}', first)
    .replace('{y}', second);
  return { sentence: `${event} The _ ${results[result]!}`, options: [first, second], answer };
};

const transfers: PairMaker = (rng) => {
  const [a, b] = rng.shuffle([...PEOPLE]);
  const { told, owner } = rng.pick(TRANSFERS);
  const thing = rng.pick(THINGS);
  const has = rng.int(2);
  const answer = (has === 1 ? owner : 1 - owner) as 0 | 1;
  const event = told.replace('{a}', a!.name).replace('{b}', b!.name).replace('{o}', thing);
  const cue = has === 1 ? `Now _ has the ${thing}.` : `Now _ has no ${thing}.`;
  return { sentence: `${rng.pick(TIMES)} ${event} ${cue}`, options: [a!.name, b!.name], answer };
};

/** @param held of the kind that only tasks use, or of the kind that only training uses */
export function createPair(rng: Rng, held: boolean): Pair {
  for (;;) {
    const pair = rng.pick([states, states, things, transfers])(rng);
    if (heldOut(pair.sentence.slice(0, pair.sentence.indexOf('_'))) === held) return pair;
  }
}

/** A training text: the passage with the right option. */
export function pairText({ sentence, options, answer }: Pair): string {
  return sentence.replace('_', options[answer]);
}
