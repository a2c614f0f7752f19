/** @file Which file names of a repository may become paths on disk. The names come from the Hub, so they are untrusted. */
import { FormatError, UnsupportedError } from '@bitcliff/core';
import { quote } from '../../internal/quote.ts';

/** Longest name with its folders, and longest segment, in bytes of UTF-8. */
const NAME_LIMIT = 1024;
const SEGMENT_LIMIT = 255; // NAME_MAX of Linux, macOS and (in UTF-16 units) NTFS

/** Names that Windows gives to devices, in every folder and with every extension. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?$/i;

/** What is expected of a file name, when it is not that: relative, inside the repository, the same place on every system. */
export function repoFileProblem(name: string): string | undefined {
  if (!name.isWellFormed()) return 'well-formed Unicode';
  if (utf8Length(name) > NAME_LIMIT) return `at most ${NAME_LIMIT} bytes`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f\\]/.test(name)) return 'no backslashes and control characters';
  for (const segment of name.split('/')) {
    if (segment === '') return 'a relative path without empty segments';
    if (segment === '.' || segment === '..') return 'a path without "." and ".." segments';
    if (/^[a-z]:/i.test(segment)) return 'no drive letters';
    if (utf8Length(segment) > SEGMENT_LIMIT) return `at most ${SEGMENT_LIMIT} bytes in each segment`;
  }
  return undefined;
}

/** What Windows expects of a file name, when it is not that. */
export function windowsNameProblem(name: string): string | undefined {
  if (/[<>:"|?*]/.test(name)) return 'none of <>:"|?*';
  for (const segment of name.split('/')) {
    if (/[. ]$/.test(segment)) return 'no dot or space at the end of a segment';
    if (DEVICE.test(segment)) return 'no device name such as "aux" or "con.txt"';
  }
  return undefined;
}

/**
 * Check the names of a whole listing: each inside the repository, none twice, none both file and folder.
 * @throws {FormatError} on a listing that no repository has; nothing of it should be used
 */
export function checkListedNames(op: string, names: readonly string[], path: string): void {
  const files = new Set<string>();
  for (const name of names) {
    const expected = repoFileProblem(name);
    if (expected !== undefined) {
      const problem = 'the listing of the repository has a bad file name';
      throw new FormatError({ op, problem, expected, received: quote(name), path });
    }
    if (files.has(name)) {
      throw new FormatError({ op, problem: 'the listing has a file twice', received: quote(name), path });
    }
    files.add(name);
  }
  for (const name of names) {
    for (let end = name.indexOf('/'); end !== -1; end = name.indexOf('/', end + 1)) {
      const folder = name.slice(0, end);
      if (!files.has(folder)) continue;
      const problem = 'the listing has a name as file and as folder';
      throw new FormatError({ op, problem, received: quote(folder), path });
    }
  }
}

/**
 * Check that this system can hold the files that are wanted.
 * @param platform as `process.platform`
 * @throws {UnsupportedError} on Windows for its device names and forbidden characters, and on Windows and macOS for two
 * names that differ in case only
 */
export function checkNamesOfPlatform(
  op: string,
  names: readonly string[],
  platform: string,
  path: string,
): void {
  const hint = 'Leave the file out with ignorePatterns';
  const folded = new Map<string, string>();
  for (const name of names) {
    const expected = platform === 'win32' ? windowsNameProblem(name) : undefined;
    if (expected !== undefined) {
      const problem = 'Windows cannot hold a file of this name';
      throw new UnsupportedError({ op, problem, expected, received: quote(name), path, hint });
    }
    if (platform !== 'win32' && platform !== 'darwin') continue;
    const key = name.normalize('NFC').toLowerCase();
    const other = folded.get(key);
    if (other !== undefined) {
      const problem = 'two files whose names are one name on this system';
      const received = `${quote(other)} and ${quote(name)}`;
      throw new UnsupportedError({ op, problem, received, path, hint });
    }
    folded.set(key, name);
  }
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}
