/** @file Windows of a plain text, at places that a seed chooses. */
import { open } from 'node:fs/promises';
import { InvalidInputError } from '@bitcliff/core';
import { tokenWindows } from '@bitcliff/quantize';
import type { Checkpoint } from '@bitcliff/runtime';

/** Which windows. */
export interface TextWindowOptions {
  /** Windows at random places. */
  readonly sequences: number;
  /** Tokens of a window, cut to the model's maximum. */
  readonly length: number;
  readonly seed: number;
}

/** Windows of a text, with what is needed to cut them again. */
export interface TextWindows {
  readonly file: string;
  readonly seed: number;
  /** Tokens of each. */
  readonly length: number;
  readonly sequences: readonly Uint32Array[];
}

/** Bytes of the file that are read. */
const TEXT_LIMIT = 2 ** 20;

/**
 * Windows of the first MiB of a text.
 * @throws {InvalidInputError} for a file that cannot be read, and when the text is shorter than one window
 */
export async function readTextWindows(
  checkpoint: Checkpoint,
  file: string,
  { sequences: count, length, seed }: TextWindowOptions,
): Promise<TextWindows> {
  const tokenizer = await checkpoint.tokenizer();
  const tokens = tokenizer.encode(await readStart(file));
  const fitting = Math.min(length, checkpoint.spec.maxPositions);
  return { file, seed, length: fitting, sequences: tokenWindows(tokens, { count, length: fitting, seed }) };
}

async function readStart(file: string): Promise<string> {
  const handle = await open(file).catch((cause: unknown) => {
    throw new InvalidInputError({
      op: 'readTextWindows',
      problem: 'cannot read the text',
      where: 'text',
      path: file,
      cause,
    });
  });
  try {
    const buffer = Buffer.alloc(TEXT_LIMIT);
    const { bytesRead } = await handle.read(buffer, 0, TEXT_LIMIT, 0);
    // a character that was cut in two becomes a replacement character at the end
    return new TextDecoder().decode(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}
