/** @file Python's slices of one character, which are code points where JavaScript's are UTF-16 units. */

/**
 * Text with its first character in lower case, the rest unchanged: `s[0].lower() + s[1:]`.
 * @example
 * lowerFirst('Élise and Ida'); // 'élise and Ida'
 */
export function lowerFirst(text: string): string {
  const [first = ''] = text;
  return first.toLowerCase() + text.slice(first.length);
}

/**
 * Text without its last character, whatever it is: `s[:-1]`.
 * @example
 * dropLast('It rained.'); // 'It rained'
 */
export function dropLast(text: string): string {
  const isPair = /[\ud800-\udbff][\udc00-\udfff]$/.test(text);
  return text.slice(0, isPair ? -2 : -1);
}
