/** @file What the Hub says about a repository: the commit of a revision, and its files. Asked with `@huggingface/hub`, checked here. */
import { BitcliffError, FormatError, NotFoundError } from '@bitcliff/core';
import { datasetInfo, listFiles, modelInfo, pathsInfo } from '@huggingface/hub';
import { describe, quote } from '../../internal/quote.ts';
import { HubRequestError } from '../hub-errors.ts';
import type { Asked, HubClient } from './hub-client.ts';
import { COMMIT } from './hub-names.ts';
import { checkListedNames } from './repo-file-name.ts';

/** Most files of a repository. */
export const LISTING_LIMIT = 200_000; // the Hub advises at most 100,000

/** Most pages of a listing; a page has 1000 entries. */
const PAGE_LIMIT = 1000;

/** One file of a repository, as its tree lists it. */
export interface ListedFile {
  readonly name: string;
  /** Bytes of the content. */
  readonly size: number;
  /** Git's object id: of the content, or for a large file of the pointer to it. */
  readonly oid: string;
  /** SHA-256 of the content, hexadecimal; large files (LFS, Xet) only. */
  readonly sha256: string | undefined;
  readonly xetHash: string | undefined;
}

/** Name of the content in the cache: the ETag that the Hub gives it. */
export function blobName(file: ListedFile): string {
  return file.sha256 ?? file.oid;
}

/** The commit that the location's revision names now. */
export async function askCommit(client: HubClient): Promise<string> {
  const { op, location } = client.options;
  const common = request(client, { what: 'revision' }, 1);
  const { repo: name, revision } = location;
  const info = await understood(client, () =>
    location.type === 'dataset'
      ? datasetInfo({ ...common, name, revision, additionalFields: ['sha'] })
      : modelInfo({ ...common, name, revision, additionalFields: ['sha'] }),
  );
  const { sha } = info;
  if (typeof sha === 'string' && COMMIT.test(sha)) return sha;
  const problem = 'the Hub gave no commit for the revision';
  throw new FormatError({
    op,
    problem,
    expected: '40 hexadecimal digits',
    received: describe(sha),
    path: name,
  });
}

/** All files of a commit. */
export async function askListing(client: HubClient, commit: string): Promise<ListedFile[]> {
  const { op, location } = client.options;
  const files: ListedFile[] = [];
  await understood(client, async () => {
    const listing = listFiles({
      ...request(client, { what: 'listing' }, PAGE_LIMIT),
      repo: { type: location.type, name: location.repo },
      revision: commit,
      recursive: true,
    });
    for await (const entry of listing) {
      if (entry.type !== 'file') continue;
      files.push(checkEntry(op, location.repo, entry));
      if (files.length > LISTING_LIMIT) {
        const problem = 'the repository has too many files';
        throw new FormatError({ op, problem, expected: `at most ${LISTING_LIMIT}`, path: location.repo });
      }
    }
  });
  const names = files.map((file) => file.name);
  checkListedNames(op, names, location.repo);
  return files;
}

/** One path of a commit: the file, or 'folder'. @throws {NotFoundError} when it is neither */
export async function askPath(
  client: HubClient,
  commit: string,
  path: string,
): Promise<ListedFile | 'folder'> {
  const { op, location } = client.options;
  const infos = await understood(client, () =>
    pathsInfo({
      ...request(client, { what: 'listing', file: path }, 1),
      repo: { type: location.type, name: location.repo },
      revision: commit,
      paths: [path],
    }),
  );
  const info = infos.find((entry) => entry.path === path);
  if (info === undefined) throw noSuchFile(op, location.repo, location.revision, path);
  return info.type === 'directory' ? 'folder' : checkEntry(op, location.repo, info);
}

/** The error for a path that a revision does not have. */
export function noSuchFile(op: string, repo: string, revision: string, path: string): NotFoundError {
  const problem = `no such file in revision ${quote(revision)}`;
  return new NotFoundError({ op, problem, received: quote(path), path: repo });
}

/**
 * Check one entry of a listing, from the Hub or from the cache.
 * @throws {FormatError} when a field is not what a repository has
 */
export function checkEntry(op: string, source: string, entry: unknown): ListedFile {
  const refuse = (problem: string, expected: string, received: unknown): FormatError =>
    new FormatError({ op, problem, expected, received: describe(received), path: source });
  if (typeof entry !== 'object' || entry === null) throw refuse('bad entry in a listing', 'an object', entry);
  const { path, size, oid, lfs, xetHash } = entry as Record<string, unknown>;
  if (typeof path !== 'string') throw refuse('bad file name in a listing', 'text', path);
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    throw refuse(`bad size of ${quote(path)} in a listing`, 'a whole number of bytes', size);
  }
  // a git object id of either kind; it becomes a file name of the cache
  if (typeof oid !== 'string' || !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(oid)) {
    throw refuse(`bad object id of ${quote(path)} in a listing`, '40 or 64 hexadecimal digits', oid);
  }
  const sha256 = lfs === undefined || lfs === null ? undefined : (lfs as { oid?: unknown }).oid;
  if (sha256 !== undefined && (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256))) {
    throw refuse(`bad SHA-256 of ${quote(path)} in a listing`, '64 hexadecimal digits', sha256);
  }
  const isXet = typeof xetHash === 'string' && /^[0-9a-f]{64}$/.test(xetHash);
  return { name: path, size: size as number, oid, sha256, xetHash: isXet ? xetHash : undefined };
}

/** A path with each segment escaped for a URL. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** Fields that every call of `@huggingface/hub` takes. The token is not one: our `fetch` adds it, and not for other hosts. */
function request(client: HubClient, asked: Asked, limit: number): { hubUrl: string; fetch: typeof fetch } {
  return { hubUrl: client.options.endpoint, fetch: client.apiFetch(asked, limit) };
}

/** Run a call; an answer that `@huggingface/hub` cannot read becomes an error that names the Hub. */
async function understood<T>(client: HubClient, call: () => Promise<T>): Promise<T> {
  const { op, endpoint, location, signal } = client.options;
  try {
    return await call();
  } catch (cause) {
    if (BitcliffError.isInstance(cause) || signal.aborted) throw cause;
    const problem = 'the answer of the Hub is not understood';
    const hint = 'Check the endpoint (HubSettings.endpoint, HF_ENDPOINT)';
    throw new HubRequestError({ op, problem, where: endpoint, path: location.repo, hint, cause });
  }
}
