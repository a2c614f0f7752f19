import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { InvalidInputError } from '@bitcliff/core';
import type { Task } from '@bitcliff/evals';

/**
 * Tasks that modules of the user's export under any name; made by `defineTask`. Importing a module runs it.
 * @throws {InvalidInputError} when a module cannot be imported or exports no task
 */
export async function importTasks(files: readonly string[]): Promise<Task[]> {
  const tasks: Task[] = [];
  for (const file of files) {
    let exported: unknown[];
    try {
      exported = Object.values((await import(pathToFileURL(resolve(file)).href)) as object);
    } catch (cause) {
      const received = cause instanceof Error ? cause.message : String(cause);
      throw new InvalidInputError({
        op: 'eval',
        problem: 'the module cannot be imported',
        received,
        where: 'define',
        path: file,
        cause,
      });
    }
    const found = exported.filter(isTask);
    if (found.length === 0) {
      throw new InvalidInputError({
        op: 'eval',
        problem: 'the module exports no task',
        expected: 'an export made by defineTask of @bitcliff/evals',
        where: 'define',
        path: file,
      });
    }
    tasks.push(...found);
  }
  return tasks;
}

function isTask(value: unknown): value is Task {
  if (typeof value !== 'object' || value === null) return false;
  const { name, parseRow, buildItem, metrics } = value as Partial<Task>;
  return typeof name === 'string' && [parseRow, buildItem].every(isFunction) && typeof metrics === 'object';
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
