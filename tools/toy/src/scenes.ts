/**
 * @file What can happen in a story. A scene states facts and asks questions that the facts answer: a cue ("Later Anna
 * wanted the ball."), a subject ("she") and an ending ("looked in the box."). The wrong endings are the same sentence with
 * the answer of another question or of no question, so nothing in an ending by itself tells right from wrong.
 */
import type { Rng } from '@bitcliff/core';
import { ANIMALS, COLORS, CONTAINERS, NEEDS, PEOPLE, type Person, PLACES, THINGS, TRADES } from './world.ts';

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

type Values = Readonly<Record<string, string>>;
type SceneMaker = (rng: Rng) => Scene;

/** Replace each `{name}` of a template. */
function fill(template: string, values: Values): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => values[name]!);
}

/** `count` different elements in random order. */
function sample<T>(rng: Rng, items: readonly T[], count: number): T[] {
  return rng.shuffle([...items]).slice(0, count);
}

/** The question whose answer fills `{x}` of one of the endings; answers of the scene come first among the wrong ones. */
function question(
  rng: Rng,
  parts: {
    cue: string;
    subject: string;
    endings: readonly string[];
    values?: Values;
    answer: string;
    rivals: readonly string[];
    all: readonly string[];
  },
): Question {
  const template = rng.pick(parts.endings);
  const others = rng.shuffle(parts.all.filter((x) => x !== parts.answer && !parts.rivals.includes(x)));
  const wrong = [...new Set([...parts.rivals.filter((x) => x !== parts.answer), ...others])].slice(0, 3);
  const ending = (x: string): string => fill(template, { ...parts.values, x });
  return { cue: parts.cue, subject: parts.subject, ending: ending(parts.answer), wrong: wrong.map(ending) };
}

const names: readonly string[] = PEOPLE.map((p) => p.name);

/** Two people put things away; sometimes one thing is moved. */
const hide: SceneMaker = (rng) => {
  const [a, b, c] = sample(rng, PEOPLE, 3) as [Person, Person, Person];
  const things = sample(rng, THINGS, 2);
  const [first, second, third] = sample(rng, CONTAINERS, 3) as [string, string, string];
  const put = ['{a} put the {o} in the {c}.', '{a} hid the {o} in the {c}.', '{a} left the {o} in the {c}.'];
  const facts = [
    fill(rng.pick(put), { a: a.name, o: things[0]!, c: first }),
    fill(rng.pick(put), { a: b.name, o: things[1]!, c: second }),
  ];
  const places = [first, second];
  if (rng.uniform() < 0.35) {
    const moved = rng.int(2);
    facts.push(fill('Then {a} moved the {o} to the {c}.', { a: c.name, o: things[moved]!, c: third }));
    places[moved] = third;
  }
  const rivals = facts.length === 3 ? [first, second, third] : places;
  const ask = (i: number): Question => {
    const who = rng.pick([a, b, c]);
    const cue = rng.pick(['Later {a} wanted the {o}.', 'Then {a} needed the {o}.', '{a} asked for the {o}.']);
    return question(rng, {
      cue: fill(cue, { a: who.name, o: things[i]! }),
      subject: rng.pick([who.they, who.name, who.name]),
      endings: ['found the {o} in the {x}.', 'saw the {o} in the {x}.', 'got the {o} from the {x}.'],
      values: { o: things[i]! },
      answer: places[i]!,
      rivals,
      all: CONTAINERS,
    });
  };
  return { label: 'Hiding things', facts, questions: [ask(0), ask(1)] };
};

/** Two people give things to two others, or to each other. */
const give: SceneMaker = (rng) => {
  const [a, b, c, d] = sample(rng, PEOPLE, 4) as [Person, Person, Person, Person];
  const things = sample(rng, THINGS, 2);
  const gift = ['{a} gave the {o} to {b}.', '{a} sold the {o} to {b}.', '{a} sent the {o} to {b}.'];
  const facts = [
    fill(rng.pick(gift), { a: a.name, o: things[0]!, b: c.name }),
    fill(rng.pick(gift), { a: b.name, o: things[1]!, b: d.name }),
  ];
  const owners = [c, d];
  const ask = (i: number): Question =>
    question(rng, {
      cue: fill(
        rng.pick(['Everyone talked about the {o}.', 'The {o} was very old.', 'A boy asked about the {o}.']),
        {
          o: things[i]!,
        },
      ),
      subject: `the ${things[i]!}`,
      endings: ['now belonged to {x}.', 'was with {x}.', 'was kept by {x}.'],
      answer: owners[i]!.name,
      rivals: [owners[1 - i]!.name, [a, b][i]!.name],
      all: names,
    });
  return { label: 'Giving gifts', facts, questions: [ask(0), ask(1)] };
};

/** Two people carry things to places. */
const carry: SceneMaker = (rng) => {
  const [a, b] = sample(rng, PEOPLE, 2) as [Person, Person];
  const things = sample(rng, THINGS, 2);
  const places = sample(rng, PLACES, 2);
  const went = [
    '{a} took the {o} to the {p}.',
    '{a} carried the {o} to the {p}.',
    '{a} brought the {o} to the {p}.',
  ];
  const facts = [a, b].map((who, i) => fill(rng.pick(went), { a: who.name, o: things[i]!, p: places[i]! }));
  const ask = (i: number): Question =>
    question(rng, {
      cue: fill(
        rng.pick(['Nobody touched the {o} again.', 'The {o} was heavy.', 'Soon everyone forgot the {o}.']),
        {
          o: things[i]!,
        },
      ),
      subject: `the ${things[i]!}`,
      endings: ['stayed at the {x}.', 'was at the {x}.', 'got to the {x}.'],
      answer: places[i]!,
      rivals: [places[1 - i]!],
      all: PLACES,
    });
  return { label: 'Carrying things', facts, questions: [ask(0), ask(1)] };
};

/** People go to places, one of them perhaps further; a third looks for them. */
const meet: SceneMaker = (rng) => {
  const [a, b, c] = sample(rng, PEOPLE, 3) as [Person, Person, Person];
  const [first, second, third] = sample(rng, PLACES, 3) as [string, string, string];
  const went = ['{a} went to the {p}.', '{a} walked to the {p}.', '{a} spent the day at the {p}.'];
  const people = [a, b];
  const facts = people.map((who, i) => fill(rng.pick(went), { a: who.name, p: [first, second][i]! }));
  const places = [first, second];
  if (rng.uniform() < 0.35) {
    const moved = rng.int(2);
    facts.push(fill('Then {a} ran on to the {p}.', { a: people[moved]!.name, p: third }));
    places[moved] = third;
  }
  const rivals = facts.length === 3 ? [first, second, third] : places;
  const ask = (i: number): Question => {
    const cue = rng.pick([
      '{c} wanted to see {a}.',
      '{c} had a message for {a}.',
      '{c} was looking for {a}.',
    ]);
    return question(rng, {
      cue: fill(cue, { a: people[i]!.name, c: c.name }),
      subject: rng.pick([c.they, c.name]),
      endings: ['found {a} at the {x}.', 'met {a} at the {x}.', 'followed {a} to the {x}.'],
      values: { a: people[i]!.name },
      answer: places[i]!,
      rivals,
      all: PLACES,
    });
  };
  return { label: 'Meeting friends', facts, questions: [ask(0), ask(1)] };
};

/** Two things are painted. */
const paint: SceneMaker = (rng) => {
  const [a, b] = sample(rng, PEOPLE, 2) as [Person, Person];
  const things = sample(rng, THINGS, 2);
  const colors = sample(rng, COLORS, 2);
  const painted = ['{a} painted the {o} {x}.', '{a} made the {o} {x}.', '{a} wanted the {o} to be {x}.'];
  const facts = [a, b].map((who, i) =>
    fill(rng.pick(painted), { a: who.name, o: things[i]!, x: colors[i]! }),
  );
  const ask = (i: number): Question =>
    question(rng, {
      cue: fill(
        rng.pick(['Everyone came to see the {o}.', 'A girl pointed at the {o}.', 'Soon the {o} was dry.']),
        {
          o: things[i]!,
        },
      ),
      subject: `the ${things[i]!}`,
      endings: ['was now {x}.', 'looked {x}.', 'was all {x}.'],
      answer: colors[i]!,
      rivals: [colors[1 - i]!],
      all: COLORS,
    });
  return { label: 'Painting', facts, questions: [ask(0), ask(1)] };
};

/** A state of a person and what it leads to. */
const need: SceneMaker = (rng) => {
  const people = sample(rng, PEOPLE, 2);
  const needs = sample(rng, [...NEEDS.keys()], 2);
  const was = ['{a} was {n}.', '{a} felt very {n}.', '{a} came home {n}.'];
  const facts = people.map((who, i) => fill(rng.pick(was), { a: who.name, n: needs[i]! }));
  const ask = (i: number): Question => {
    const who = people[i]!;
    return question(rng, {
      cue: fill(rng.pick(['{a} thought about it.', '{a} could not wait.', '{a} knew what to do.']), {
        a: who.name,
      }),
      subject: rng.pick([who.they, who.name, who.name]),
      endings: ['{x}.'],
      answer: NEEDS.get(needs[i]!)!,
      rivals: [NEEDS.get(needs[1 - i]!)!],
      all: [...NEEDS.values()],
    });
  };
  return { label: 'Feeling unwell', facts, questions: [ask(0), ask(1)] };
};

/** Two people feed their animals. */
const feed: SceneMaker = (rng) => {
  const people = sample(rng, PEOPLE, 2);
  const animals = sample(rng, [...ANIMALS.keys()], 2);
  const had = ['{a} had a {n}.', '{a} lived with a {n}.', '{a} kept a {n} behind the house.'];
  const facts = people.map((who, i) => fill(rng.pick(had), { a: who.name, n: animals[i]! }));
  const ask = (i: number): Question => {
    const who = people[i]!;
    const cue = rng.pick([
      '{a} wanted to feed it.',
      'The animal of {a} was hungry.',
      'It looked at {a} and waited.',
    ]);
    return question(rng, {
      cue: fill(cue, { a: who.name }),
      subject: rng.pick([who.they, who.name, who.name]),
      endings: ['gave it some {x}.', 'brought a bowl of {x}.', 'bought a lot of {x}.'],
      answer: ANIMALS.get(animals[i]!)!,
      rivals: [ANIMALS.get(animals[1 - i]!)!],
      all: [...ANIMALS.values()],
    });
  };
  return { label: 'Feeding animals', facts, questions: [ask(0), ask(1)] };
};

/** Two people work in their trades. */
const work: SceneMaker = (rng) => {
  const people = sample(rng, PEOPLE, 2);
  if (people[0]!.trade === people[1]!.trade) return work(rng);
  const places = sample(rng, PLACES, 2);
  const is = ['{a} was a {t} at the {p}.', '{a} worked as a {t} at the {p}.', '{a} was the {t} of the {p}.'];
  const facts = people.map((who, i) => fill(rng.pick(is), { a: who.name, t: who.trade, p: places[i]! }));
  const ask = (i: number): Question => {
    const who = people[i]!;
    const cue = rng.pick(['{a} worked all day.', '{a} got up early.', 'People waited for {a}.']);
    return question(rng, {
      cue: fill(cue, { a: who.name }),
      subject: rng.pick([who.they, who.name, who.name]),
      endings: ['sold a lot of {x}.', 'showed everyone the new {x}.', 'came back with {x}.'],
      answer: TRADES.get(who.trade)!,
      rivals: [TRADES.get(people[1 - i]!.trade)!],
      all: [...TRADES.values()],
    });
  };
  return { label: 'A day of work', facts, questions: [ask(0), ask(1)] };
};

/** All kinds of scene. */
export const SCENES: readonly SceneMaker[] = [hide, give, carry, meet, paint, need, feed, work];
