/**
 * @file One HTTP request to the Hub, and the rules around it: the token goes to the endpoint's origin only, also after a redirect;
 * a silent connection is given up; status codes become typed errors; 408, 429 and 5xx are tried again a bounded number of times.
 * `@huggingface/hub` does none of this, so it gets `apiFetch` as its `fetch` and sees only good answers.
 */
import { type BitcliffError, FormatError, NotFoundError } from '@bitcliff/core';
import { quote } from '../../internal/quote.ts';
import { HubAccessError, HubRequestError } from '../hub-errors.ts';
import type { HubLocation } from '../hub-uri.ts';

/** Largest answer of the API, in bytes; a page of a listing has at most 1000 entries. */
const API_BYTE_LIMIT = 64 * 2 ** 20;

const REDIRECT_LIMIT = 5;

/** First pause before another attempt, and the longest one that we choose ourselves. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 8000; // huggingface_hub utils/_http.py, http_backoff max_wait_time

/** Longest pause that the Hub may ask for: its rate limits count in windows of five minutes. */
const ASKED_PAUSE_LIMIT_MS = 300_000;

/** What a client needs. */
export interface HubClientOptions {
  readonly op: string;
  readonly location: HubLocation;
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly timeoutMs: number;
  readonly retries: number;
  readonly signal: AbortSignal;
  readonly fetch: typeof fetch;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What a request asks for, so that a 404 can say what is missing. */
export interface Asked {
  readonly what: 'revision' | 'listing' | 'file';
  readonly file?: string | undefined;
}

/** A failure that may pass: the next attempt decides. */
export class TransientFailure extends Error {
  readonly error: BitcliffError;
  /** Pause that the Hub asks for, in milliseconds. */
  readonly askedMs: number | undefined;
  /** No connection at all, as on a machine without a network. */
  readonly unreachable: boolean;

  constructor(error: BitcliffError, askedMs: number | undefined, unreachable: boolean) {
    super(error.message);
    this.error = error;
    this.askedMs = askedMs;
    this.unreachable = unreachable;
  }
}

/** The chunks of an answer's body, and the headers that came with it. */
export interface HubBody {
  readonly status: number;
  readonly headers: Headers;
  /** Ends early with a `TransientFailure`; leaving the loop closes the connection. */
  chunks(): AsyncGenerator<Uint8Array>;
  /** Close the connection without reading. */
  close(): Promise<void>;
}

/** Attempts that are left; `reset` after progress. */
export interface RetryBudget {
  /** Wait before the next attempt. @throws the failure's error when no attempt is left */
  pause(failure: TransientFailure): Promise<void>;
  reset(): void;
}

export interface HubClient {
  readonly options: HubClientOptions;
  /** A `fetch` that retries, reads the whole answer, and throws typed errors. @param requestLimit most requests of it */
  apiFetch(asked: Asked, requestLimit: number): typeof fetch;
  /** Ask once for a file. @throws {TransientFailure} when another attempt may help */
  open(url: string, headers: Readonly<Record<string, string>>, asked: Asked): Promise<HubBody>;
  retryBudget(): RetryBudget;
}

export function createHubClient(options: HubClientOptions): HubClient {
  return {
    options,
    apiFetch: (asked, requestLimit) => {
      let requests = 0;
      return async (input, init) => {
        if (++requests > requestLimit) {
          const problem = 'the listing has too many pages';
          const expected = `at most ${requestLimit}`;
          throw new FormatError({ op: options.op, problem, expected, path: options.location.repo });
        }
        const budget = retryBudget(options);
        for (;;) {
          try {
            const body = await send(options, String(input), init ?? {}, asked);
            const bytes = await readAll(options, body);
            return new Response(bytes, { status: body.status, headers: body.headers });
          } catch (error) {
            if (!(error instanceof TransientFailure)) throw error;
            if (error.unreachable) throw error.error;
            await budget.pause(error);
          }
        }
      };
    },
    open: (url, headers, asked) => send(options, url, { headers }, asked),
    retryBudget: () => retryBudget(options),
  };
}

function retryBudget({ retries, sleep, signal }: HubClientOptions): RetryBudget {
  let used = 0;
  return {
    async pause(failure) {
      signal.throwIfAborted();
      if (used >= retries) throw failure.error;
      const own = Math.min(FIRST_PAUSE_MS * 2 ** used, LONGEST_PAUSE_MS);
      used++;
      try {
        await sleep(failure.askedMs ?? own, signal);
      } catch (error) {
        signal.throwIfAborted(); // its own reason, not the timer's
        throw error;
      }
      signal.throwIfAborted();
    },
    reset() {
      used = 0;
    },
  };
}

/** Send a request, follow its redirects, check its status. */
async function send(
  options: HubClientOptions,
  target: string,
  init: RequestInit,
  asked: Asked,
): Promise<HubBody> {
  const { op, endpoint, token, timeoutMs, signal, fetch } = options;
  const home = new URL(endpoint).origin;
  let url = new URL(target);
  let method = init.method ?? 'GET';
  let body = init.body ?? null;
  for (let hop = 0; ; hop++) {
    const headers = new Headers(init.headers);
    headers.delete('authorization');
    if (token !== undefined && url.origin === home) headers.set('authorization', `Bearer ${token}`);
    const silence = watchSilence(signal, timeoutMs);
    let response: Response;
    try {
      const wanted = { method, body, headers, redirect: 'manual', signal: silence.signal } as const;
      response = await fetch(url, wanted);
    } catch (cause) {
      silence.stop();
      throw connectionFailure(options, url, cause, silence.timedOut());
    }
    const next = response.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || next === null) {
      try {
        if (!response.ok) await refuseStatus(options, url, response, asked);
      } catch (error) {
        silence.stop();
        await discard(response);
        throw error;
      }
      return hubBody(options, url, response, silence);
    }
    silence.stop();
    await discard(response);
    const to = URL.parse(next, url.href);
    const safe =
      to !== null && /^https?:$/.test(to.protocol) && (url.protocol === 'http:' || to.protocol === 'https:');
    if (to === null || !safe || hop === REDIRECT_LIMIT) {
      const problem = safe ? 'too many redirects' : 'refused a redirect';
      const expected = safe ? `at most ${REDIRECT_LIMIT}` : 'a web address, https after https';
      const received = to === null ? 'no address' : to.origin;
      throw new HubRequestError({
        op,
        problem,
        expected,
        received,
        where: url.origin,
        path: options.location.repo,
      });
    }
    url = to;
    // as browsers do: only 307 and 308 keep the method
    if (response.status < 307 && method !== 'GET') [method, body] = ['GET', null];
  }
}

function hubBody(options: HubClientOptions, url: URL, response: Response, silence: Silence): HubBody {
  return {
    status: response.status,
    headers: response.headers,
    async *chunks() {
      try {
        // the type of a body lacks the iterator that Node has
        const chunks = (response.body ?? []) as AsyncIterable<Uint8Array>;
        for await (const chunk of chunks) {
          silence.stop(); // a slow disk is not a silent Hub
          yield chunk;
          silence.touch();
        }
      } catch (cause) {
        throw connectionFailure(options, url, cause, silence.timedOut());
      } finally {
        silence.stop();
      }
    },
    close: () => {
      silence.stop();
      return discard(response);
    },
  };
}

async function readAll({ op, location }: HubClientOptions, body: HubBody): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body.chunks()) {
    length += chunk.byteLength;
    if (length > API_BYTE_LIMIT) {
      const problem = 'the answer of the Hub is too long';
      throw new FormatError({
        op,
        problem,
        expected: `at most ${API_BYTE_LIMIT} bytes`,
        path: location.repo,
      });
    }
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}

/** Close a connection whose body nobody reads; its own failure no longer matters. */
async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

interface Silence {
  readonly signal: AbortSignal;
  touch(): void;
  stop(): void;
  timedOut(): boolean;
}

/** A signal that fires when nothing was heard for a while, or with the caller's. */
function watchSilence(signal: AbortSignal, timeoutMs: number): Silence {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const touch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(), timeoutMs);
  };
  touch();
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    touch,
    stop: () => clearTimeout(timer),
    timedOut: () => controller.signal.aborted,
  };
}

/** What a failed connection is: the caller's abort, silence, no network, or a cut. */
function connectionFailure(options: HubClientOptions, url: URL, cause: unknown, timedOut: boolean): unknown {
  const { op, location, signal, timeoutMs, endpoint } = options;
  if (signal.aborted) return signal.reason;
  const code = causeCode(cause);
  const unreachable = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH'].includes(
    code ?? '',
  );
  const atHome = url.origin === new URL(endpoint).origin;
  const fields = {
    op,
    problem: unreachable ? 'cannot reach the Hub' : 'the connection to the Hub broke',
    received: timedOut ? `no byte for ${timeoutMs / 1000} s` : (code ?? String(cause)),
    // the address of a redirect may hold a signature that grants access
    where: atHome ? endpoint : url.origin,
    path: location.repo,
    cause,
  };
  const hint = 'To use what is in the cache, go offline (HubSettings.offline, HF_HUB_OFFLINE=1)';
  return new TransientFailure(
    new HubRequestError(unreachable ? { ...fields, hint } : fields),
    undefined,
    unreachable,
  );
}

function causeCode(error: unknown): string | undefined {
  for (let e = error, depth = 0; e instanceof Error && depth < 5; e = e.cause, depth++) {
    const code = (e as Error & { code?: unknown }).code;
    if (typeof code === 'string') return code;
  }
  return undefined;
}

/** Turn a status that is no success into the error that says what to do. */
async function refuseStatus(
  options: HubClientOptions,
  url: URL,
  response: Response,
  asked: Asked,
): Promise<never> {
  const { op, endpoint, token, location } = options;
  const { status, headers } = response;
  const { repo, revision } = location;
  const said = headers.get('x-error-message') ?? undefined;
  const code = headers.get('x-error-code') ?? '';
  const base = { op, path: repo, ...(said === undefined ? {} : { where: quote(said) }) };
  const atHome = url.origin === new URL(endpoint).origin;
  if (status === 404) {
    if (code === 'EntryNotFound' || (code === '' && asked.what === 'file')) {
      const file = quote(asked.file ?? location.path ?? '');
      throw new NotFoundError({
        ...base,
        problem: `no such file in revision ${quote(revision)}`,
        received: file,
      });
    }
    if (code === 'RevisionNotFound') {
      throw new NotFoundError({ ...base, problem: 'no such revision', received: quote(revision) });
    }
    const kind = location.type === 'dataset' ? 'data set' : 'model';
    const problem = code === 'RepoNotFound' ? `no such ${kind}` : `no such ${kind} or revision`;
    const received = code === 'RepoNotFound' ? quote(repo) : `${quote(repo)}, revision ${quote(revision)}`;
    throw new NotFoundError({
      ...base,
      problem,
      received,
      where: endpoint,
      hint: 'A private one needs a token',
    });
  }
  if ((status === 401 || status === 403) && atHome) {
    const gated = code === 'GatedRepo';
    const invalid = said?.startsWith('Invalid credentials') === true;
    const page = `${endpoint}/${location.type === 'dataset' ? 'datasets/' : ''}${repo}`;
    const problem = gated
      ? `the repository ${repo} is gated`
      : invalid
        ? `the Hub does not know the token, asked for ${repo}`
        : `the Hub refuses access to ${repo}, it is private, gated, or does not exist`;
    const accept = gated ? `Accept its terms at ${page}, then pass` : 'Pass';
    throw new HubAccessError({
      ...base,
      problem,
      expected: 'a token of an account that may read it',
      received: `status ${status} ${token === undefined ? 'without a token' : 'with the token given'}`,
      hint: `${accept} a token from ${endpoint}/settings/tokens as HubSettings.token (programs take it from HF_TOKEN)`,
      status,
      repo,
    });
  }
  const error = new HubRequestError({
    ...base,
    problem: status === 429 ? 'the Hub asks for fewer requests' : 'the Hub answers with an error',
    expected: 'status 200',
    received: status,
    where: atHome ? (base.where ?? endpoint) : url.origin,
    status,
  });
  // a signed address that a redirect gave may have expired: asking the Hub again gives a new one
  const again =
    status === 408 || status === 429 || status >= 500 || (!atHome && (status === 401 || status === 403));
  if (again) throw new TransientFailure(error, askedPause(headers), false);
  throw error;
}

/** Pause that the Hub asks for, in milliseconds, at most five minutes. */
function askedPause(headers: Headers): number | undefined {
  const after = headers.get('retry-after');
  // "ratelimit: "api";r=0;t=55", see huggingface_hub utils/_http.py parse_ratelimit_headers()
  const limit = /;\s*r=0\s*;\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1];
  const seconds =
    after !== null && /^\d+$/.test(after) ? Number(after) : limit === undefined ? undefined : Number(limit);
  return seconds === undefined ? undefined : Math.min(seconds * 1000, ASKED_PAUSE_LIMIT_MS);
}
