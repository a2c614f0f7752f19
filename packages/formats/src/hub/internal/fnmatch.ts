/**
 * @file Python's `fnmatch.fnmatchcase`, and the filter that huggingface_hub makes of it. A `*` also matches `/`, unlike in a shell.
 * No regular expression is built, so that no pattern can take exponential time.
 */

type Token = 'star' | ((char: string) => boolean);

/** True when the whole name matches. @see CPython Lib/fnmatch.py */
export function fnmatch(name: string, pattern: string): boolean {
  const tokens = parse([...pattern]);
  const chars = [...name];
  let t = 0;
  let c = 0;
  let starAt = -1;
  let starChar = 0;
  while (c < chars.length) {
    const token = tokens[t];
    if (token === 'star') {
      [starAt, starChar] = [t, c];
      t++;
    } else if (token?.(chars[c]!)) {
      t++;
      c++;
    } else if (starAt !== -1) {
      // the last star takes one character more
      t = starAt + 1;
      starChar++;
      c = starChar;
    } else {
      return false;
    }
  }
  while (tokens[t] === 'star') t++;
  return t === tokens.length;
}

/**
 * Names that match one of `allow` (when given) and none of `ignore`. A pattern that ends in `/` means all that is in that folder.
 * @see huggingface_hub utils/_paths.py filter_repo_objects()
 */
export function filterNames(
  names: readonly string[],
  allow: readonly string[] | undefined,
  ignore: readonly string[] | undefined,
): string[] {
  const allowed = allow?.map(normalise);
  const ignored = ignore?.map(normalise) ?? [];
  return names.filter((name) => {
    if (allowed !== undefined && !allowed.some((pattern) => fnmatch(name, pattern))) return false;
    return !ignored.some((pattern) => fnmatch(name, pattern));
  });
}

function normalise(pattern: string): string {
  const slashed = pattern.replaceAll('\\', '/');
  return slashed.endsWith('/') ? `${slashed}*` : slashed;
}

function parse(pattern: readonly string[]): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === '*') {
      if (tokens.at(-1) !== 'star') tokens.push('star');
    } else if (char === '?') {
      tokens.push(() => true);
    } else {
      const end = char === '[' ? endOfSet(pattern, i) : -1;
      if (end === -1) {
        tokens.push((c) => c === char);
      } else {
        tokens.push(set(pattern.slice(i + 1, end)));
        i = end;
      }
    }
  }
  return tokens;
}

/** Index of the `]` that closes the set opened at `start`, or -1: then the bracket stands for itself. */
function endOfSet(pattern: readonly string[], start: number): number {
  let i = start + 1;
  if (pattern[i] === '!') i++;
  if (pattern[i] === ']') i++;
  return pattern.indexOf(']', i);
}

function set(content: readonly string[]): (char: string) => boolean {
  const negated = content[0] === '!';
  const members = negated ? content.slice(1) : content;
  const ranges: [number, number][] = [];
  for (let i = 0; i < members.length; i++) {
    const low = members[i]!.codePointAt(0)!;
    if (members[i + 1] === '-' && i + 2 < members.length) {
      ranges.push([low, members[i + 2]!.codePointAt(0)!]);
      i += 2;
    } else {
      ranges.push([low, low]);
    }
  }
  return (char) => {
    const code = char.codePointAt(0)!;
    return ranges.some(([low, high]) => low <= code && code <= high) !== negated;
  };
}
