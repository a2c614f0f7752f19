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
    ...(place === undefined ? {} : { where: `line ${place.line}` }),
    ...(place?.path === undefined ? {} : { path: place.path }),
  });
}

/** Columns of one row. */
export interface RowReader {
  /** A string column. */
  string(column: string): string;
  /** A column that is a list of exactly `count` strings. */
  strings(column: string, count: number): readonly string[];
  /** An index in [0, count), written as an integer or as its decimal digits. */
  index(column: string, count: number): number;
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

  return {
    string(name) {
      const found = column(name, 'a string');
      if (typeof found !== 'string') throw wrong(name, 'a string', found);
      return found;
    },
    strings(name, count) {
      const expected = `a list of ${count} strings`;
      const found = column(name, expected);
      if (!Array.isArray(found) || found.length !== count) throw wrong(name, expected, found);
      const bad = found.findIndex((element) => typeof element !== 'string');
      if (bad !== -1) throw wrong(`${name}[${bad}]`, 'a string', found[bad]);
      return found as string[];
    },
    index(name, count) {
      const expected = `an integer from 0 to ${count - 1}, or its digits`;
      const found = column(name, expected);
      const index = parseIndex(found);
      if (index === undefined || index >= count) throw wrong(name, expected, found);
      return index;
    },
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
