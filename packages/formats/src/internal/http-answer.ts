/** @file Checks of one answer to a ranged request: is it that range, of the same file, in plain bytes. */
import { FormatError, NotFoundError, UnsupportedError } from '@bitcliff/core';
import { HttpError } from '../http-error.ts';
import { parseContentRange } from './content-range.ts';
import { quote } from './quote.ts';

const op = 'httpSource';

/** What tells one version of a file from another. */
export interface FileVersion {
  readonly byteLength: number;
  readonly etag: string | null;
  readonly lastModified: string | null;
}

/**
 * Check status, encoding and range of an answer.
 * @param first first byte asked for  @param last last byte asked for; the file may end before it
 * @returns the version that the server answers for, and the number of bytes that follow
 * @throws {NotFoundError} on 404 and 410
 * @throws {HttpError} on any other status that is not 206
 * @throws {UnsupportedError} when the server ignores ranges, hides them, or encodes the content
 * @throws {FormatError} when the answer is not the range that was asked for
 */
export function checkAnswer(
  response: Response,
  first: number,
  last: number,
  path: string,
): { readonly version: FileVersion; readonly length: number } {
  const { status, headers } = response;
  const versionOf = (byteLength: number): FileVersion => ({
    byteLength,
    etag: headers.get('etag')?.replace(/^W\//, '') ?? null,
    lastModified: headers.get('last-modified'),
  });
  const rangeText = headers.get('content-range');
  if (status === 416 && first === 0) {
    // the only way to ask for bytes of an empty file
    const size = parseContentRange(rangeText ?? '')?.size;
    if (size === 0) return { version: versionOf(0), length: 0 };
  }
  if (status !== 206) throw statusError(status, path);
  const encoding = headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    const problem = 'the server encodes the content, so byte ranges mean nothing';
    throw new UnsupportedError({
      op,
      problem,
      expected: 'no content-encoding',
      received: quote(encoding),
      path,
    });
  }
  if (rangeText === null) {
    throw new UnsupportedError({
      op,
      problem: 'the answer has no content-range that can be read',
      expected: 'content-range',
      received: contentTypeOf(headers),
      path,
      hint: 'In a browser the server must send access-control-expose-headers: content-range',
    });
  }
  const range = parseContentRange(rangeText);
  if (range?.size === undefined || range.first === undefined || range.last === undefined) {
    const expected = 'content-range: bytes FIRST-LAST/SIZE';
    throw new FormatError({ op, problem: 'bad content-range', expected, received: quote(rangeText), path });
  }
  const expectedLast = Math.min(last, range.size - 1);
  if (range.first !== first || range.last !== expectedLast) {
    const expected = `bytes ${first}-${expectedLast}`;
    throw new FormatError({
      op,
      problem: 'the server sent another range',
      expected,
      received: quote(rangeText),
      path,
    });
  }
  const length = expectedLast - first + 1;
  const stated = headers.get('content-length');
  if (stated !== null && Number(stated) !== length) {
    const problem = 'content-length contradicts content-range';
    throw new FormatError({ op, problem, expected: `${length} bytes`, received: quote(stated), path });
  }
  return { version: versionOf(range.size), length };
}

/** Refuse an answer about another version of the file than the one that was opened. @throws {FormatError} */
export function checkSameVersion(opened: FileVersion, now: FileVersion, path: string): void {
  const problem = 'the file changed on the server while it was open';
  if (now.byteLength !== opened.byteLength) {
    throw new FormatError({
      op,
      problem,
      expected: `${opened.byteLength} bytes`,
      received: now.byteLength,
      path,
    });
  }
  for (const key of ['etag', 'lastModified'] as const) {
    const [before, after] = [opened[key], now[key]];
    if (before === null || after === null) continue;
    if (before === after) return; // an equal etag settles it
    throw new FormatError({ op, problem, expected: `${key} ${quote(before)}`, received: quote(after), path });
  }
}

function statusError(status: number, path: string): Error {
  if (status === 200) {
    return new UnsupportedError({
      op,
      problem: 'the server ignores Range and would send the whole file',
      expected: 'status 206',
      received: 'status 200',
      path,
      hint: 'Download the file and open it from disk, or serve it with range requests',
    });
  }
  if (status === 404 || status === 410) {
    return new NotFoundError({
      op,
      problem: 'no such file',
      expected: 'status 206',
      received: `status ${status}`,
      path,
    });
  }
  const denied = status === 401 || status === 403;
  return new HttpError({
    op,
    problem: denied ? 'access denied' : 'the server refuses the request',
    expected: 'status 206',
    received: `status ${status}`,
    path,
    status,
    ...(denied ? { hint: 'Give credentials in headers, as in { authorization: "Bearer …" }' } : {}),
  });
}

function contentTypeOf(headers: Headers): string {
  return `content-type ${quote(headers.get('content-type') ?? 'none')}`;
}
