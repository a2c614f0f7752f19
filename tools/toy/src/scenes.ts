/**
 * @file What can happen in a story. A scene tells one or two threads of the same kind ("Anna hid the ball in the box.") and asks about each of them: a cue
 * ("Later Tom wanted the ball."), a subject ("he") and an ending ("looked in the box."). The wrong endings are the same sentence with the answer of the
 * other thread or of no thread, so nothing in an ending by itself tells right from wrong.
 */
import type { Rng } from '@bitcliff/core';
import {
  ANIMALS,
  COLORS,
  CONTAINERS,
  NEEDS,
  PEOPLE,
  type Person,
  PLACES,
  THINGS,
  TOOLS,
  TRADES,
} from './world.ts';

/** Something that the facts of a scene determine. */
export interface Question {
  /** Sentence before the last one. */
  readonly cue: string;
  /** Begin of the last sentence, not capitalized unless a name. */
  readonly subject: string;
  /** Rest of the last sentence; its last word, before the period, is determined by the facts. */
  readonly ending: string;
  /** Three endings that contradict the facts. */
  readonly wrong: readonly string[];
}

/** Facts in order of telling, and what they determine. */
export interface Scene {
  readonly label: string;
  readonly facts: readonly string[];
  readonly questions: readonly Question[];
}

/**
 * A kind of scene as sentences with slots. Endings have phrases that facts do not have ("to the mill", but "at the mill"): where both have the same, a small
 * model learns from the facts, which nothing foretells, that nothing is to be looked up there.
 * Slots: `{a}` who acts, `{b}` somebody else, `{s}` the pronoun of `{a}` and `{t}` that of `{b}`, `{o}` a thing,
 * `{x}` what is told, `{y}` what follows from it.
 */
interface SceneKind {
  readonly label: string;
  readonly tell: readonly string[];
  /** Told later in some stories: the first `{x}` no longer holds. */
  readonly move?: string;
  readonly cues: readonly string[];
  readonly subjects: readonly string[];
  readonly endings: readonly string[];
  /** What can be told. */
  readonly values: readonly string[];
  /** What follows from it. @default itself */
  readonly results?: ReadonlyMap<string, string>;
}

const KINDS: readonly SceneKind[] = [
  {
    label: 'Hiding things',
    tell: [
      '{a} put the {o} into the {x}.',
      '{a} laid the {o} into the {x}.',
      '{a} packed the {o} into the {x}.',
    ],
    move: 'Then {b} moved the {o} into the {x}.',
    cues: ['Later {b} wanted the {o}.', 'Then {b} needed the {o}.', '{b} asked for the {o}.'],
    subjects: ['{t}', '{b}'],
    endings: ['found the {o} in the {y}.', 'saw the {o} in the {y}.', 'got the {o} out of the {y}.'],
    values: CONTAINERS,
  },
  {
    label: 'Giving gifts',
    tell: ['{a} gave the {o} to {x}.', '{a} sold the {o} to {x}.', '{a} sent the {o} to {x}.'],
    cues: ['Everyone talked about the {o}.', 'The {o} was very old.', 'A boy asked about the {o}.'],
    subjects: ['the {o}'],
    endings: ['now belonged to {y}.', 'was with {y}.', 'was kept by {y}.'],
    values: PEOPLE.map(({ name }) => name),
  },
  {
    label: 'Carrying things',
    tell: [
      '{a} took the {o} to the {x}.',
      '{a} carried the {o} to the {x}.',
      '{a} brought the {o} to the {x}.',
    ],
    cues: ['Nobody touched the {o} again.', 'The {o} was heavy.', 'Soon everyone forgot the {o}.'],
    subjects: ['the {o}'],
    endings: ['stayed at the {y}.', 'was at the {y}.', 'lay at the {y}.'],
    values: PLACES,
  },
  {
    label: 'Meeting friends',
    tell: ['{a} went to the {x}.', '{a} walked to the {x}.', '{a} rode to the {x}.'],
    move: 'Then {a} ran on to the {x}.',
    cues: ['{b} wanted to see {a}.', '{b} had a message for {a}.', '{b} was looking for {a}.'],
    subjects: ['{t}', '{b}'],
    endings: ['found {a} at the {y}.', 'met {a} at the {y}.', 'saw {a} at the {y}.'],
    values: PLACES,
  },
  {
    label: 'Painting',
    tell: ['{a} painted the {o} {x}.', '{a} made the {o} {x}.', '{a} wanted the {o} to be {x}.'],
    cues: ['Everyone came to see the {o}.', 'A girl pointed at the {o}.', 'Soon the {o} was dry.'],
    subjects: ['the {o}'],
    endings: ['was now {y}.', 'looked {y}.', 'was all {y}.'],
    values: COLORS,
  },
  {
    label: 'Feeling unwell',
    tell: ['{a} was {x}.', '{a} felt very {x}.', '{a} came home {x}.'],
    cues: ['{a} thought about it.', '{a} could not wait.', '{a} knew what to do.'],
    subjects: ['{s}', '{a}'],
    endings: ['{y}.'],
    values: [...NEEDS.keys()],
    results: NEEDS,
  },
  {
    label: 'Feeding animals',
    tell: ['{a} had a {x}.', '{a} lived with a {x}.', '{a} kept a {x} behind the house.'],
    cues: ['{a} wanted to feed it.', 'The animal of {a} was hungry.', 'It looked at {a} and waited.'],
    subjects: ['{s}', '{a}'],
    endings: ['gave it some {y}.', 'brought a bowl of {y}.', 'bought a lot of {y}.'],
    values: [...ANIMALS.keys()],
    results: ANIMALS,
  },
  {
    label: 'A day of work',
    tell: ['{a} was a {x}.', '{a} worked as a {x}.', '{a} became a {x}.'],
    cues: ['{a} worked all day.', '{a} got up early.', 'People waited for {a}.'],
    subjects: ['{s}', '{a}'],
    endings: ['sold a lot of {y}.', 'showed everyone the new {y}.', 'came back with {y}.'],
    values: [...TRADES.keys()],
    results: TRADES,
  },
  {
    label: 'Getting things done',
    tell: ['{a} wanted to {x}.', '{a} had to {x}.', '{a} was asked to {x}.'],
    cues: ['{a} began at once.', '{a} had done it before.', '{a} went into the house.'],
    subjects: ['{s}', '{a}'],
    endings: ['used {y}.', 'took {y}.', 'needed {y}.'],
    values: [...TOOLS.keys()],
    results: TOOLS,
  },
];

const MOVED = 0.3;

/** A scene of one or two threads. */
export function createScene(rng: Rng, threads: 1 | 2): Scene {
  const kind = rng.pick(KINDS);
  const people = rng.shuffle([...PEOPLE]);
  const things = rng.shuffle([...THINGS]);
  const values = rng.shuffle(kind.values.filter((x) => x !== people[0]!.name && x !== people[1]!.name));
  const told = values.slice(0, threads);
  const slots = (i: number, x: string): Readonly<Record<string, string>> => {
    const [a, b] = [people[i]!, people[i + 2]!] as [Person, Person];
    const y = kind.results?.get(x) ?? x;
    return { a: a.name, s: a.they, b: b.name, t: b.they, o: things[i]!, x, y };
  };
  const facts = told.map((x, i) => fill(rng.pick(kind.tell), slots(i, x)));
  if (kind.move !== undefined && rng.uniform() < MOVED) {
    const i = rng.int(threads);
    told[i] = values[threads]!;
    facts.push(fill(kind.move, slots(i, told[i])));
  }
  const mentioned = values.filter((x) => facts.some((fact) => fact.includes(x)));
  const questions = told.map((x, i): Question => {
    const ending = rng.pick(kind.endings);
    const rivals = [...mentioned, ...rng.shuffle([...values])].filter((other) => other !== x);
    return {
      cue: fill(rng.pick(kind.cues), slots(i, x)),
      subject: fill(rng.pick(kind.subjects), slots(i, x)),
      ending: fill(ending, slots(i, x)),
      wrong: [...new Set(rivals)].slice(0, 3).map((other) => fill(ending, slots(i, other))),
    };
  });
  return { label: kind.label, facts, questions };
}

/** Replace each `{slot}` of a template. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w)\}/g, (_, slot: string) => values[slot]!);
}
