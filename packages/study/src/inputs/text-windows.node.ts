/** @file Pieces of a plain text that a seed chooses: windows at random places, or lines. */
import { open } from 'node:fs/promises';
import { createRng, InvalidInputError } from '@bitcliff/core';
import { tokenWindows } from '@bitcliff/quantize';
import type { Checkpoint } from '@bitcliff/runtime';

/** Which pieces. */
export interface TextWindowOptions {
  /** How many. */
  readonly sequences: number;
  /** Tokens of a window, the most of a line; cut to the model's maximum. */
  readonly length: number;
  readonly seed: number;
  /** Random lines, each a document with its own special tokens, in place of windows at random places. @default false */
  readonly lines?: boolean | undefined;
}

/** Pieces of a text, with what is needed to cut them again. */
export interface TextWindows {
  readonly file: string;
  readonly seed: number;
  /** Tokens of each window, the most of a line. */
  readonly length: number;
  readonly lines: boolean;
  readonly sequences: readonly Uint32Array[];
}

/** Bytes of the file that are read. */
const TEXT_LIMIT = 2 ** 20;

/**
 * Pieces of the first MiB of a text.
 * @throws {InvalidInputError} for a file that cannot be read, a text shorter than one window, or one without a line of two tokens
 */
export async function readTextWindows(
  checkpoint: Checkpoint,
  file: string,
  { sequences: count, length: most, seed, lines = false }: TextWindowOptions,
): Promise<TextWindows> {
  const tokenizer = await checkpoint.tokenizer();
  const text = await readStart(file);
  const length = Math.min(most, checkpoint.spec.maxPositions);
  const encode = (part: string): number[] => tokenizer.encode(part);
  const sequences = lines
    ? randomLines(text, encode, { count, length, seed, file })
    : tokenWindows(encode(text), { count, length, seed });
  return { file, seed, length, lines, sequences };
}

function randomLines(
  text: string,
  encode: (line: string) => readonly number[],
  { count, length, seed, file }: { count: number; length: number; seed: number; file: string },
): Uint32Array[] {
  const sequences: Uint32Array[] = [];
  for (const line of createRng(seed).shuffle(text.split(/\r?\n/))) {
    const ids = Uint32Array.from(encode(line).slice(0, length));
    if (ids.length >= 2) sequences.push(ids);
    if (sequences.length === count) break;
  }
  if (sequences.length > 0) return sequences;
  const problem = 'no line has two tokens';
  throw new InvalidInputError({ op: 'readTextWindows', problem, where: 'text', path: file });
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
