/** @file Who and what the texts are about. Facts that hold in every text (trades and what they make, food of animals, needs, tools) are maps. */

/** A character; the pronouns follow the name in every text. */
export interface Person {
  readonly name: string;
  /** Nominative pronoun. */
  readonly they: 'he' | 'she';
}

const person = (name: string, they: Person['they']): Person => ({ name, they });

export const PEOPLE: readonly Person[] = [
  person('Anna', 'she'),
  person('Emma', 'she'),
  person('Lucy', 'she'),
  person('Mary', 'she'),
  person('Nora', 'she'),
  person('Rosa', 'she'),
  person('Ben', 'he'),
  person('Jack', 'he'),
  person('Max', 'he'),
  person('Paul', 'he'),
  person('Sam', 'he'),
  person('Tom', 'he'),
];

/** What each trade makes or catches. */
export const TRADES: ReadonlyMap<string, string> = new Map([
  ['baker', 'bread'],
  ['farmer', 'corn'],
  ['fisher', 'fish'],
  ['potter', 'cups'],
  ['smith', 'nails'],
  ['tailor', 'shirts'],
]);

/** What each animal eats. */
export const ANIMALS: ReadonlyMap<string, string> = new Map([
  ['bear', 'honey'],
  ['bird', 'worms'],
  ['cat', 'milk'],
  ['dog', 'meat'],
  ['duck', 'seeds'],
  ['horse', 'hay'],
  ['monkey', 'fruit'],
  ['mouse', 'cheese'],
]);

/** What each state makes people do. */
export const NEEDS: ReadonlyMap<string, string> = new Map([
  ['afraid', 'hid under the bed'],
  ['bored', 'read a book'],
  ['cold', 'put on a coat'],
  ['curious', 'asked a question'],
  ['dirty', 'took some soap'],
  ['happy', 'began to sing'],
  ['hot', 'opened the window'],
  ['hungry', 'ate some soup'],
  ['late', 'ran to the train'],
  ['lonely', 'visited a friend'],
  ['lost', 'looked at the map'],
  ['sad', 'began to cry'],
  ['sick', 'called the doctor'],
  ['thirsty', 'drank some water'],
  ['tired', 'went to sleep'],
  ['wet', 'stood by the fire'],
]);

export const PLACES: readonly string[] = [
  'barn',
  'beach',
  'bridge',
  'forest',
  'garden',
  'lake',
  'market',
  'mill',
  'school',
  'tower',
];

export const CONTAINERS: readonly string[] = [
  'bag',
  'basket',
  'box',
  'bucket',
  'chest',
  'drawer',
  'jar',
  'pocket',
];

export const THINGS: readonly string[] = [
  'ball',
  'bell',
  'coin',
  'doll',
  'drum',
  'flute',
  'hat',
  'key',
  'kite',
  'lamp',
  'map',
  'mask',
  'ring',
  'rope',
  'shell',
  'spoon',
];

export const COLORS: readonly string[] = [
  'black',
  'blue',
  'brown',
  'green',
  'pink',
  'red',
  'white',
  'yellow',
];

/** Begin of a sentence: when. */
export const TIMES: readonly string[] = [
  'After lunch',
  'At noon',
  'In the evening',
  'In the morning',
  'Last week',
  'On Friday',
  'On Monday',
  'On Sunday',
  'One day',
  'Today',
  'Yesterday',
];

/** What people want to do, and what it takes. */
export const TOOLS: ReadonlyMap<string, string> = new Map([
  ['bake a cake', 'an oven'],
  ['call the children', 'a whistle'],
  ['carry the apples', 'a sack'],
  ['catch the butterfly', 'a net'],
  ['chop the wood', 'an axe'],
  ['climb the wall', 'a ladder'],
  ['clean the floor', 'a broom'],
  ['close the letter', 'some glue'],
  ['comb the wool', 'a comb'],
  ['cook the rice', 'a pot'],
  ['cross the river', 'a boat'],
  ['cut the paper', 'the scissors'],
  ['dig a hole', 'a shovel'],
  ['dry the plates', 'a towel'],
  ['fix the shirt', 'a needle'],
  ['hit the nail', 'a hammer'],
  ['keep the milk cold', 'some ice'],
  ['light the stove', 'a match'],
  ['lock the gate', 'a chain'],
  ['measure the table', 'a ruler'],
  ['paint the fence', 'a brush'],
  ['see the stars', 'a telescope'],
  ['sleep outside', 'a tent'],
  ['slice the bread', 'a knife'],
  ['stay dry in the rain', 'an umbrella'],
  ['tell the time', 'a clock'],
  ['water the flowers', 'a hose'],
  ['weigh the flour', 'a scale'],
  ['write a poem', 'a pencil'],
]);
