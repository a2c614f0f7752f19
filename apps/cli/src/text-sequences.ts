/** @file The text that analyses look at: `--text`, in pieces that a seed chooses. */
import type { Checkpoint } from '@bitcliff/runtime';
import { readTextWindows } from '@bitcliff/study/node';
import type { Command } from 'commander';
import { parseCount, parseSeed } from './option-values.ts';
import { printable } from './printable.ts';

/** What {@link addTextOptions} adds to a command's options. */
export interface TextFlags {
  readonly text?: string;
  readonly sequences: number;
  readonly length: number;
  readonly seed: number;
  readonly lines?: boolean;
}

/** Which pieces of which text. */
export interface TextRecord {
  readonly file: string;
  readonly seed: number;
  /** Tokens of each window; of lines, the most that are used. */
  readonly length: number;
  readonly lines: boolean;
  readonly count: number;
}

/** Add `--text`, `--sequences`, `--length`, `--seed` and `--lines`. */
export function addTextOptions(command: Command, { required }: { readonly required: boolean }): Command {
  command
    .option('--text <file>', 'plain text to run the model on; the first MiB of it')
    .option('--sequences <n>', 'windows of the text, at random places', parseCount, 20)
    .option('--length <n>', "tokens of a window, cut to the model's maximum", parseCount, 256)
    .option('--seed <n>', 'of the places', parseSeed, 0)
    .option('--lines', 'random lines in place of windows, each with its own special tokens');
  if (required) command.options.find(({ long }) => long === '--text')!.makeOptionMandatory();
  return command;
}

/** @throws {InvalidInputError} when the text is shorter than one window, or has no line of two tokens */
export async function readTextSequences(
  file: string,
  flags: TextFlags,
  checkpoint: Checkpoint,
): Promise<{ readonly sequences: readonly Uint32Array[]; readonly text: TextRecord }> {
  const { sequences, ...text } = await readTextWindows(checkpoint, file, flags);
  return { sequences, text: { ...text, count: sequences.length } };
}

/** `20 windows of 96 tokens of wiki.txt, seed 0`. */
export function describeText({ file, seed, length, lines, count }: TextRecord): string {
  const what = lines ? `${count} lines of at most` : `${count} windows of`;
  return `${what} ${length} tokens of ${printable(file)}, seed ${seed}`;
}
