/**
 * @file Rows of the eight tasks of the INT8 paper, as many of each as its size in the paper's suite has them: published rows, and text of the same shape for
 * StoryCloze and Paralex, whose rows may not be passed on or were not found.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TASKS, type Task } from '@bitcliff/evals';
import { loadTaskRows } from '@bitcliff/evals/node';

/** Items of each task in the whole suite; of Paralex as many as we would take. */
const SIZES: Readonly<Record<string, number>> = {
  piqa: 1838,
  hellaswag: 10_042,
  winogrande: 1267,
  lambada_openai: 5153,
  copa_test: 500,
  copa: 100,
  storycloze_2016: 1871,
  paralex: 1000,
};

/** Some rows of one task. */
export interface TaskSample {
  readonly task: Task;
  readonly rows: readonly unknown[];
}

/** @param data folder of the shared data  @param part of the whole suite, rounded up for each task */
export async function eightTasks(data: string, part: number): Promise<TaskSample[]> {
  const sentences = (await readFile(join(data, 'text/tinystories.cased.txt'), 'utf8'))
    .split('\n')
    .flatMap((line) => line.match(/[A-Z][^.!?]{15,}[.!?]/g) ?? []);
  const samples: TaskSample[] = [];
  for (const [name, size] of Object.entries(SIZES)) {
    const task = TASKS.get(name)!;
    const count = Math.ceil(part * size);
    samples.push({ task, rows: await rowsOf(task, data, count, sentences) });
  }
  return samples;
}

async function rowsOf(
  task: Task,
  data: string,
  limit: number,
  sentences: readonly string[],
): Promise<readonly unknown[]> {
  const records = Array.from({ length: limit }, (_, i) => sentences.slice(6 * i, 6 * i + 6));
  if (task.name === 'storycloze_2016') {
    return records.map(([a, b, c, d, first, second]) =>
      task.parseRow({
        input_sentence_1: a,
        input_sentence_2: b,
        input_sentence_3: c,
        input_sentence_4: d,
        sentence_quiz1: first,
        sentence_quiz2: second,
        answer_right_ending: 1,
      }),
    );
  }
  if (task.name === 'paralex')
    return records.map(([source, reference]) => task.parseRow({ source, reference }));
  if (task.name !== 'copa_test') return (await loadTaskRows(task, data, { limit, seed: 0 })).rows;
  const xml = task.files.find(({ layout }) => layout === 'xml')!;
  const files = [{ ...xml, path: 'copa/balanced-copa-dev-all.xml' }]; // another split, in its format
  return (await loadTaskRows(task, data, { limit, seed: 0, files })).rows;
}
