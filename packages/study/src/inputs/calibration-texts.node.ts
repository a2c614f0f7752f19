/** @file Calibration texts that come in rows: a column of a data file, the questions of a task; and plain text files. */
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { createRng, InvalidInputError, NotFoundError } from '@bitcliff/core';
import { type DataFile, defineTask, resolveTasks, type Task } from '@bitcliff/evals';
import { loadTaskRows } from '@bitcliff/evals/node';
import { isHubUri, parseHubUri } from '@bitcliff/formats/hub';
import { tokenWindows, type WindowOptions } from '@bitcliff/quantize';
import type { InputOptions } from './input-options.ts';
import { localPath } from './local-path.node.ts';
import { loadRows, trainingSplit } from './task-rows.node.ts';

/** Behind every row, as the GPTQ paper's program joins documents. */
const SEPARATOR = '\n\n';
/** A name with rows in it, and the column that is wanted. */
const ROWS_FILE = /^(.*\.(?:jsonl?(?:\.gz)?|parquet))(?:#(.+))?$/s;

/**
 * The texts of a source.
 * @param source `task:<name>[:train]`, a file of rows with `#column`, or a plain text file; files may be on the Hub (`hf:`)
 * @param data where the rows of tasks are
 * @returns one text of a plain file; of others one text per row, never empty
 */
export async function readCalibrationTexts(
  source: string,
  data: string | undefined,
  run: InputOptions,
): Promise<string[]> {
  if (source.startsWith('task:')) return taskTexts(source, data, run);
  if (isHubUri(source) && parseHubUri(source).path === undefined)
    throw badSource(
      'a whole repository',
      'a file of it, as in hf:datasets/org/name/train.parquet#text',
      source,
    );
  const [, rows, column = 'text'] = ROWS_FILE.exec(source) ?? [];
  if (rows !== undefined) return columnTexts(await localPath(rows, run), column);
  return [await readText(await localPath(source, run))];
}

/**
 * Windows that follow each other through rows in random order; where the rows have too few tokens for that, windows at random places of all of them.
 * @throws {InvalidInputError} when they have fewer tokens than one window
 */
export function rowWindows(
  texts: readonly string[],
  encode: (text: string) => readonly number[],
  windows: WindowOptions,
): Uint32Array[] {
  const { count, length, seed } = windows;
  const tokens: number[] = [];
  for (const text of createRng(seed).shuffle([...texts])) {
    for (const token of encode(text)) tokens.push(token);
    if (tokens.length >= count * length)
      return Array.from({ length: count }, (_, i) =>
        Uint32Array.from(tokens.slice(i * length, (i + 1) * length)),
      );
  }
  return tokenWindows(tokens, windows);
}

async function columnTexts(path: string, column: string): Promise<string[]> {
  type Row = { readonly text: string };
  const layout = path.endsWith('.parquet') ? 'parquet' : 'jsonl';
  const file: DataFile<Row> = { layout, path: basename(path) };
  const rows = defineTask<Row>({
    name: 'calibration',
    version: '1',
    kind: 'text',
    item: (row) => ({ text: row.string(column) + SEPARATOR }),
    files: [file],
  });
  const loaded = await loadTaskRows(rows, dirname(path));
  return loaded.rows.map(({ text }) => text).filter((text) => text !== SEPARATOR);
}

async function taskTexts(source: string, data: string | undefined, run: InputOptions): Promise<string[]> {
  const [, name = '', split] = source.split(':');
  if (split !== undefined && split !== 'train') throw badSource('an unknown split', 'train', split);
  if (data === undefined) {
    throw badSource('no place of the rows', 'data: a folder, or hf: for the data sets of the tasks', source);
  }
  const found = resolveTasks([name]);
  const windows = found.find(({ outputType }) => outputType === 'windows');
  if (windows !== undefined) {
    throw badSource(
      `task "${windows.name}" has no questions`,
      'its text as a file, or task:wikitext',
      source,
    );
  }
  const tasks = split === 'train' ? found.map(trainingSplit) : found;
  const loaded = await loadRows(tasks, data, {}, run);
  return tasks.flatMap((task, t) => loaded[t]!.rows.map((row) => rightAnswer(task, row) + SEPARATOR));
}

/** The question of a row with its right answer, as the task asks it. */
function rightAnswer(task: Task, row: unknown): string {
  const { requests, gold } = task.buildItem(row);
  const { context, continuation } = requests[gold ?? 0]!;
  return context + continuation;
}

const badSource = (problem: string, expected: string, received: string): InvalidInputError =>
  new InvalidInputError({ op: 'calibration', problem, expected, received, where: 'calibration' });

async function readText(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new NotFoundError({
      op: 'calibration',
      problem: 'cannot read the calibration text',
      expected: 'a file, or one of the named sources',
      path,
      cause,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const problem = 'the calibration text is not UTF-8';
    throw new InvalidInputError({ op: 'calibration', problem, expected: 'UTF-8', path, cause });
  }
}
