/** @file Who and what the stories are about. Facts that hold in every story (trades and what they make, food of animals, needs) are maps. */

/** A character; the pronouns follow the name in every story. */
export interface Person {
  readonly name: string;
  /** Nominative pronoun. */
  readonly they: 'he' | 'she';
  /** Objective pronoun. */
  readonly them: 'him' | 'her';
  /** Trade, the same in every story; what it makes is in {@link TRADES}. */
  readonly trade: string;
}

const person = (name: string, they: Person['they'], trade: string): Person => ({
  name,
  they,
  them: they === 'he' ? 'him' : 'her',
  trade,
});

export const PEOPLE: readonly Person[] = [
  person('Anna', 'she', 'baker'),
  person('Emma', 'she', 'farmer'),
  person('Lucy', 'she', 'potter'),
  person('Mary', 'she', 'smith'),
  person('Ben', 'he', 'farmer'),
  person('Jack', 'he', 'smith'),
  person('Paul', 'he', 'baker'),
  person('Tom', 'he', 'potter'),
];

/** What each trade makes. */
export const TRADES: ReadonlyMap<string, string> = new Map([
  ['baker', 'bread'],
  ['farmer', 'corn'],
  ['potter', 'cups'],
  ['smith', 'nails'],
]);

/** What each animal eats. */
export const ANIMALS: ReadonlyMap<string, string> = new Map([
  ['bear', 'honey'],
  ['cat', 'fish'],
  ['dog', 'meat'],
  ['duck', 'seeds'],
  ['horse', 'hay'],
  ['mouse', 'cheese'],
]);

/** What each state makes people do. */
export const NEEDS: ReadonlyMap<string, string> = new Map([
  ['cold', 'put on a coat'],
  ['dirty', 'took some soap'],
  ['hungry', 'ate some soup'],
  ['sick', 'called the doctor'],
  ['thirsty', 'drank some water'],
  ['tired', 'went to bed'],
]);

export const PLACES: readonly string[] = [
  'barn',
  'beach',
  'bridge',
  'garden',
  'lake',
  'market',
  'mill',
  'school',
];

export const CONTAINERS: readonly string[] = ['bag', 'basket', 'box', 'chest', 'drawer', 'jar'];

export const THINGS: readonly string[] = [
  'ball',
  'bell',
  'coin',
  'drum',
  'hat',
  'key',
  'lamp',
  'map',
  'ring',
  'rope',
];

export const COLORS: readonly string[] = ['black', 'blue', 'green', 'red', 'white', 'yellow'];
