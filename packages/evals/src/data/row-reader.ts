/** @file Checked access to the columns of one data row; every complaint names the task, file, line and column. */
import { InvalidInputError } from '@bitcliff/core';
import type { RowPlace } from '../task.ts';

/** The error of one bad row. */
export function rowError(
  op: string,
  place: RowPlace | undefined,
  fields: { problem: string; expected: string; received: string | number; cause?: unknown },
): InvalidInputError {
  return new InvalidInputError({
    op,
    ...fields,
    ...(place === undefined ? {} : { where: `${place.unit ?? 'line'} ${place.line}` }),
    ...(place?.path === undefined ? {} : { path: place.path }),
  });
}

/** Columns of one row. */
export interface RowReader {
  /** A string column. */
  string(column: string): string;
  /** A string column that is not empty: an empty continuation has no score. */
  filled(column: string): string;
  /** A string or number column as text; undefined where rows lack it or it is null. */
  optional(column: string): string | undefined;
  /** A column that is a list of exactly `count` strings, none of them empty. */
  strings(column: string, count: number): readonly string[];
  /** A column `{text, label}` of two lists of equal length, 2 to 26 strings each, no text empty. */
  labelled(column: string): { readonly text: readonly string[]; readonly label: readonly string[] };
  /** One of some words; its index among them. */
  word(column: string, words: readonly string[]): number;
  /** An index in [0, count), written as an integer or as its decimal digits. */
  index(column: string, count: number): number;
  /** The same counted from 1, in [1, count]; returned as an index from 0. */
  ordinal(column: string, count: number): number;
}

/**
 * Read columns of `value` and refuse what does not fit.
 * @param op the task, first word of every error
 * @throws {InvalidInputError} when `value` is not an object; the methods throw it for a missing or wrong column
 */
export function readRow(op: string, value: unknown, place?: RowPlace): RowReader {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw rowError(op, place, { problem: 'bad row', expected: 'an object', received: describe(value) });
  }
  const columns = value as Readonly<Record<string, unknown>>;
  const column = (name: string, expected: string): unknown => {
    if (Object.hasOwn(columns, name)) return columns[name];
    const names = Object.keys(columns).slice(0, 20).join(', ');
    const received = names === '' ? 'an empty object' : `columns ${shorten(names)}`;
    throw rowError(op, place, { problem: `column "${name}" is missing`, expected, received });
  };
  const wrong = (name: string, expected: string, received: unknown): InvalidInputError =>
    rowError(op, place, { problem: `column "${name}" does not fit`, expected, received: describe(received) });

  const integer = (name: string, least: number, most: number): number => {
    const expected = `an integer from ${least} to ${most}, or its digits`;
    const found = column(name, expected);
    const value = parseIndex(found);
    if (value === undefined || value < least || value > most) throw wrong(name, expected, found);
    return value;
  };
  const filledStrings = (name: string, list: readonly unknown[]): readonly string[] => {
    const bad = list.findIndex((element) => typeof element !== 'string' || element === '');
    if (bad !== -1) {
      const expected = list[bad] === '' ? 'a string that is not empty' : 'a string';
      throw wrong(`${name}[${bad}]`, expected, list[bad]);
    }
    return list as string[];
  };

  return {
    string(name) {
      const found = column(name, 'a string');
      if (typeof found !== 'string') throw wrong(name, 'a string', found);
      return found;
    },
    filled(name) {
      const found = column(name, 'a string that is not empty');
      if (typeof found !== 'string' || found === '') throw wrong(name, 'a string that is not empty', found);
      return found;
    },
    optional(name) {
      const found = Object.hasOwn(columns, name) ? columns[name] : undefined;
      if (found === undefined || found === null) return undefined;
      if (typeof found !== 'string' && typeof found !== 'number') throw wrong(name, 'a string', found);
      return String(found);
    },
    strings(name, count) {
      const expected = `a list of ${count} strings`;
      const found = column(name, expected);
      if (!Array.isArray(found) || found.length !== count) throw wrong(name, expected, found);
      return filledStrings(name, found);
    },
    labelled(name) {
      const expected = 'an object with lists "text" and "label" of one length, 2 to 26';
      const found = column(name, expected) as { text?: unknown; label?: unknown } | null;
      const { text, label } = found ?? {};
      const isPair = Array.isArray(text) && Array.isArray(label) && text.length === label.length;
      if (!isPair || text.length < 2 || text.length > 26) throw wrong(name, expected, found);
      return { text: filledStrings(`${name}.text`, text), label: filledStrings(`${name}.label`, label) };
    },
    word(name, words) {
      const expected = `one of: ${words.join(', ')}`;
      const found = column(name, expected);
      const index = words.indexOf(found as string);
      if (index === -1) throw wrong(name, expected, found);
      return index;
    },
    index: (name, count) => integer(name, 0, count - 1),
    ordinal: (name, count) => integer(name, 1, count) - 1,
  };
}

/** A non-negative integer from an integer or its plain decimal digits. */
export function parseIndex(value: unknown): number | undefined {
  if (typeof value === 'string' && /^(0|[1-9][0-9]{0,8})$/.test(value)) return Number(value);
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** A value in the words of an error message. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  return value === undefined ? 'nothing' : 'an object';
}

function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
