/** @file Values of options, checked where the command line is read. */
import { InvalidArgumentError } from 'commander';

/** Names with commas between them. */
export function parseNames(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Expected names with commas between them.');
  return names;
}

/** An integer of at least 1. */
export function parseCount(text: string): number {
  return integerFrom(1, text);
}

/** An integer of at least 0. */
export function parseSeed(text: string): number {
  return integerFrom(0, text);
}

/** GiB above 0. */
export function parseGibibytes(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('Expected a number of GiB above 0.');
  return value;
}

/** Token ids with commas between them. */
export function parseIds(text: string): number[] {
  const ids = text.split(',').map((part) => Number(part.trim() === '' ? Number.NaN : part));
  if (ids.every((id) => Number.isSafeInteger(id) && id >= 0)) return ids;
  throw new InvalidArgumentError('Expected integers from 0 with commas between them.');
}

/** A finite number. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number.');
}

function integerFrom(least: number, text: string): number {
  const value = Number(text.trim() === '' ? Number.NaN : text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new InvalidArgumentError(`Expected an integer of at least ${least}.`);
  }
  return value;
}
