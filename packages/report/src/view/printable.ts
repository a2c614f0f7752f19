/** Characters that move a terminal's cursor, end a line, turn the reading direction, or are none: C0, C1, line and paragraph separators, bidirectional marks. */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text that shows as it is in a terminal, a file and a page: what does not is written as `\u000a`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Plain JSON with all its strings and keys made {@link printable}. Values without any are returned as they are. */
export function printableDeep<T>(value: T): T {
  return convert(value) as T;
}

function convert(value: unknown): unknown {
  if (typeof value === 'string') return printable(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return typeof value[0] === 'number' ? value : value.map(convert);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [printable(key), convert(item)]));
}
