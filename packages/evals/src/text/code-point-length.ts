/**
 * Number of Unicode code points, Python's `len(str)`; a lone surrogate counts as one.
 * @example
 * codePointLength('é👍'); // 2
 */
export function codePointLength(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
