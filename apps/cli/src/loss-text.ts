/** @file The text that losses are measured on: windows of it, or its lines, each a document of its own. */
import { readFile } from 'node:fs/promises';
import { createRng, InvalidInputError } from '@bitcliff/core';
import type { Checkpoint } from '@bitcliff/runtime';
import type { Command } from 'commander';
import { printable } from './printable.ts';
import { addTextOptions, readTextSequences, type TextFlags } from './text-sequences.ts';

/** What {@link addLossTextOptions} adds to a command's options. */
export interface LossTextFlags extends TextFlags {
  readonly text: string;
  readonly lines?: boolean;
}

/** What losses were measured on, as it is printed. */
export interface LossTextRecord {
  readonly file: string;
  readonly seed: number;
  /** Tokens of each window; of lines, the most that are used. */
  readonly length: number;
  readonly lines: boolean;
  readonly count: number;
}

/** Add `--text`, which must be given, `--lines`, and how many sequences of which length. */
export function addLossTextOptions(command: Command): Command {
  addTextOptions(command);
  command.options.find(({ long }) => long === '--text')!.makeOptionMandatory();
  return command.option('--lines', 'random lines in place of windows, each with its own special tokens');
}

/** @throws {InvalidInputError} when the text is shorter than one window, or has no line of two tokens */
export async function readLossText(
  flags: LossTextFlags,
  checkpoint: Checkpoint,
): Promise<{ readonly sequences: readonly ArrayLike<number>[]; readonly text: LossTextRecord }> {
  const lines = flags.lines ?? false;
  const { file, seed, length, sequences } = lines
    ? await readLines(flags, checkpoint)
    : await readTextSequences(flags.text, flags, checkpoint);
  return { sequences, text: { file, seed, length, lines, count: sequences.length } };
}

/** `20 windows of 96 tokens of wiki.txt, seed 0`. */
export function describeLossText({ file, seed, length, lines, count }: LossTextRecord): string {
  const what = lines ? `${count} lines of at most` : `${count} windows of`;
  return `${what} ${length} tokens of ${printable(file)}, seed ${seed}`;
}

async function readLines(
  { text: file, sequences: count, length: most, seed }: LossTextFlags,
  checkpoint: Checkpoint,
): Promise<LossTextRecord & { sequences: number[][] }> {
  const tokenizer = await checkpoint.tokenizer();
  const length = Math.min(most, checkpoint.spec.maxPositions);
  const content = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new InvalidInputError({
      op: 'readText',
      problem: 'cannot read the text',
      where: '--text',
      path: file,
      cause,
    });
  });
  const sequences: number[][] = [];
  for (const line of createRng(seed).shuffle(content.split(/\r?\n/))) {
    const ids = tokenizer.encode(line).slice(0, length);
    if (ids.length >= 2) sequences.push(ids);
    if (sequences.length === count) break;
  }
  if (sequences.length === 0) {
    const problem = 'no line has two tokens';
    throw new InvalidInputError({ op: 'readText', problem, where: '--text', path: file });
  }
  return { file, seed, length, lines: true, count, sequences };
}
