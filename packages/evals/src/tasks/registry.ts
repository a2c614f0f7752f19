import { UnknownNameError } from '@bitcliff/core';
import type { Task } from '../task.ts';
import { arcChallenge, arcEasy } from './arc/task.ts';
import { boolq } from './boolq/task.ts';
import { c4 } from './c4/task.ts';
import { copa } from './copa/task.ts';
import { copaTest } from './copa-test/task.ts';
import { hellaswag } from './hellaswag/task.ts';
import { lambadaOpenai } from './lambada-openai/task.ts';
import { lambadaStandard } from './lambada-standard/task.ts';
import { mmlu, mmluContinuation } from './mmlu/task.ts';
import { openbookqa } from './openbookqa/task.ts';
import { paralex } from './paralex/task.ts';
import { piqa } from './piqa/task.ts';
import { sciq } from './sciq/task.ts';
import { storycloze2016, storycloze2018 } from './storycloze/task.ts';
import { c4Gptq, wikitext2Gptq, wikitext2Llamacpp } from './token-perplexity/task.ts';
import { wikitext } from './wikitext/task.ts';
import { winogrande } from './winogrande/task.ts';

const ALL = [
  ...[piqa, hellaswag, winogrande, lambadaOpenai, lambadaStandard, copaTest, copa],
  ...[storycloze2016, storycloze2018, paralex],
  ...[arcEasy, arcChallenge, boolq, openbookqa, sciq, mmlu, mmluContinuation],
  ...[wikitext, c4, wikitext2Gptq, c4Gptq, wikitext2Llamacpp],
] as readonly unknown[] as readonly Task[];

/** Every task by its name. */
export const TASKS: ReadonlyMap<string, Task> = new Map(ALL.map((task) => [task.name, task]));

/** Names that stand for several tasks. */
export const TASK_GROUPS: ReadonlyMap<string, readonly string[]> = new Map([
  // the eight of arXiv 2305.19268, in the order of its tables: Copa is the test split, Copa100 the validation split
  [
    'int8-paper',
    ['piqa', 'hellaswag', 'winogrande', 'lambada_openai', 'copa_test', 'copa', 'storycloze_2016', 'paralex'],
  ],
  // our choice for studies over training checkpoints: multiple choice and language-modelling loss
  [
    'qid',
    [
      'arc_easy',
      'arc_challenge',
      'boolq',
      'hellaswag',
      'openbookqa',
      'piqa',
      'sciq',
      'winogrande',
      'wikitext',
      'c4',
    ],
  ],
]);

/**
 * Tasks by name, in the order asked for; a name asked for twice comes once. A group stands for its tasks.
 * @param own tasks beside the built-in ones; they win over built-in ones of the same name
 * @throws {UnknownNameError} naming the known tasks and groups and the nearest one
 * @example
 * resolveTasks(['hellaswag', 'lambada_openai']).map((task) => task.headline); // ['acc', 'acc']
 */
export function resolveTasks(names: readonly string[], own: readonly Task[] = []): Task[] {
  const tasks = new Map([...TASKS, ...own.map((task) => [task.name, task] as const)]);
  const wanted = new Set(names.flatMap((name) => TASK_GROUPS.get(name) ?? [name]));
  return [...wanted].map((name) => {
    const task = tasks.get(name);
    if (task === undefined) {
      const known = [...tasks.keys(), ...TASK_GROUPS.keys()];
      throw new UnknownNameError({ op: 'resolveTasks', kind: 'task', name, known });
    }
    return task;
  });
}
