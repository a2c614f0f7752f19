import { PY_WHITESPACE } from './whitespace.ts';

const RUNS = new RegExp(`[${PY_WHITESPACE}]+`, 'g');

/**
 * Python's `len(re.split(r"\s+", text))`: runs of whitespace plus one, so whitespace at an end counts an empty word.
 * @example
 * pyWordCount(' a b '); // 4
 */
export function pyWordCount(text: string): number {
  return (text.match(RUNS)?.length ?? 0) + 1;
}
