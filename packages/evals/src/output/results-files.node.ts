import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import type { z } from 'zod';
import { isFile } from '../data/read-data-file.node.ts';
import type { TaskResult } from '../score-task.ts';
import type { Sample } from '../scoring/sample.ts';
import { resultsSchema, type StoredResults, sampleSchema } from './stored-results.ts';

const RESULTS = 'results.json';
const samplesName = (task: string): string => `samples_${task}.jsonl`;

/** Results of one variant as they were stored. */
export interface LoadedResults {
  readonly record: StoredResults;
  /** With their samples, ready for `compareResults`. */
  readonly tasks: readonly TaskResult[];
}

/**
 * Write one variant's results into a folder: `results.json`, and `samples_<task>.jsonl` for each task. Each file appears under its name when it is
 * whole, `results.json` last.
 * @param tasks those of `record.tasks`, in the same order
 * @throws {InvalidInputError} when the folder holds results already
 */
export async function writeResults(
  folder: string,
  record: StoredResults,
  tasks: readonly TaskResult[],
): Promise<void> {
  if (await isFile(join(folder, RESULTS))) {
    throw new InvalidInputError({
      op: 'writeResults',
      problem: 'the folder holds results already',
      expected: 'a new folder',
      path: folder,
    });
  }
  await mkdir(folder, { recursive: true });
  for (const { task, samples } of tasks) {
    const lines = samples.map((sample) => `${toJson(sample)}\n`);
    await writeWhole(join(folder, samplesName(task)), lines.join(''));
  }
  await writeWhole(join(folder, RESULTS), `${toJson(record, 2)}\n`);
}

/**
 * Read what {@link writeResults} wrote.
 * @param path the folder, or its `results.json`
 * @throws {NotFoundError} when a file is missing @throws {InvalidInputError} when a file is not of this format, naming the field
 */
export async function readResults(path: string): Promise<LoadedResults> {
  const folder = basename(path) === RESULTS ? dirname(path) : path;
  const record = check(resultsSchema, await read(join(folder, RESULTS)), join(folder, RESULTS));
  const tasks: TaskResult[] = [];
  for (const { data: _, ...task } of record.tasks) {
    const file = join(folder, samplesName(task.task));
    const lines = (await read(file)).split('\n').slice(0, -1);
    const samples = lines.map((line, i): Sample => check(sampleSchema, line, file, `line ${i + 1}`));
    if (samples.length !== task.n) {
      throw new InvalidInputError({
        op: 'readResults',
        problem: 'samples are missing',
        expected: task.n,
        received: samples.length,
        path: file,
      });
    }
    tasks.push({ ...task, samples });
  }
  return { record, tasks };
}

async function writeWhole(path: string, text: string): Promise<void> {
  const partial = `${path}.partial`;
  await writeFile(partial, text);
  await rename(partial, path);
}

function toJson(value: unknown, indent?: number): string {
  const text = (_: string, inner: unknown): unknown =>
    typeof inner === 'number' && !Number.isFinite(inner) ? String(inner) : inner;
  return JSON.stringify(value, text, indent);
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const problem = `cannot read the file, ${(cause as NodeJS.ErrnoException).code}`;
    throw new NotFoundError({ op: 'readResults', problem, path, cause });
  }
}

function check<Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  path: string,
  line?: string,
): z.infer<Schema> {
  const bad = (problem: string, place: string | undefined, cause: unknown): InvalidInputError =>
    new InvalidInputError({
      op: 'readResults',
      problem,
      ...(place === undefined ? {} : { where: place }),
      path,
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad('invalid JSON', line, cause);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue!.path.join('.');
  throw bad(`${issue!.message} at "${field}"`, line, result.error);
}
