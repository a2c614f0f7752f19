import { BitcliffError } from '@bitcliff/core';
import { expect } from 'vitest';

type ErrorClass = abstract new (...args: never[]) => BitcliffError;

/** What a refused input must say: its error class, and pieces of its message. */
export interface Refusal {
  readonly error: ErrorClass;
  /** Each must be in the message. */
  readonly says: readonly string[];
}

/** The error of a promise or function that must fail. */
export async function failureOf(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

/** Assert that `run` fails as described, with an error that names the file. */
export async function expectRefusal(run: () => unknown, file: string, refusal: Refusal): Promise<void> {
  const error = await failureOf(run);
  expect(error).toBeInstanceOf(refusal.error);
  expect(BitcliffError.isInstance(error)).toBe(true);
  const { message } = error as BitcliffError;
  for (const piece of [file, ...refusal.says]) expect(message).toContain(piece);
}
