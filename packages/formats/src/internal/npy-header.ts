/** @file The header of an NPY file: a Python dict literal of three keys, read by a scanner for exactly that. */
import { FormatError } from '@bitcliff/core';
import type { Place } from './elements.ts';
import { quote } from './quote.ts';

/** A dict literal, read and not yet judged. */
export interface NpyHeader {
  readonly descr: string;
  readonly fortranOrder: boolean;
  readonly shape: readonly number[];
}

const KEYS = ['descr', 'fortran_order', 'shape'];
const SHAPE = /^\(\s*(?:\d+\s*,\s*)*(?:\d+\s*)?\)/;

/**
 * @param text the header, without the magic and the length
 * @throws {FormatError} when it is not such a literal with each of the three keys once and nothing else
 */
export function parseNpyHeader(text: string, place: Place): NpyHeader {
  const values = new Map<string, string>();
  let rest = take(text, /^\s*\{\s*/, '"{"', place);
  while (!rest.startsWith('}')) {
    const key = /^'([a-z_]+)'\s*:\s*|^"([a-z_]+)"\s*:\s*/.exec(rest);
    const name = key?.[1] ?? key?.[2] ?? '';
    if (key === null || !KEYS.includes(name)) throw bad(`one of the keys ${KEYS.join(', ')}`, rest, place);
    if (values.has(name)) throw bad(`the key ${name} once`, `${name} twice`, place);
    rest = rest.slice(key[0].length);
    const value = /^(?:'[^']*'|"[^"]*"|True|False|\([^()]*\)|\[[^\]]*\])/.exec(rest)?.[0];
    if (value === undefined) throw bad(`a value for ${name}`, rest, place);
    values.set(name, value);
    rest = rest.slice(value.length).trimStart();
    if (!rest.startsWith('}')) rest = take(rest, /^,\s*/, '"," or "}"', place);
  }
  take(rest, /^\}\s*$/, 'nothing after "}"', place);
  for (const key of KEYS) if (!values.has(key)) throw bad(`the key ${key}`, text, place);
  return {
    descr: stringOf(values.get('descr')!),
    fortranOrder: booleanOf(values.get('fortran_order')!, place),
    shape: shapeOf(values.get('shape')!, place),
  };
}

function take(text: string, pattern: RegExp, expected: string, place: Place): string {
  const match = pattern.exec(text);
  if (match === null) throw bad(expected, text, place);
  return text.slice(match[0].length);
}

/** The text of a string literal; another literal as it stands, so that the message about it can show it. */
function stringOf(literal: string): string {
  return /^['"]/.test(literal) ? literal.slice(1, -1) : literal;
}

function booleanOf(literal: string, place: Place): boolean {
  if (literal !== 'True' && literal !== 'False') throw bad('True or False for fortran_order', literal, place);
  return literal === 'True';
}

function shapeOf(literal: string, place: Place): readonly number[] {
  const sizes = (literal.match(/\d+/g) ?? []).map(Number);
  // Python writes a tuple of one with a comma; "(3)" is a number in parentheses
  const isTuple = SHAPE.exec(literal)?.[0] === literal && (sizes.length !== 1 || literal.includes(','));
  if (!isTuple || !sizes.every(Number.isSafeInteger)) {
    throw bad('a tuple of integers from 0 to 2^53 - 1 for shape', literal, place);
  }
  return sizes;
}

function bad(expected: string, received: string, place: Place): FormatError {
  return new FormatError({ ...place, problem: 'bad header', expected, received: quote(received) });
}
