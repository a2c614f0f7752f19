/** @file The rows of an evaluation: from a local folder, from a data set on the Hub, or each task from its own data set there (`hf:`). */
import { join } from 'node:path';
import { InvalidInputError } from '@bitcliff/core';
import type { Task } from '@bitcliff/evals';
import {
  type LoadedRows,
  type LoadRowsOptions,
  loadTaskRows,
  type RowsProvenance,
} from '@bitcliff/evals/node';
import { isHubUri, parseHubUri, snapshot } from '@bitcliff/formats/hub';
import type { InputOptions } from './input-options.ts';

/** What stands for the tasks' own data sets. */
export const OWN_DATA_SETS = 'hf:';

/**
 * Rows of each task, in order.
 * @param data a folder, `hf:datasets/org/name[@revision]` that holds such a folder, or `hf:`
 * @throws what `loadTaskRows` and the Hub's `snapshot` throw; {@link InvalidInputError} for a task that has no data on the Hub
 */
export async function loadRows(
  tasks: readonly Task[],
  data: string,
  options: Pick<LoadRowsOptions, 'limit' | 'seed' | 'skipBadRows'>,
  run: InputOptions,
): Promise<LoadedRows[]> {
  const loaded: LoadedRows[] = [];
  const folder = data === OWN_DATA_SETS ? undefined : await fetchFolder(data, run);
  for (const task of tasks) {
    run.signal?.throwIfAborted();
    if (folder === undefined) {
      const { path, commit } = await fetchOwnData(task, run);
      loaded.push(await loadTaskRows(task, path, { ...options, commit }));
    } else {
      const { rows, provenance } = await loadTaskRows(task, folder.path, options);
      loaded.push({ rows, provenance: { ...provenance, ...folder.origin } });
    }
  }
  return loaded;
}

/** A folder with the data of all tasks, and the commit that it is when it is on the Hub. */
interface DataFolder {
  readonly path: string;
  readonly origin: Partial<Pick<RowsProvenance, 'dataset' | 'revision'>>;
}

async function fetchFolder(data: string, { hub: settings, ...run }: InputOptions): Promise<DataFolder> {
  if (!isHubUri(data)) return { path: data, origin: {} };
  const location = parseHubUri(data);
  const { path, commit } = await snapshot(location, { ...run, settings });
  const folder = location.path === undefined ? path : join(path, ...location.path.split('/'));
  return { path: folder, origin: { dataset: location.repo, revision: commit } };
}

async function fetchOwnData(task: Task, run: InputOptions): Promise<{ path: string; commit: string }> {
  if (task.hub === undefined) {
    throw new InvalidInputError({
      op: 'eval',
      problem: `the data of task "${task.name}" is not on the Hub`,
      expected: 'a folder',
      received: OWN_DATA_SETS,
      where: 'data',
    });
  }
  const { repo, revision, file } = task.hub;
  const { hub: settings, signal, onProgress } = run;
  const allowPatterns = [file.path, `${file.path}.gz`];
  return snapshot({ type: 'dataset', repo, revision }, { signal, onProgress, settings, allowPatterns });
}

/**
 * The same task with its training rows: `<task>/train.jsonl` or `.parquet`, or the Hub's path with the name of the split replaced.
 */
export function trainingSplit(task: Task): Task {
  const { name, split, hub } = task;
  const path = hub?.file.path.replace(split, 'train');
  const train =
    hub !== undefined && path !== hub.file.path ? { ...hub, file: { ...hub.file, path: path! } } : undefined;
  return {
    ...task,
    split: 'train',
    hub: train,
    files: [
      { layout: 'jsonl', path: `${name}/train.jsonl` },
      { layout: 'parquet', path: `${name}/train.parquet` },
      ...(train === undefined ? [] : [{ ...train.file, path: `${name}/${train.file.path}` }]),
    ],
  };
}
