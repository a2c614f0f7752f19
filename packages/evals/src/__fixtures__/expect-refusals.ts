import { InvalidInputError } from '@bitcliff/core';
import { describe, expect, test } from 'vitest';
import type { Profile } from '../profile.ts';
import type { Task, TaskItem } from '../task.ts';
import { TASK_COLUMNS } from './task-rows.ts';

/** Tests that a good row with one change is refused, with the task, the problem and the place. */
export function expectRefusals<Row>(task: Task<Row>, cases: readonly [Record<string, unknown>, string][]): void {
  const good = TASK_COLUMNS[task.name]![0]!;
  describe('refuses', () => {
    test.each(cases)('%j', (change, message) => {
      const parse = (): unknown => task.parseRow({ ...good, ...change }, { path: 'rows.jsonl', line: 12 });
      expect(parse).toThrow(InvalidInputError);
      expect(parse).toThrow(message);
      expect(parse).toThrow(/^[a-z0-9_]+: .* \(line 12, rows\.jsonl\)$/);
    });
    test('a row without columns', () => {
      expect(() => task.parseRow({})).toThrow('is missing');
    });
  });
}

/** The requests of the first invented row. */
export function firstItem<Row>(task: Task<Row>, profile?: Profile): TaskItem {
  return task.buildItem(task.parseRow(TASK_COLUMNS[task.name]![0]), profile);
}
