/** @file A file on a web server as a byte source, by ranged requests (RFC 9110, section 14). Needs `fetch` only, so it runs in browsers. */
import { FormatError, InvalidInputError, UnsupportedError } from '@bitcliff/core';
import type { ByteSource } from './byte-source.ts';
import { checkByteRange } from './internal/check-byte-range.ts';
import { checkAnswer, checkSameVersion, type FileVersion } from './internal/http-answer.ts';
import { type RequestPolicy, requestRange, sleep } from './internal/http-request.ts';
import { quote } from './internal/quote.ts';

/** Bytes that the first request asks for and keeps: most headers are read from them without another request. */
const PREFIX_BYTES = 65_536;

const op = 'httpSource';

/** How to reach the server. */
export interface HttpSourceOptions {
  /** @default the global fetch */
  readonly fetch?: typeof fetch | undefined;
  /** Sent with every request. `authorization` is not passed on when the server redirects to another origin. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Further attempts after a failed one, for each read: on a broken connection, 408, 425, 429 and 5xx. @default 4 */
  readonly retries?: number | undefined;
  /** Longest time without a byte from the server, in milliseconds; then the attempt has failed. @default 60000 */
  readonly stallMs?: number | undefined;
  /** Stops the opening and every later read. */
  readonly signal?: AbortSignal | undefined;
  /** How to wait between attempts, in milliseconds. @default a timer */
  readonly sleep?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
}

/**
 * Open a file on a web server. Its first 64 KB are read, which also tells its size; every later read is one ranged request.
 * Each answer is checked: it must be the range that was asked for, in plain bytes, of the same version of the file.
 * @param url an http or https URL; redirects are followed
 * @returns a source whose `name` is the URL without its query, which may hold a secret
 * @throws {InvalidInputError} when the URL or an option is not usable
 * @throws {NotFoundError} on 404 and 410
 * @throws {UnsupportedError} when the server ignores ranges, hides `content-range` or encodes the content
 * @throws {FormatError} when an answer is not what was asked for, or the file changes while it is open
 * @throws {HttpError} on any other refusal, and when the retries are used up
 * @example
 * const tensors = await openSafetensors(await httpSource('https://example.org/model.safetensors'));
 */
export async function httpSource(url: string, options: HttpSourceOptions = {}): Promise<ByteSource> {
  const name = nameOf(url);
  const policy = policyOf(options, name);
  let opened: FileVersion | undefined;

  /** Read bytes first … last, or up to the end of the file when `clip` is set. */
  const readRange = async (first: number, last: number, clip: boolean): Promise<Uint8Array> => {
    let bytes: Uint8Array | undefined;
    let done = 0;
    return requestRange(
      url,
      name,
      policy,
      () => `bytes=${first + done}-${last}`,
      async (response, alive) => {
        const { version, length } = checkAnswer(response, first + done, last, name);
        if (opened === undefined) opened = version;
        else checkSameVersion(opened, version, name);
        if (!clip && length !== last - first - done + 1) throw endedEarly(first, last, done + length, name);
        bytes ??= allocate(length, name);
        if (length === 0) return bytes; // an empty file: the body is an error page
        for await (const chunk of chunksOf(response)) {
          alive();
          if (done + chunk.byteLength > bytes.byteLength) throw tooLong(bytes.byteLength, name);
          bytes.set(chunk, done);
          done += chunk.byteLength;
        }
        // a connection that closes early without an error: the next attempt goes on from here
        if (done < bytes.byteLength)
          throw new Error(`the body ended after ${done} of ${bytes.byteLength} bytes`);
        return bytes;
      },
    );
  };

  const prefix = await readRange(0, PREFIX_BYTES - 1, true);
  const { byteLength } = opened!;
  let closed = false;
  const source: ByteSource = {
    name,
    byteLength,
    async read(offset, length) {
      checkByteRange(source, offset, length);
      if (closed)
        throw new InvalidInputError({ op: 'ByteSource.read', problem: 'the source is closed', path: name });
      if (offset + length <= prefix.byteLength) return prefix.slice(offset, offset + length);
      return length === 0 ? new Uint8Array(0) : readRange(offset, offset + length - 1, false);
    },
    async close() {
      closed = true;
    },
  };
  return source;
}

/** The URL without query and fragment. @throws {InvalidInputError} when it is not an http URL */
function nameOf(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new InvalidInputError({
      op,
      problem: 'bad URL',
      expected: 'an http or https URL',
      received: quote(url),
      cause,
    });
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new InvalidInputError({
      op,
      problem: 'bad URL',
      expected: 'http or https',
      received: quote(parsed.protocol),
    });
  }
  const name = parsed.origin + parsed.pathname;
  if (parsed.username === '' && parsed.password === '') return name;
  const hint = 'Give credentials in headers, as in { authorization: "Basic …" }';
  throw new InvalidInputError({
    op,
    problem: 'the URL holds credentials',
    expected: 'none',
    path: name,
    hint,
  });
}

function policyOf(options: HttpSourceOptions, path: string): RequestPolicy {
  const { retries = 4, stallMs = 60_000 } = options;
  for (const [where, value] of Object.entries({ retries, stallMs })) {
    if (Number.isSafeInteger(value) && value >= 0 && value <= 2 ** 31 - 1) continue;
    const expected = 'an integer from 0 to 2^31 - 1';
    throw new InvalidInputError({ op, problem: 'bad option', expected, received: value, where, path });
  }
  let headers: Headers;
  try {
    headers = new Headers(options.headers ?? {});
  } catch (cause) {
    // the engine's message would quote the value, which may be a secret
    throw new InvalidInputError({ op, problem: 'bad header name or value', where: 'headers', path, cause });
  }
  const { signal } = options;
  // called through an arrow: fetch must not see the options object as `this`
  const fetchRange: typeof fetch = options.fetch ?? ((input, init) => fetch(input, init));
  return { fetch: fetchRange, headers, retries, stallMs, signal, sleep: options.sleep ?? sleep };
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  for (;;) {
    // Safari has no async iteration of streams
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** Memory for an answer. A server that lies about a size fails here, not by taking the process down. */
function allocate(length: number, path: string): Uint8Array {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    const problem = 'range is too long for memory';
    throw new UnsupportedError({ op, problem, received: `${length} bytes`, path, cause });
  }
}

function endedEarly(first: number, last: number, received: number, path: string): FormatError {
  const expected = `${last - first + 1} bytes at offset ${first}`;
  return new FormatError({ op, problem: 'the file ended early', expected, received, path });
}

function tooLong(expected: number, path: string): FormatError {
  const problem = 'the server sent more than its content-range says';
  return new FormatError({ op, problem, expected: `${expected} bytes`, received: 'more', path });
}
