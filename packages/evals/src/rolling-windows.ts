/** @file Long texts cut into model inputs such that every token is predicted exactly once (eval-spec §1.5). */
import { InvalidInputError } from '@bitcliff/core';
import type { TokenRequest } from './request.ts';

/** A window before it is split: the model reads `input`; its last rows predict `targets`. */
export interface RollingWindow {
  readonly input: readonly number[];
  readonly targets: readonly number[];
}

/** How to cut. */
export interface RollingOptions {
  /** Stands before the first token. */
  readonly prefixTokenId: number;
  /** Longest model input, tokens, ≥ 1. */
  readonly maxLength: number;
  /** Least tokens of context of a window's first target, 1 to `maxLength`. @default 1, as the harness runs it */
  readonly contextLength?: number | undefined;
}

/**
 * Windows over a text. With 10 tokens, `maxLength` 4 and `contextLength` 1:
 *
 *     input     P 0 1 2    3 4 5 6    5 6 7 8     targets   0 1 2 3    4 5 6 7        8 9
 *
 * The first window begins with the prefix token, later ones with the real token before them; the last keeps all the context that fits.
 * @returns none for no tokens
 * @throws {InvalidInputError} on lengths that make no sense
 * @see lm_eval/utils.py `get_rolling_token_windows` @ 4e7e0d47
 */
export function rollingWindows(tokens: readonly number[], options: RollingOptions): RollingWindow[] {
  const { prefixTokenId, maxLength, contextLength = 1 } = options;
  if (!Number.isSafeInteger(contextLength) || contextLength < 1 || !(contextLength <= maxLength)) {
    throw new InvalidInputError({
      op: 'rollingWindows',
      problem: 'bad lengths',
      expected: '1 ≤ contextLength ≤ maxLength',
      received: `${contextLength} and ${maxLength}`,
    });
  }
  const n = tokens.length;
  if (n === 0) return [];
  const first = Math.min(maxLength, n);
  const windows = [
    { input: [prefixTokenId, ...tokens.slice(0, first - 1)], targets: tokens.slice(0, first) },
  ];
  const stride = maxLength - contextLength + 1;
  for (let done = first; done < n; done += stride) {
    const end = Math.min(done + stride, n);
    windows.push({ input: tokens.slice(end - maxLength - 1, end - 1), targets: tokens.slice(done, end) });
  }
  return windows;
}

/**
 * A window as context and continuation that do not overlap: what the model reads stays the same.
 * @see lm_eval/utils.py `make_disjoint_window` @ 4e7e0d47
 */
export function disjointRequest({ input, targets }: RollingWindow): TokenRequest {
  return { context: input.slice(0, input.length - (targets.length - 1)), continuation: targets };
}
