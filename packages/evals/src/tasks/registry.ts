import { UnknownNameError } from '@bitcliff/core';
import type { Task } from '../task.ts';
import { hellaswag } from './hellaswag/task.ts';
import { lambadaOpenai } from './lambada-openai/task.ts';

/** Every task by its name. */
export const TASKS: ReadonlyMap<string, Task> = new Map<string, Task>(
  [hellaswag, lambadaOpenai].map((task) => [task.name, task as Task]),
);

/**
 * Tasks by name, in the order asked for; a name asked for twice comes once.
 * @throws {UnknownNameError} naming the known tasks and the nearest one
 * @example
 * resolveTasks(['hellaswag', 'lambada_openai']).map((task) => task.headline); // ['acc', 'acc']
 */
export function resolveTasks(names: readonly string[]): Task[] {
  return [...new Set(names)].map((name) => {
    const task = TASKS.get(name);
    if (task === undefined) {
      throw new UnknownNameError({ op: 'resolveTasks', kind: 'task', name, known: [...TASKS.keys()] });
    }
    return task;
  });
}
