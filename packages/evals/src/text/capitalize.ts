/**
 * @file Python's `str.capitalize`: the first character in title case, **everything after it in lower case**.
 * JavaScript has no title case, so the 135 characters whose title case is not their upper case are ruled here
 * (Unicode 14 SpecialCasing.txt and UnicodeData.txt; compared with CPython 3.11 over all its code points).
 */

/**
 * Text as `str.capitalize()` of Python 3.8 and later gives it.
 * @example
 * pyCapitalize('the man in RED'); // 'The man in red'
 * @see https://docs.python.org/3/library/stdtypes.html#str.capitalize
 */
export function pyCapitalize(text: string): string {
  const codePoint = text.codePointAt(0);
  if (codePoint === undefined) return '';
  const first = String.fromCodePoint(codePoint);
  // lower-case the whole text, not the rest: a sigma looks at its neighbours to decide whether it is final
  return titleCase(first, codePoint) + text.toLowerCase().slice(first.toLowerCase().length);
}

function titleCase(char: string, code: number): string {
  const upper = char.toUpperCase();
  if (code >= 0x10d0 && code <= 0x10ff) return char; // Georgian has upper case but no title case
  if (code >= 0x1c4 && code <= 0x1cc) return String.fromCharCode(0x1c5 + 3 * Math.floor((code - 0x1c4) / 3)); // DŽ Dž dž
  if (code >= 0x1f1 && code <= 0x1f3) return '\u01f2'; // DZ Dz dz
  if (code >= 0x1f80 && code <= 0x1faf) return String.fromCharCode(code | 8); // Greek with iota subscript
  if (code === 0x1fb3 || code === 0x1fc3 || code === 0x1ff3) return String.fromCharCode(code + 9);
  if (code === 0x1fbc || code === 0x1fcc || code === 0x1ffc) return char;
  if (code >= 0x1fb2 && code <= 0x1ff7) return upper.replace(/(?<=.)\u0399$/, '\u0345'); // the subscript stays a subscript
  const isLigature = code === 0xdf || code === 0x587 || (code >= 0xfb00 && code <= 0xfb17);
  return isLigature ? upper[0]! + upper.slice(1).toLowerCase() : upper;
}
