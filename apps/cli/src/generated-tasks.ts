/** @file Tasks whose answer the model writes, such as `lambada_openai_generated`, for every variant of an engine. */
import type { LongTaskOptions } from '@bitcliff/core';
import {
  evaluateGeneratedTask,
  GENERATED_TASKS,
  type Generate,
  type GeneratedTask,
  type LambadaRow,
  type PrepareOptions,
  type TaskResult,
} from '@bitcliff/evals';
import type { Engine, TextTokenizer } from '@bitcliff/runtime';

/** A task by generation and its rows. */
export interface GeneratedWork {
  readonly task: GeneratedTask;
  readonly rows: readonly LambadaRow[];
}

/** The names that are tasks by generation, and the others, each in the order given and once. */
export function splitTaskNames(names: readonly string[]): {
  generated: GeneratedTask[];
  others: string[];
} {
  const once = [...new Set(names)];
  return {
    generated: once.flatMap((name) => GENERATED_TASKS.get(name) ?? []),
    others: once.filter((name) => !GENERATED_TASKS.has(name)),
  };
}

/** @returns a result for each task, for each variant of the engine in its order */
export async function scoreGenerated(
  engine: Engine,
  work: readonly GeneratedWork[],
  tokenizer: TextTokenizer,
  settings: PrepareOptions,
  { signal, onProgress }: LongTaskOptions,
): Promise<TaskResult[][]> {
  const total = engine.variants.length * work.reduce((sum, { rows }) => sum + rows.length, 0);
  let done = 0;
  const results: TaskResult[][] = [];
  for (const variant of engine.variants) {
    const generate: Generate = async (prompts, { maxTokens }) => {
      const answers: (readonly number[])[] = [];
      for (const prompt of prompts) {
        onProgress?.({ phase: 'generate', done: done++, total, unit: 'passages', detail: variant });
        answers.push((await engine.generate(prompt, { variant, maxTokens, signal })).tokens);
      }
      return answers;
    };
    const own: TaskResult[] = [];
    for (const { task, rows } of work)
      own.push(await evaluateGeneratedTask(task, rows, tokenizer, generate, settings));
    results.push(own);
  }
  return results;
}
