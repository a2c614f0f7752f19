/** @file The contents that a snapshot needs: which are missing, how they come to their places, and how many bytes that is. */
import type { LongTaskOptions } from '@bitcliff/core';
import { fileSize, placeFile, type RepoCache } from '../hub-cache.node.ts';
import { downloadBlob } from './download-blob.node.ts';
import { withFileLock } from './file-lock.node.ts';
import type { HubClient } from './hub-client.ts';
import { blobName, type ListedFile } from './repo-listing.ts';

/** One content, and all the places of the snapshot that it belongs to. */
export interface Job {
  readonly file: ListedFile;
  readonly places: readonly { readonly name: string; readonly path: string }[];
  /** Indexes of the places where it is not. */
  readonly missing: readonly number[];
}

/** Group the wanted files by content. @param present the files were found by looking: there is nothing to group or to fetch */
export async function makeJobs(
  cache: RepoCache,
  commit: string,
  wanted: readonly ListedFile[],
  present: boolean,
): Promise<Job[]> {
  const byBlob = new Map<string, { file: ListedFile; places: { name: string; path: string }[] }>();
  for (const file of wanted) {
    const key = present ? file.name : blobName(file);
    const job = byBlob.get(key) ?? { file, places: [] };
    job.places.push({ name: file.name, path: cache.file(commit, file.name) });
    byBlob.set(key, job);
  }
  return Promise.all(
    [...byBlob.values()].map(async (job) => ({ ...job, missing: await missingPlaces(job) })),
  );
}

async function missingPlaces({ file, places }: Pick<Job, 'file' | 'places'>): Promise<number[]> {
  const sizes = await Promise.all(places.map((place) => fileSize(place.path)));
  return [...sizes.keys()].filter((i) => sizes[i] !== file.size);
}

/** Get one content and put it at its places, alone among all processes. */
export async function fetchJob(
  client: HubClient,
  cache: RepoCache,
  { symlinks }: { readonly symlinks: boolean },
  commit: string,
  job: Job,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const { file, places } = job;
  const key = blobName(file);
  const { signal } = client.options;
  await withFileLock(
    cache.lock(key),
    async () => {
      // another process may have done it while this one waited for the lock
      const missing = await missingPlaces(job);
      if (missing.length === 0) return;
      const blob = cache.blob(key);
      // where links fail, the content was moved to a place that has it now
      const holder = places.find((_, i) => !missing.includes(i))?.path;
      const known = (await fileSize(blob)) === file.size ? blob : holder;
      if (known === undefined)
        await downloadBlob({ client, commit, file, partial: cache.partial(key), blob, onBytes });
      const source = known ?? blob;
      for (const i of missing) {
        const move = known === undefined && i === missing.at(-1);
        await placeFile(source, places[i]!.path, { symlinks: symlinks && source === blob, move });
      }
    },
    signal,
  );
  onBytes(file.size);
}

/** Run jobs with bounded concurrency; the first failure stops the others and is thrown when they have stopped. */
export async function forEachAtOnce<T>(
  items: readonly T[],
  concurrency: number,
  stop: AbortController,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async () => {
    while (next < items.length && failure === undefined) {
      try {
        await work(items[next++]!);
      } catch (error) {
        failure ??= { error };
        stop.abort(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  if (failure !== undefined) throw failure.error;
}

/** Counts bytes of all jobs; each counts once, however many places it has. */
export function createProgress(
  jobs: readonly Job[],
  { onProgress }: LongTaskOptions,
): (job: Job, bytes: number) => void {
  let total = 0;
  let done = 0;
  const counted = new Map<Job, number>();
  for (const job of jobs) {
    total += job.file.size;
    const there = job.missing.length === 0 ? job.file.size : 0;
    counted.set(job, there);
    done += there;
  }
  onProgress?.({ phase: 'download', done, total, unit: 'bytes' });
  return (job, bytes) => {
    const change = bytes - counted.get(job)!;
    if (change === 0) return;
    counted.set(job, bytes);
    done += change;
    onProgress?.({ phase: 'download', done, total, unit: 'bytes', detail: job.file.name });
  };
}
