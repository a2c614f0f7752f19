/** @file JSON from an untrusted file: UTF-8, one object, bounded depth, no key twice in any object (JSON.parse would keep the last). */
import { FormatError } from '@bitcliff/core';
import { quote } from './quote.ts';

/** Deepest nesting accepted. A safetensors header needs three levels, a shard index two. */
const DEPTH_LIMIT = 16;

/**
 * @param bytes UTF-8 text without a byte order mark
 * @param place.what what the text is, for messages: "header"
 * @throws {FormatError} on invalid UTF-8, invalid JSON, another value than an object, nesting too deep, or a duplicate key
 */
export function parseJsonObject(
  bytes: Uint8Array,
  place: { readonly op: string; readonly what: string; readonly path: string },
): Record<string, unknown> {
  const { op, what, path } = place;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const expected = 'UTF-8 text';
    throw new FormatError({
      op,
      problem: `${what} is not text`,
      expected,
      received: 'invalid bytes',
      path,
      cause,
    });
  }
  if (!text.startsWith('{')) {
    const received = text === '' ? 'nothing' : quote(text.slice(0, 12));
    throw new FormatError({
      op,
      problem: `${what} is not a JSON object`,
      expected: '"{" first',
      received,
      path,
    });
  }
  const scan = scanKeys(text);
  if (scan.depth > DEPTH_LIMIT) {
    throw new FormatError({
      op,
      problem: `${what} is nested too deep`,
      expected: `at most ${DEPTH_LIMIT} levels`,
      received: scan.depth,
      path,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    // the engine's own message quotes the text, which may be long
    const received = (cause as Error).message.slice(0, 160);
    throw new FormatError({
      op,
      problem: `${what} is not valid JSON`,
      expected: 'a JSON object',
      received,
      path,
      cause,
    });
  }
  if (scan.duplicate !== undefined) {
    throw new FormatError({
      op,
      problem: `${what} has a key twice`,
      expected: 'every key once',
      received: `${quote(scan.duplicate)} twice`,
      path,
    });
  }
  return value as Record<string, unknown>;
}

/** Deepest nesting and first duplicate key of a text; of no meaning, but harmless, when the text is not JSON. */
function scanKeys(text: string): { depth: number; duplicate: string | undefined } {
  const open: (Set<string> | undefined)[] = []; // one entry per open bracket, the keys seen for an object
  let depth = 0;
  let duplicate: string | undefined;
  let lastString = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text[i];
    if (unit === '"') {
      const end = endOfString(text, i);
      lastString = text.slice(i, end + 1);
      i = end;
    } else if (unit === '{' || unit === '[') {
      open.push(unit === '{' ? new Set() : undefined);
      depth = Math.max(depth, open.length);
      if (depth > DEPTH_LIMIT) return { depth, duplicate };
    } else if (unit === '}' || unit === ']') {
      open.pop();
    } else if (unit === ':') {
      const keys = open.at(-1);
      const key = unquote(lastString);
      if (keys?.has(key)) duplicate ??= key;
      keys?.add(key);
    }
  }
  return { depth, duplicate };
}

/** Index of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}

function unquote(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal; // not JSON: the parse that follows says so
  }
}
