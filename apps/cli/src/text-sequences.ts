/** @file The text that analyses look at: `--text`, cut into windows at places that a seed chooses. */
import { open } from 'node:fs/promises';
import { InvalidInputError } from '@bitcliff/core';
import { tokenWindows } from '@bitcliff/quantize';
import type { Checkpoint } from '@bitcliff/runtime';
import type { Command } from 'commander';
import { parseCount, parseSeed } from './option-values.ts';

/** What {@link addTextOptions} adds to a command's options. */
export interface TextFlags {
  readonly text?: string;
  readonly sequences: number;
  readonly length: number;
  readonly seed: number;
}

/** Windows of a text, with what is needed to cut them again. */
export interface TextSequences {
  readonly file: string;
  readonly seed: number;
  /** Tokens of each. */
  readonly length: number;
  readonly sequences: readonly Uint32Array[];
}

/** Bytes of the file that are read. */
const TEXT_LIMIT = 2 ** 20;

/** Add `--text`, `--sequences`, `--length` and `--seed`. */
export function addTextOptions(command: Command): Command {
  return command
    .option('--text <file>', 'plain text to run the model on; the first MiB of it')
    .option('--sequences <n>', 'windows of the text, at random places', parseCount, 20)
    .option('--length <n>', "tokens of a window, cut to the model's maximum", parseCount, 256)
    .option('--seed <n>', 'of the places', parseSeed, 0);
}

/** @throws {InvalidInputError} when the text is shorter than one window */
export async function readTextSequences(
  file: string,
  { sequences: count, length, seed }: TextFlags,
  checkpoint: Checkpoint,
): Promise<TextSequences> {
  const tokenizer = await checkpoint.tokenizer();
  const tokens = tokenizer.encode(await readStart(file));
  const fitting = Math.min(length, checkpoint.spec.maxPositions);
  return { file, seed, length: fitting, sequences: tokenWindows(tokens, { count, length: fitting, seed }) };
}

async function readStart(file: string): Promise<string> {
  const handle = await open(file).catch((cause: unknown) => {
    throw new InvalidInputError({
      op: 'readText',
      problem: 'cannot read the text',
      where: '--text',
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
