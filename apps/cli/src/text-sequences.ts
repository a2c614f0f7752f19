/** @file The text that analyses look at: `--text`, cut into windows at places that a seed chooses. */
import type { Checkpoint } from '@bitcliff/runtime';
import { readTextWindows, type TextWindows } from '@bitcliff/study/node';
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
export type TextSequences = TextWindows;

/** Add `--text`, `--sequences`, `--length` and `--seed`. */
export function addTextOptions(command: Command): Command {
  return command
    .option('--text <file>', 'plain text to run the model on; the first MiB of it')
    .option('--sequences <n>', 'windows of the text, at random places', parseCount, 20)
    .option('--length <n>', "tokens of a window, cut to the model's maximum", parseCount, 256)
    .option('--seed <n>', 'of the places', parseSeed, 0);
}

/** @throws {InvalidInputError} when the text is shorter than one window */
export function readTextSequences(
  file: string,
  flags: TextFlags,
  checkpoint: Checkpoint,
): Promise<TextSequences> {
  return readTextWindows(checkpoint, file, flags);
}
