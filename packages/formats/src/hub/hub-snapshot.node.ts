/**
 * @file Files of a repository at one commit, on disk. `@huggingface/hub` answers the questions (`modelInfo`, `datasetInfo`, `listFiles`,
 * `pathsInfo`); its own `snapshotDownload` has no patterns, offline mode, lock, resume or check, so those are here.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { InvalidInputError, type LongTaskOptions, NotFoundError } from '@bitcliff/core';
import { quote } from '../internal/quote.ts';
import {
  fileSize,
  type RepoCache,
  readRef,
  readTree,
  repoCache,
  snapshotFiles,
  tagCacheDir,
  writeRef,
  writeTree,
} from './hub-cache.node.ts';
import { HubOfflineError } from './hub-errors.ts';
import { checkHubSettings, type HubSettings } from './hub-settings.node.ts';
import { checkHubRepo, type HubLocation, type HubRepo, parseHubUri } from './hub-uri.ts';
import { filterNames } from './internal/fnmatch.ts';
import { createHubClient, type HubClient } from './internal/hub-client.ts';
import { COMMIT } from './internal/hub-names.ts';
import { checkNamesOfPlatform } from './internal/repo-file-name.ts';
import { askCommit, askListing, askPath, type ListedFile, noSuchFile } from './internal/repo-listing.ts';
import {
  createProgress,
  fetchJob,
  forEachAtOnce,
  type Job,
  makeJobs,
} from './internal/snapshot-jobs.node.ts';

/** How to take a snapshot. `onProgress` counts the bytes of the wanted files, those that are there already included. */
export interface SnapshotOptions extends LongTaskOptions {
  /** Where the Hub and the cache are; `hubSettingsFromEnv` makes it. */
  readonly settings: HubSettings;
  /** Names to take, as Python's fnmatch: `*` also matches `/`, a `/` at the end means all in the folder. @default all */
  readonly allowPatterns?: readonly string[] | undefined;
  /** Names to leave out, matched the same way. @default none */
  readonly ignorePatterns?: readonly string[] | undefined;
  /** Files at a time, 1 to 64. @default 8 */
  readonly concurrency?: number | undefined;
  /** Take the commit that the cache knows for a branch or tag, if it knows one, and do not ask whether it moved. @default false */
  readonly preferCached?: boolean | undefined;
  /** More attempts after a request that failed for now: connection broken, status 408, 429 or 5xx. @default 5 */
  readonly retries?: number | undefined;
  /** Sends the requests; redirects and the token are handled outside of it. @default the global fetch */
  readonly fetch?: typeof fetch | undefined;
  /** Waits between attempts. @default a timer */
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
}

/** One file of a snapshot. */
export interface SnapshotFile {
  /** As the repository names it, with slashes. */
  readonly name: string;
  /** On this machine, absolute. */
  readonly path: string;
  readonly byteLength: number;
}

/** Files of a repository on this machine. */
export interface Snapshot {
  /** Folder of the commit's files, absolute. Files that were not wanted may be missing from it, or there from before. */
  readonly path: string;
  /** Commit, 40 hexadecimal digits. */
  readonly commit: string;
  /** The wanted files, ordered by name. */
  readonly files: readonly SnapshotFile[];
  /**
   * How the wanted files were found: asked from the Hub, in the cache's copy of that answer, or by looking into the cache's folder.
   * The last is used for a single file that is there, and for more of them when offline with a cache that an older program
   * filled: then files may be missing without a sign.
   */
  readonly listing: 'hub' | 'cached' | 'folder';
}

/** Chooses among the names of the wanted folder. */
export type ChooseFiles = (names: readonly string[]) => readonly string[];

const op = 'snapshot';

/**
 * Bring files of a Hub repository into the cache that Python programs use, and say where they are.
 * A commit of 40 digits that is there already makes no request; a branch or tag makes one, to see whether it moved.
 * Downloads go on where an earlier call stopped, also one of another process; every content is checked against the hash that
 * the repository lists. An abort leaves what has arrived for the next call.
 * @param source `hf:org/name[@revision][/path]`, or the same as fields; a path limits the snapshot to that file or folder
 * @returns the folder of the commit and the files in it
 * @throws {InvalidInputError} on a URI, settings or options that make no sense
 * @throws {NotFoundError} when the repository, revision or file does not exist, or no file matches the patterns
 * @throws {HubAccessError} when the repository is private or gated and the token does not open it
 * @throws {HubRequestError} when the Hub cannot be reached or keeps failing
 * @throws {HubIntegrityError} when a file is not what the repository lists; it is not kept
 * @throws {HubOfflineError} when offline and something is missing, by name
 * @throws {FormatError} on a listing with names outside the repository, or other answers that make no sense
 * @throws {UnsupportedError} on Windows and macOS, for names that the system cannot hold
 * @see huggingface_hub 1.33 _snapshot_download.py
 * @example
 * const settings = hubSettingsFromEnv(process.env);
 * const { path } = await snapshot('hf:org/name@main', { settings, allowPatterns: ['*.safetensors', '*.json'] });
 */
export async function snapshot(source: string | HubRepo, options: SnapshotOptions): Promise<Snapshot> {
  return takeSnapshot(source, options);
}

/** `snapshot` with a choice of its own among the names; internal. */
export async function takeSnapshot(
  source: string | HubRepo,
  options: SnapshotOptions,
  choose?: ChooseFiles,
): Promise<Snapshot> {
  const location = typeof source === 'string' ? parseHubUri(source) : checkHubRepo(op, source);
  const settings = checkHubSettings(op, options.settings);
  const concurrency = wholeNumber('concurrency', options.concurrency ?? 8, 1, 64);
  const retries = wholeNumber('retries', options.retries ?? 5, 0, 100);
  // a failure of one file stops the others
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  signal.throwIfAborted();
  const client = createHubClient({
    op,
    location,
    endpoint: settings.endpoint,
    token: settings.token,
    timeoutMs: settings.timeoutMs,
    retries,
    signal,
    fetch: options.fetch ?? fetch,
    sleep: options.sleep ?? ((ms, abort) => delay(ms, undefined, { signal: abort })),
  });
  const cache = repoCache(settings.cacheDir, location);
  const commit = await findCommit(client, cache, settings, options.preferCached ?? false);
  const done = (files: SnapshotFile[], listing: Snapshot['listing']): Snapshot => {
    return { path: cache.snapshot(commit), commit, files, listing };
  };
  const single = await cachedFile(cache, commit, location.path);
  if (single !== undefined) {
    const { byteLength } = single;
    options.onProgress?.({ phase: 'download', done: byteLength, total: byteLength, unit: 'bytes' });
    if (!settings.offline) await rememberCommit(cache, location, commit);
    return done([single], 'folder');
  }
  const found = await findFiles(client, cache, commit, settings.offline);
  // before the downloads, so that after an abort offline mode knows what is missing
  if (found.fresh) await writeTree(cache, commit, found.files);
  const wanted = chooseFiles(found, location, options, choose);
  checkNamesOfPlatform(
    op,
    wanted.map((file) => file.name),
    process.platform,
    location.repo,
  );
  const jobs = await makeJobs(cache, commit, wanted, found.listing === 'folder');
  if (settings.offline) requireAll(location, commit, settings.cacheDir, jobs);
  const progress = createProgress(jobs, options);
  const pending = jobs.filter((job) => job.missing.length > 0);
  if (pending.length > 0) {
    await tagCacheDir(settings.cacheDir);
    await forEachAtOnce(pending, concurrency, stop, (job) => {
      return fetchJob(client, cache, settings, commit, job, (bytes) => progress(job, bytes));
    });
  }
  if (!settings.offline) await rememberCommit(cache, location, commit);
  const files = jobs.flatMap((job) => job.places.map((place) => ({ ...place, byteLength: job.file.size })));
  return done(
    files.sort((a, b) => (a.name < b.name ? -1 : 1)),
    found.listing,
  );
}

/** The commit of the revision: itself, from the Hub, or offline from the cache. */
async function findCommit(
  client: HubClient,
  cache: RepoCache,
  settings: HubSettings,
  preferCached: boolean,
): Promise<string> {
  const { location } = client.options;
  const { revision, repo } = location;
  if (COMMIT.test(revision)) return revision;
  if (settings.offline || preferCached) {
    const commit = await readRef(cache, revision, op);
    if (commit !== undefined) return commit;
  }
  if (!settings.offline) return askCommit(client);
  throw new HubOfflineError({
    op,
    problem: `offline, and the cache does not know revision ${quote(revision)} of ${repo}`,
    path: settings.cacheDir,
    hint: 'Run once with the network, or check the cache folder (HubSettings.cacheDir, HF_HUB_CACHE)',
    missing: [],
  });
}

/** The one file that is wanted, when it is there: a commit never changes, so nothing has to be asked. */
async function cachedFile(
  cache: RepoCache,
  commit: string,
  name: string | undefined,
): Promise<SnapshotFile | undefined> {
  if (name === undefined) return undefined;
  const path = cache.file(commit, name);
  const byteLength = await fileSize(path);
  return byteLength === undefined ? undefined : { name, path, byteLength };
}

interface FoundFiles {
  readonly files: readonly ListedFile[];
  readonly listing: Snapshot['listing'];
  /** The files are the whole commit, as the Hub just said. */
  readonly fresh: boolean;
}

/** The files of the commit, or at least those that the location's path asks for. */
async function findFiles(
  client: HubClient,
  cache: RepoCache,
  commit: string,
  offline: boolean,
): Promise<FoundFiles> {
  const { path, repo, revision } = client.options.location;
  const files = await readTree(cache, commit, op);
  if (files !== undefined) return { files, listing: 'cached', fresh: false };
  if (offline) {
    const names = await snapshotFiles(cache, commit);
    if (names !== undefined) {
      const present = await Promise.all(
        names.map(async (name) => {
          const size = (await fileSize(cache.file(commit, name))) ?? 0;
          return { name, size, oid: '', sha256: undefined, xetHash: undefined };
        }),
      );
      return { files: present, listing: 'folder', fresh: false };
    }
    throw new HubOfflineError({
      op,
      problem: `offline, and the cache has no file of ${repo} at revision ${quote(revision)}`,
      received: `commit ${commit}`,
      path: cache.folder,
      hint: 'Run once with the network, or check the cache folder (HubSettings.cacheDir, HF_HUB_CACHE)',
      missing: path === undefined ? [] : [path],
    });
  }
  if (path === undefined) return { files: await askListing(client, commit), listing: 'hub', fresh: true };
  const entry = await askPath(client, commit, path);
  // of a folder the whole listing is asked, because that is what the cache can keep
  if (entry === 'folder') return { files: await askListing(client, commit), listing: 'hub', fresh: true };
  return { files: [entry], listing: 'hub', fresh: false };
}

/** Apply the path, the patterns and the choice. */
function chooseFiles(
  { files, listing }: FoundFiles,
  location: HubLocation,
  options: SnapshotOptions,
  choose: ChooseFiles | undefined,
): ListedFile[] {
  const { path, repo, revision } = location;
  const inPath = files.filter(
    (file) => path === undefined || file.name === path || file.name.startsWith(`${path}/`),
  );
  if (path !== undefined && inPath.length === 0) {
    if (listing !== 'folder') throw noSuchFile(op, repo, revision, path);
    const problem = `offline, and the cache lacks ${quote(path)} of ${repo} at revision ${quote(revision)}`;
    throw new HubOfflineError({ op, problem, path: options.settings.cacheDir, missing: [path] });
  }
  const names = inPath.map((file) => file.name);
  const filtered = filterNames(names, options.allowPatterns, options.ignorePatterns);
  if (filtered.length === 0) {
    const shown = names.slice(0, 10).map(quote).join(', ') + (names.length > 10 ? ', …' : '');
    const expected = options.allowPatterns?.map(quote).join(', ') ?? 'any name';
    const received = names.length === 0 ? 'no files' : shown;
    if (listing === 'folder') {
      const problem = `offline, and the cache has no file of ${repo} that is wanted`;
      const where = options.settings.cacheDir;
      throw new HubOfflineError({ op, problem, expected, received, path: where, missing: [] });
    }
    throw new NotFoundError({
      op,
      problem: 'no file of the repository is wanted',
      expected,
      received,
      path: repo,
    });
  }
  const chosen = new Set(choose === undefined ? filtered : choose(filtered));
  return inPath.filter((file) => chosen.has(file.name));
}

/** @throws {HubOfflineError} when a place is empty */
function requireAll(location: HubLocation, commit: string, cacheDir: string, jobs: readonly Job[]): void {
  const missing = jobs.flatMap((job) => job.missing.map((i) => job.places[i]!.name)).sort();
  if (missing.length === 0) return;
  const shown = missing.slice(0, 5).map(quote).join(', ') + (missing.length > 5 ? ', …' : '');
  const count = missing.length === 1 ? '1 file' : `${missing.length} files`;
  throw new HubOfflineError({
    op,
    problem: `offline, and the cache lacks ${count} of ${location.repo} at commit ${commit}: ${shown}`,
    path: cacheDir,
    hint: 'Run once with the network; what has arrived is kept',
    missing,
  });
}

async function rememberCommit(cache: RepoCache, location: HubLocation, commit: string): Promise<void> {
  if (location.revision !== commit) await writeRef(cache, location.revision, commit);
}

function wholeNumber(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  const expected = `a whole number from ${low} to ${high}`;
  throw new InvalidInputError({ op, problem: `bad ${name}`, expected, received: String(value) });
}
