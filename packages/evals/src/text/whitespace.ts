/**
 * @file Python's `str.strip` family. JavaScript's `trim` is another set: it drops U+FEFF and keeps U+001C–U+001F and U+0085,
 * so prompts built with it differ from the harness on such text (eval-spec §1.7).
 */

/** Inside a character class: str.isspace() of CPython 3.11, the same set as `\\s` of its `re` for str patterns. */
export const PY_WHITESPACE: string =
  '\t-\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const isPyWhitespace = new RegExp(`^[${PY_WHITESPACE}]$`);

/**
 * Text without Python whitespace at its start, as `str.lstrip()`.
 * @see https://docs.python.org/3/library/stdtypes.html#str.lstrip
 */
export function pyLstrip(text: string): string {
  let start = 0;
  while (start < text.length && isPyWhitespace.test(text[start]!)) start++;
  return text.slice(start);
}

/**
 * Text without Python whitespace at its end, as `str.rstrip()`.
 * @see https://docs.python.org/3/library/stdtypes.html#str.rstrip
 */
export function pyRstrip(text: string): string {
  let end = text.length;
  while (end > 0 && isPyWhitespace.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/**
 * Text without Python whitespace at both ends, as `str.strip()`.
 * @example
 * pyStrip('\u0085 a \ufeff'); // 'a \ufeff'
 */
export function pyStrip(text: string): string {
  return pyLstrip(pyRstrip(text));
}
