/** @file Which names of repositories and revisions are accepted. Both become folder names of the cache and parts of URLs. */

/** Longest organisation or repository name. */
const NAME_LIMIT = 96; // huggingface_hub utils/_validators.py, REPO_ID_REGEX

const NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;

const REVISION_LIMIT = 255;
const REVISION_SEGMENT = /^[A-Za-z0-9_+=#,@-][A-Za-z0-9._+=#,@-]*$/;

/** A commit as the Hub writes it. */
export const COMMIT: RegExp = /^[0-9a-f]{40}$/; // huggingface_hub file_download.py, REGEX_COMMIT_HASH

/** What is expected of a repository's name, when it is not that. */
export function repoNameProblem(repo: string): string | undefined {
  const parts = repo.split('/');
  if (parts.length !== 2 || parts.includes('')) return 'org/name';
  for (const part of parts) {
    if (part.length > NAME_LIMIT) return `at most ${NAME_LIMIT} characters in each part`;
    if (!NAME.test(part)) return 'letters, digits, "_", "-" and "." with a letter, digit or "_" at both ends';
  }
  // the cache's folder name joins the parts with "--", see huggingface_hub constants.py REPO_ID_SEPARATOR
  if (repo.includes('--') || repo.includes('..')) return 'neither "--" nor ".."';
  return repo.endsWith('.git') ? 'no ".git" at the end' : undefined;
}

/** What is expected of a revision, when it is not that; a subset of what git allows, safe as a path. */
export function revisionProblem(revision: string): string | undefined {
  if (revision === '') return 'a branch, tag or commit';
  if (revision.length > REVISION_LIMIT) return `at most ${REVISION_LIMIT} characters`;
  for (const segment of revision.split('/')) {
    const allowed = REVISION_SEGMENT.test(segment) && !segment.includes('..');
    if (!allowed) return 'letters, digits and "._+=#,@-" in each segment, no "." first, no ".."';
    if (segment.endsWith('.') || segment.endsWith('.lock'))
      return 'no "." or ".lock" at the end of a segment';
  }
  return undefined;
}
