/** @file `--tasks`, `--data` and `--limit` of commands that measure losses and can add a task score. */
import { InvalidInputError, type LongTaskOptions } from '@bitcliff/core';
import type { Checkpoint, Engine } from '@bitcliff/runtime';
import type { Command } from 'commander';
import { parseCount, parseNames } from './option-values.ts';
import { createTaskScore } from './task-score.ts';

/** What {@link addTaskScoreOptions} adds to a command's options. */
export interface TaskScoreOptions {
  readonly tasks?: readonly string[];
  readonly data?: string;
  readonly limit?: number;
}

/** Add `--tasks`, `--data` and `--limit`. */
export function addTaskScoreOptions(command: Command): Command {
  return command
    .option('--tasks <names>', 'add the mean score of these tasks', parseNames)
    .option('--data <dir>', 'folder with the data of tasks, or hf:, as for eval')
    .option('--limit <n>', 'with --tasks: only n rows of each', parseCount);
}

/**
 * The score of every variant of an engine.
 * @returns `undefined` without `--tasks`
 * @throws {InvalidInputError} for tasks without data
 */
export async function openTaskScore(
  op: string,
  checkpoint: Checkpoint,
  { tasks, data, limit }: TaskScoreOptions,
  run: LongTaskOptions,
): Promise<((engine: Engine) => Promise<number[]>) | undefined> {
  if (tasks === undefined) return undefined;
  if (data === undefined)
    throw new InvalidInputError({ op, problem: 'tasks without data', expected: 'a folder', where: '--data' });
  return createTaskScore(checkpoint, { tasks, data, ...(limit === undefined ? {} : { limit }) }, run);
}
