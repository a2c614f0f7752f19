/**
 * @file The names of repositories, revisions and files of the Hugging Face Hub, and their short form `hf:org/name@revision/file`.
 * The grammar is that of huggingface_hub 1.33 `utils/_hf_uris.py`, stricter where a name becomes a path on disk.
 * Nothing here touches the network or the disk; it runs in the browser too.
 */
import { InvalidInputError, UnsupportedError } from '@bitcliff/core';
import { quote } from '../internal/quote.ts';
import { repoNameProblem, revisionProblem } from './internal/hub-names.ts';
import { repoFileProblem } from './internal/repo-file-name.ts';

/** Kinds of repositories that can be read. */
export type HubRepoType = 'model' | 'dataset';

/** A repository of the Hub. */
export interface HubRepo {
  /** @default 'model' */
  readonly type?: HubRepoType | undefined;
  /** `org/name`. */
  readonly repo: string;
  /** Branch, tag, `refs/pr/1` or commit. @default 'main' */
  readonly revision?: string | undefined;
  /** A file or folder inside the repository. @default the whole repository */
  readonly path?: string | undefined;
}

/** A repository, a revision of it, and maybe a file or folder in it; every field checked. */
export interface HubLocation {
  readonly type: HubRepoType;
  readonly repo: string;
  readonly revision: string;
  readonly path: string | undefined;
}

/** Revision when none is given. */
export const HUB_DEFAULT_REVISION = 'main'; // huggingface_hub constants.py, DEFAULT_REVISION

/** Longest URI, in UTF-16 units. */
const URI_LIMIT = 4096;

/** Revisions that may keep their slashes; in any other a slash is written `%2F`. */
const REF_WITH_SLASHES = /^refs\/(?:pr\/\d+|convert\/[\w.-]+)(?=\/|$)/; // huggingface_hub utils/_hf_uris.py

const SHAPE = 'hf:org/name[@revision][/path]';
const op = 'parseHubUri';

/** True when a string names a place on the Hub, well formed or not: it starts with `hf:`. */
export function isHubUri(text: string): boolean {
  return text.startsWith('hf:');
}

/**
 * Read `hf:org/name[@revision][/path]`, or the same with `hf://`. `datasets/` before the organisation names a data set.
 * A revision is one segment; `refs/pr/1` and `refs/convert/name` keep their slashes, every other slash is written `%2F`,
 * as in `hf:org/name@feature%2Ffast/model.safetensors`. An `@` after the repository's name is part of the path.
 * @param uri at most 4096 UTF-16 units
 * @throws {InvalidInputError} when a part is missing or has characters that the Hub or a file system does not take
 * @throws {UnsupportedError} for spaces, kernels and buckets
 * @see huggingface_hub 1.33 utils/_hf_uris.py parse_hf_uri()
 * @example
 * parseHubUri('hf:org/name@v1.0/sub/model.safetensors');
 * // { type: 'model', repo: 'org/name', revision: 'v1.0', path: 'sub/model.safetensors' }
 */
export function parseHubUri(uri: string): HubLocation {
  if (uri.length > URI_LIMIT) {
    throw refusal(uri, 'URI is too long', `at most ${URI_LIMIT} characters`, uri.length);
  }
  if (!isHubUri(uri)) throw refusal(uri, 'not a Hub URI', SHAPE, quote(uri));
  let rest = uri.slice(uri.startsWith('hf://') ? 5 : 3);
  let type: HubRepoType = 'model';
  const prefix = /^(models|datasets|spaces|kernels|buckets)\//.exec(rest)?.[1];
  if (prefix !== undefined) {
    if (prefix !== 'models' && prefix !== 'datasets') {
      const expected = 'a model or a data set';
      throw new UnsupportedError({
        op,
        problem: 'kind of repository',
        expected,
        received: prefix,
        path: uri,
      });
    }
    type = prefix === 'datasets' ? 'dataset' : 'model';
    rest = rest.slice(prefix.length + 1);
  }
  const parts = /^([^/@]*\/[^/@]*)(?:@(.*)|(\/.*))?$/s.exec(rest);
  if (parts === null) throw refusal(uri, 'no repository', SHAPE, quote(uri));
  const [, repo, afterAt, afterSlash] = parts;
  let revision: string | undefined;
  let tail = afterSlash ?? '';
  if (afterAt !== undefined) {
    const end = REF_WITH_SLASHES.exec(afterAt)?.[0].length ?? afterAt.search(/\/|$/);
    revision = decodeRevision(uri, afterAt.slice(0, end));
    tail = afterAt.slice(end);
  }
  return checkHubRepo(
    op,
    { type, repo: repo!, revision, path: tail === '' ? undefined : tail.slice(1) },
    uri,
  );
}

/**
 * Write a location as a URI that `parseHubUri` reads back.
 * @returns `hf:org/name`, with the revision unless it is `main`
 */
export function formatHubUri(location: HubLocation): string {
  const { type, repo, revision, path } = location;
  const whole = REF_WITH_SLASHES.exec(revision)?.[0] === revision;
  const written = whole ? revision : encodeURIComponent(revision);
  const at = revision === HUB_DEFAULT_REVISION ? '' : `@${written}`;
  return `hf:${type === 'dataset' ? 'datasets/' : ''}${repo}${at}${path === undefined ? '' : `/${path}`}`;
}

/**
 * Check every field of a repository, and fill in what is not given.
 * @param uri what error messages call it @default the URI of the fields
 * @throws {InvalidInputError} when a field has characters that the Hub or a file system does not take
 */
export function checkHubRepo(operation: string, given: HubRepo, uri: string = given.repo): HubLocation {
  const { type = 'model', repo, revision = HUB_DEFAULT_REVISION, path } = given;
  const problems = [
    ['bad repository name', repoNameProblem(repo), repo],
    ['bad revision', revisionProblem(revision), revision],
    ['bad path in the repository', path === undefined ? undefined : repoFileProblem(path), path ?? ''],
  ] as const;
  for (const [problem, expected, received] of problems) {
    if (expected !== undefined) throw refusal(uri, problem, expected, quote(received), operation);
  }
  return { type, repo, revision, path };
}

function decodeRevision(uri: string, written: string): string {
  const slashHint = 'Write a slash inside a revision as %2F';
  if (written === 'refs') {
    throw refusal(uri, 'bad revision', 'refs/pr/<number> or refs/convert/<name>', quote(uri), op, slashHint);
  }
  try {
    return decodeURIComponent(written);
  } catch {
    throw refusal(uri, 'bad revision', 'valid % escapes', quote(written), op, slashHint);
  }
}

function refusal(
  uri: string,
  problem: string,
  expected: string,
  received: string | number,
  operation: string = op,
  hint?: string,
): InvalidInputError {
  const path = uri.length > 200 ? `${uri.slice(0, 200)}…` : uri;
  const fields = { op: operation, problem, expected, received, path };
  return new InvalidInputError(hint === undefined ? fields : { ...fields, hint });
}
