/** What a `Content-Range` header says: bytes first … last of `size`, or of a size that the server does not tell. */
export interface ContentRange {
  /** Undefined in the answer to a range that does not exist: asterisk, slash, size. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly size: number | undefined;
}

/**
 * Parse a `Content-Range` header in bytes.
 * @returns undefined when the text is not one, or its numbers contradict each other
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-content-range
 */
export function parseContentRange(text: string): ContentRange | undefined {
  const match = /^bytes (?:(\d{1,16})-(\d{1,16})|\*)\/(\d{1,16}|\*)$/i.exec(text.trim());
  if (match === null) return undefined;
  const [first, last, size] = match.slice(1).map((digits) => {
    return digits === undefined || digits === '*' ? undefined : Number(digits);
  });
  const numbers = [first, last, size].filter((n) => n !== undefined);
  if (!numbers.every(Number.isSafeInteger)) return undefined;
  if (first === undefined || last === undefined) {
    return size === undefined ? undefined : { first: undefined, last: undefined, size };
  }
  if (first > last || (size !== undefined && last >= size)) return undefined;
  return { first, last, size };
}
