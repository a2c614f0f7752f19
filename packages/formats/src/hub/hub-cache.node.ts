/**
 * @file The cache of huggingface_hub 1.33 on disk, so that Python programs and this package find each other's files:
 * `models--org--name/blobs/<etag>` holds contents, `snapshots/<commit>/<file>` links to them with relative links,
 * `refs/<revision>` holds a commit, `trees/<commit>.json` the listing of a commit, `.locks/` the locks.
 * @see huggingface_hub file_download.py _create_symlink(), _tree_cache.py
 */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { FormatError } from '@bitcliff/core';
import { parseJsonObject } from '../internal/parse-json-object.ts';
import { quote } from '../internal/quote.ts';
import type { HubLocation } from './hub-uri.ts';
import { COMMIT } from './internal/hub-names.ts';
import { checkListedNames } from './internal/repo-file-name.ts';
import { checkEntry, LISTING_LIMIT, type ListedFile } from './internal/repo-listing.ts';

/** Longest cached listing, in bytes. */
const TREE_BYTE_LIMIT = 256 * 2 ** 20;
const TREE_FORMAT_VERSION = 1; // huggingface_hub _tree_cache.py, TREE_CACHE_FORMAT_VERSION

/** What systems say that have no symbolic links, or whose user may not make them (Windows without developer mode). */
const NO_LINKS = ['EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EINVAL', 'UNKNOWN'];

/** What a cache that cannot be written says. */
const READ_ONLY = ['EROFS', 'EACCES', 'EPERM'];

/** huggingface_hub _local_folder.py, CACHEDIR_TAG_CONTENT */
const CACHEDIR_TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This file is a cache directory tag created by huggingface_hub.
# For information about cache directory tags, see:
#\thttps://bford.info/cachedir/
`;

/** Names of one repository's parts in a cache. */
export interface RepoCache {
  /** `<cacheDir>/models--org--name`. */
  readonly folder: string;
  blob(name: string): string;
  /** A download that has not ended; its length is where to go on. */
  partial(name: string): string;
  lock(name: string): string;
  ref(revision: string): string;
  tree(commit: string): string;
  /** The folder of a commit's files. */
  snapshot(commit: string): string;
  /** A file of a commit. @param name as the repository names it, checked */
  file(commit: string, name: string): string;
}

/**
 * Where a repository lies in a cache. Nothing is read or made.
 * @param cacheDir folder of the cache, absolute
 */
export function repoCache(cacheDir: string, location: Pick<HubLocation, 'type' | 'repo'>): RepoCache {
  // huggingface_hub file_download.py repo_folder_name()
  const name = [`${location.type}s`, ...location.repo.split('/')].join('--');
  const folder = join(cacheDir, name);
  return {
    folder,
    blob: (blob) => join(folder, 'blobs', blob),
    partial: (blob) => join(folder, 'blobs', `${blob}.incomplete`),
    // Python's own lock is `<etag>.lock`, held by flock() and never removed
    lock: (blob) => join(cacheDir, '.locks', name, `${blob}.bitcliff.lock`),
    ref: (revision) => join(folder, 'refs', ...revision.split('/')),
    tree: (commit) => join(folder, 'trees', `${commit}.json`),
    snapshot: (commit) => join(folder, 'snapshots', commit),
    file: (commit, file) => join(folder, 'snapshots', commit, ...file.split('/')),
  };
}

/** The commit that the cache knows for a revision. @throws {FormatError} when the cached file holds no commit */
export async function readRef(cache: RepoCache, revision: string, op: string): Promise<string | undefined> {
  const path = cache.ref(revision);
  const text = await readFile(path, 'latin1').catch(unlessThere);
  if (text === undefined) return undefined;
  const commit = text.trim();
  if (COMMIT.test(commit)) return commit;
  const problem = 'the cache names no commit for the revision';
  throw new FormatError({
    op,
    problem,
    expected: '40 hexadecimal digits',
    received: quote(commit.slice(0, 60)),
    path,
    hint: 'Delete the file',
  });
}

/** Remember the commit of a revision, unless the cache has it. */
export async function writeRef(cache: RepoCache, revision: string, commit: string): Promise<void> {
  const path = cache.ref(revision);
  const known = await readFile(path, 'latin1').catch(unlessThere);
  if (known?.trim() !== commit) await writeAtomically(path, commit);
}

/**
 * The files of a commit as the cache knows them.
 * @returns undefined when it does not, or when a newer program wrote the listing
 * @throws {FormatError} when the cached listing is damaged
 */
export async function readTree(
  cache: RepoCache,
  commit: string,
  op: string,
): Promise<ListedFile[] | undefined> {
  const path = cache.tree(commit);
  const stats = await stat(path).catch(unlessThere);
  if (stats === undefined) return undefined;
  const hint = 'Delete the file to have the listing asked again';
  if (stats.size > TREE_BYTE_LIMIT) {
    const expected = `at most ${TREE_BYTE_LIMIT} bytes`;
    throw new FormatError({
      op,
      problem: 'a cached listing is too long',
      expected,
      received: stats.size,
      path,
      hint,
    });
  }
  const tree = parseJsonObject(await readFile(path), { op, what: 'cached listing', path });
  if (tree.format_version !== TREE_FORMAT_VERSION) return undefined;
  const { files } = tree;
  if (typeof files !== 'object' || files === null || Array.isArray(files)) {
    throw new FormatError({ op, problem: 'a cached listing has no files', path, hint });
  }
  const entries = Object.entries(files as Record<string, unknown>);
  if (entries.length > LISTING_LIMIT) {
    const expected = `at most ${LISTING_LIMIT} files`;
    throw new FormatError({
      op,
      problem: 'a cached listing is too long',
      expected,
      received: entries.length,
      path,
    });
  }
  const listed = entries.map(([name, entry]) => {
    const { size, blob_id, lfs_sha256, xet_hash } = (entry ?? {}) as Record<string, unknown>;
    const lfs = typeof lfs_sha256 === 'string' ? { oid: lfs_sha256 } : undefined;
    return checkEntry(op, path, { path: name, size, oid: blob_id, lfs, xetHash: xet_hash });
  });
  checkListedNames(
    op,
    entries.map(([name]) => name),
    path,
  );
  return listed;
}

/** Remember the files of a commit. A cache that may not be written keeps working without. */
export async function writeTree(
  cache: RepoCache,
  commit: string,
  files: readonly ListedFile[],
): Promise<void> {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const entries = sorted.map((file) => [
    file.name,
    {
      size: file.size,
      blob_id: file.oid,
      ...(file.sha256 === undefined ? {} : { lfs_sha256: file.sha256, lfs_size: file.size }),
      ...(file.xetHash === undefined ? {} : { xet_hash: file.xetHash }),
    },
  ]);
  const tree = { format_version: TREE_FORMAT_VERSION, files: Object.fromEntries(entries) };
  try {
    await writeAtomically(cache.tree(commit), JSON.stringify(tree, null, 1));
  } catch (error) {
    if (!READ_ONLY.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Names of the files that a commit's folder holds, for a commit whose listing is not known; undefined when there is no folder. */
export async function snapshotFiles(cache: RepoCache, commit: string): Promise<string[] | undefined> {
  const root = cache.snapshot(commit);
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(unlessThere);
  if (entries === undefined) return undefined;
  const names: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    // stat follows a link: one whose blob is gone is no file
    if (entry.isDirectory() || !(await stat(path).catch(unlessThere))?.isFile()) continue;
    names.push(relative(root, path).split(sep).join('/'));
  }
  return names.sort();
}

/** Bytes of a regular file, links followed; undefined when there is none. */
export async function fileSize(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(unlessThere);
  return stats?.isFile() ? stats.size : undefined;
}

/**
 * Put a content at its place in a snapshot, in one step that other processes see whole: a relative link, or without links
 * the content itself.
 * @param source the blob  @param target the place; its folder is made
 * @param options.move without links, move the source (it is new, and nothing else uses it) instead of copying it
 */
export async function placeFile(
  source: string,
  target: string,
  options: { readonly symlinks: boolean; readonly move: boolean },
): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  const temporary = temporaryName(target);
  try {
    if (options.symlinks && (await link(relative(dirname(target), source), temporary))) {
      await rename(temporary, target);
    } else if (options.move) {
      await rename(source, target);
    } else {
      await copyFile(source, temporary);
      await rename(temporary, target);
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Tell backup programs that the folder is a cache, as Python does. @see https://bford.info/cachedir/ */
export async function tagCacheDir(cacheDir: string): Promise<void> {
  await mkdir(cacheDir, { recursive: true });
  await writeFile(join(cacheDir, 'CACHEDIR.TAG'), CACHEDIR_TAG, { flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

async function link(target: string, path: string): Promise<boolean> {
  try {
    await symlink(target, path);
    return true;
  } catch (error) {
    if (NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

async function writeAtomically(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = temporaryName(path);
  try {
    await writeFile(temporary, text, { flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A name in the same folder; short, because the final name may be as long as a name can be. */
function temporaryName(path: string): string {
  return join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`);
}

function unlessThere(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  return undefined;
}
