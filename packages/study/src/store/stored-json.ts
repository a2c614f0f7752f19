/** @file JSON of the store: numbers that JSON cannot hold are `{ "$number": "Infinity" }`. */

const KEY = '$number';

/** Text of a value. */
export function toStoredJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'number' && !Number.isFinite(inner) ? { [KEY]: String(inner) } : inner,
  );
}

/** The value of a text. @throws {SyntaxError} for a text that is not JSON */
export function fromStoredJson(text: string): unknown {
  if (!text.includes(KEY)) return JSON.parse(text);
  return JSON.parse(text, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || !(KEY in inner)) return inner;
    return Number((inner as { readonly [KEY]: unknown })[KEY]);
  });
}
