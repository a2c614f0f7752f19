import { quote } from './quote.ts';

/** Bounds of the search, so that a hostile header cannot make an error message expensive. */
const MAX_CANDIDATES = 5000;
const MAX_NAME_LENGTH = 128;

/** Names shown in a hint. */
const SHOWN = 3;

/** A sentence with the known names nearest to `name`, or undefined when none is near. */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  const nearest = nearestNames(name, known);
  if (nearest.length === 0) return undefined;
  return `Did you mean ${nearest.map(quote).join(' or ')}?`;
}

/** Up to three known names within half the name's length in single-character edits, the nearest first. */
export function nearestNames(name: string, known: readonly string[]): string[] {
  if (name.length > MAX_NAME_LENGTH) return [];
  const limit = Math.floor(name.length / 2);
  const wanted = name.toLowerCase();
  const near: { name: string; distance: number }[] = [];
  for (const candidate of known.slice(0, MAX_CANDIDATES)) {
    if (candidate.length > MAX_NAME_LENGTH || Math.abs(candidate.length - name.length) > limit) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance <= limit) near.push({ name: candidate, distance });
  }
  near.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return near.slice(0, SHOWN).map((entry) => entry.name);
}

/** Levenshtein distance in two rows. */
function editDistance(a: string, b: string): number {
  let previous = new Uint32Array(b.length + 1).map((_, j) => j);
  let current = new Uint32Array(b.length + 1);
  for (let i = 1; i <= a.length; i++) {
    current[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      current[j] = Math.min(previous[j]! + 1, current[j - 1]! + 1, substitution);
    }
    [previous, current] = [current, previous];
  }
  return previous[b.length]!;
}
