/** @file Causes and their effects, the same in every text: what happens to people, and what happens to things. */
import type { Rng } from '@bitcliff/core';
import { heldOut } from './held-out.ts';
import { NEEDS, PEOPLE, type Person, TIMES } from './world.ts';

/** A cause and its effect as predicates: `{p}` is the person's pronoun; a cause has the person as its subject. */
export interface Relation {
  readonly cause: string;
  /** With its subject. */
  readonly effect: string;
}

const relation = ([cause, effect]: readonly [string, string]): Relation => ({ cause, effect });

/** What people do when something is so. */
export const ACTIONS: readonly Relation[] = [
  ...[...NEEDS].map(([state, action]): [string, string] => [`was ${state}`, `{p} ${action}`]),
  ['expected guests', '{p} set the table'],
  ['found the door locked', '{p} looked for the key'],
  ['got a letter', '{p} read it twice'],
  ['had a broken wheel', '{p} walked home'],
  ['had a torn shirt', '{p} took a needle'],
  ['had an empty cup', '{p} filled it again'],
  ['had long hair', '{p} went to the barber'],
  ['heard the bell', '{p} went to the door'],
  ['lost the dog', '{p} called its name'],
  ['sat in the dark', '{p} lit the lamp'],
  ['saw the rain', '{p} opened an umbrella'],
  ['saw the snow', '{p} put on gloves'],
  ['sold the house', '{p} counted the money'],
  ['won the race', '{p} jumped for joy'],
].map((pair) => relation(pair as [string, string]));

/** What becomes of things. */
export const EVENTS: readonly Relation[] = (
  [
    ['dropped the plate', 'it broke'],
    ['left the ice in the sun', 'it melted'],
    ['put the paper in the fire', 'it burned'],
    ['threw the stone into the lake', 'it sank'],
    ['laid the leaf on the water', 'it floated'],
    ['forgot to water the flower', 'it died'],
    ['planted the seed', 'it grew'],
    ['kicked the ball', 'it rolled away'],
    ['heated the water', 'it boiled'],
    ['opened the cage of the bird', 'it flew away'],
    ['pulled the tail of the cat', 'it scratched'],
    ['told the child a joke', 'it laughed'],
    ['put sugar in the tea', 'it tasted sweet'],
    ['left the bread for a month', 'it was too hard'],
    ['pushed the boat off the beach', 'it drifted away'],
  ] as const
).map(relation);

/** A cause and its effect, told of a person at a time. */
export interface Cause {
  readonly time: string;
  readonly person: Person;
  /** {@link ACTIONS} or {@link EVENTS}. */
  readonly group: readonly Relation[];
  readonly relation: Relation;
}

/** @param held of the kind that only tasks use, or of the kind that only training uses */
export function createCause(rng: Rng, held: boolean): Cause {
  for (;;) {
    const group = rng.uniform() < 0.65 ? ACTIONS : EVENTS;
    const cause = { time: rng.pick(TIMES), person: rng.pick(PEOPLE), group, relation: rng.pick(group) };
    if (heldOut(`${cause.time} ${cause.person.name} ${cause.relation.cause}`) === held) return cause;
  }
}

/** "she was cold". */
export function causeClause({ person }: Cause, { cause }: Relation): string {
  return `${person.they} ${cause}`;
}

/** "she put on a coat". */
export function effectClause({ person }: Cause, { effect }: Relation): string {
  return effect.replace('{p}', person.they);
}

/** "On Monday Anna was cold". */
export function toldCause({ time, person, relation }: Cause): string {
  return `${time} ${person.name} ${relation.cause}`;
}

/** "On Monday Anna put on a coat", or, of things, "On Monday Anna saw that it broke". */
export function toldEffect({ time, person, relation }: Cause): string {
  const { effect } = relation;
  const rest = effect.startsWith('{p} ') ? effect.slice(4) : `saw that ${effect}`;
  return `${time} ${person.name} ${rest}`;
}

/** A training text. Some have two spaces after the connective, as careless typing has, and as lm-evaluation-harness writes COPA. */
export function causeText(rng: Rng, cause: Cause): string {
  const space = rng.uniform() < 0.5 ? '  ' : ' ';
  const effect = effectClause(cause, cause.relation);
  return rng.pick([
    `${toldCause(cause)} therefore${space}${effect}.`,
    `${toldEffect(cause)} because${space}${causeClause(cause, cause.relation)}.`,
    `${toldCause(cause)}, so ${effect}.`,
  ]);
}
