import { type RowReader, rowError } from '../data/row-reader.ts';
import type { RowPlace } from '../task.ts';

/**
 * Choices of a column `choices: {text, label}` and the index of the one whose label is the key.
 * @throws {InvalidInputError} when the key is none of the labels
 */
export function labelledChoices(
  task: string,
  row: RowReader,
  key: string,
  place: RowPlace | undefined,
): { choices: readonly string[]; gold: number } {
  const { text, label } = row.labelled('choices');
  const gold = label.indexOf(key);
  if (gold !== -1) return { choices: text, gold };
  throw rowError(task, place, {
    problem: 'the right answer is none of the choices',
    expected: `one of: ${label.join(', ')}`,
    received: JSON.stringify(key),
  });
}
