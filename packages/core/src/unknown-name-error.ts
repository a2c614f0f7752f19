import { BitcliffError } from './bitcliff-error.ts';

/**
 * A name that is none of the known ones. The message lists them and suggests the nearest. Code `UNKNOWN_NAME`.
 * @example
 * new UnknownNameError({ op: 'eval', kind: 'recipe', name: 'w8a', known: ['w4', 'w8a8'] }).message;
 * // eval: unknown recipe "w8a", expected one of: w4, w8a8. Did you mean "w8a8"?
 */
export class UnknownNameError extends BitcliffError {
  readonly known: readonly string[];

  constructor(fields: { op: string; kind: string; name: string; known: readonly string[]; path?: string }) {
    const known = [...fields.known].sort();
    const nearest = nearestName(fields.name, known);
    super({
      code: 'UNKNOWN_NAME',
      op: fields.op,
      problem: `unknown ${fields.kind} "${fields.name}"`,
      expected: `one of: ${known.join(', ')}`,
      ...(fields.path === undefined ? {} : { path: fields.path }),
      ...(nearest === undefined ? {} : { hint: `Did you mean "${nearest}"?` }),
    });
    this.known = known;
  }
}

/** The known name at the smallest edit distance, if it is at most half the length of the name away. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.floor(name.length / 2) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** Damerau–Levenshtein distance, adjacent transpositions counted as one edit. */
function editDistance(a: string, b: string): number {
  const d: number[][] = Array.from({ length: a.length + 1 }, (_, i) => [i]);
  for (let j = 0; j <= b.length; j++) d[0]![j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const substitution = d[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(d[i - 1]![j]! + 1, d[i]![j - 1]! + 1, substitution);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, d[i - 2]![j - 2]! + 1);
      }
      d[i]![j] = cost;
    }
  }
  return d[a.length]![b.length]!;
}
