/** Longest part of a name from a file that goes into a message, in UTF-16 units. */
const QUOTE_LIMIT = 120;

/** A name from a file, quoted and escaped for a message, cut when it is long. */
export function quote(name: string): string {
  return JSON.stringify(name.length > QUOTE_LIMIT ? `${name.slice(0, QUOTE_LIMIT)}…` : name);
}

/** A JSON value from a file for a message, cut when it is long. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > QUOTE_LIMIT ? `${text.slice(0, QUOTE_LIMIT)}…` : text;
}
