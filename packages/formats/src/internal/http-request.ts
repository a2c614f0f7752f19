/** @file One HTTP request that is tried again: bounded attempts, growing pauses, no waiting for a silent server. */
import { BitcliffError } from '@bitcliff/core';
import { HttpError } from '../http-error.ts';

/** Statuses after which the same request may succeed: RFC 9110 and 6585. */
const RETRIED_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** First pause, in milliseconds; each further one is twice as long. */
const FIRST_PAUSE_MS = 500;

/** Longest pause, in milliseconds, also when the server asks for more. */
const LONGEST_PAUSE_MS = 30_000;

/** How requests are made. */
export interface RequestPolicy {
  readonly fetch: typeof fetch;
  readonly headers: Headers;
  /** Further attempts after the first. */
  readonly retries: number;
  /** Longest time without a byte, in milliseconds. */
  readonly stallMs: number;
  readonly signal: AbortSignal | undefined;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** One attempt: a response, and what to call for every sign of life from the server. */
export type Attempt<T> = (response: Response, alive: () => void) => Promise<T>;

/**
 * Ask for a range and hand the response to `use`; again after a pause when the network or the server fails.
 * @param rangeNow the `Range` of the next attempt; a read that was cut goes on where it stopped
 * @param use may throw a BitcliffError, which ends the retries, or anything else, which counts as a failure of the network
 * @throws {HttpError} when every attempt failed; the signal's reason when it is aborted
 */
export async function requestRange<T>(
  url: string,
  name: string,
  policy: RequestPolicy,
  rangeNow: () => string,
  use: Attempt<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    policy.signal?.throwIfAborted();
    const failure = await attemptOnce(url, policy, rangeNow(), use);
    if ('value' in failure) return failure.value;
    if (attempt >= policy.retries) {
      throw new HttpError({
        op: 'httpSource',
        problem: failure.status === undefined ? 'the connection failed' : 'the server failed',
        expected: `an answer within ${policy.retries + 1} attempts`,
        received: failure.received,
        path: name,
        status: failure.status,
        cause: failure.cause,
      });
    }
    const pause = failure.pauseMs ?? FIRST_PAUSE_MS * 2 ** attempt;
    await policy.sleep(Math.min(pause, LONGEST_PAUSE_MS), policy.signal);
  }
}

type Outcome<T> =
  | { readonly value: T }
  | {
      readonly received: string;
      readonly status?: number;
      readonly cause?: unknown;
      readonly pauseMs?: number | undefined;
    };

async function attemptOnce<T>(
  url: string,
  policy: RequestPolicy,
  range: string,
  use: Attempt<T>,
): Promise<Outcome<T>> {
  const controller = new AbortController();
  const forward = (): void => controller.abort(policy.signal?.reason);
  policy.signal?.addEventListener('abort', forward, { once: true });
  const stalled = new Error(`no byte for ${policy.stallMs} ms`);
  let timer = setTimeout(() => controller.abort(stalled), policy.stallMs);
  const alive = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(stalled), policy.stallMs);
  };
  try {
    const headers = new Headers(policy.headers);
    headers.set('range', range); // fetch adds "accept-encoding: identity" to a ranged request
    const response = await policy.fetch(url, { headers, signal: controller.signal });
    alive();
    if (!RETRIED_STATUSES.has(response.status)) return { value: await use(response, alive) };
    await response.body?.cancel();
    const received = `status ${response.status}`;
    return { received, status: response.status, pauseMs: retryAfter(response.headers.get('retry-after')) };
  } catch (cause) {
    if (BitcliffError.isInstance(cause)) throw cause;
    policy.signal?.throwIfAborted();
    return { received: describeFailure(cause), cause };
  } finally {
    clearTimeout(timer);
    policy.signal?.removeEventListener('abort', forward);
    controller.abort(); // whatever was not read is not wanted
  }
}

/** Milliseconds of a `Retry-After` header: seconds, or a date. */
function retryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined;
}

/** fetch says "fetch failed" and keeps the reason in its cause. */
function describeFailure(error: unknown): string {
  const { message, cause } = error as { readonly message?: string; readonly cause?: unknown };
  const reason = (cause as { readonly message?: string; readonly code?: string } | undefined) ?? {};
  return [message ?? String(error), reason.code ?? reason.message].filter(Boolean).join(': ').slice(0, 160);
}

/** Wait, or reject with the signal's reason. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
