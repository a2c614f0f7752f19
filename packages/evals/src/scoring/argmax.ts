/**
 * Index of the largest value; ties go to the first, as numpy's `argmax`.
 * @param values at least one, none NaN
 */
export function argmax(values: readonly number[]): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/**
 * Largest minus second largest value, ≥ 0; 0 when both are −Infinity.
 * @param values at least two, none NaN
 */
export function topTwoMargin(values: readonly number[]): number {
  const best = argmax(values);
  let second = -Infinity;
  for (let i = 0; i < values.length; i++) if (i !== best && values[i]! > second) second = values[i]!;
  return values[best] === second ? 0 : values[best]! - second;
}
