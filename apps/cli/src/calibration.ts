/** @file Calibration tokens by what a command line says. */
import { readFile } from 'node:fs/promises';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import { randomPunctuation, randomTokens, tokenWindows } from '@bitcliff/quantize';
import type { Checkpoint } from '@bitcliff/runtime';

/** Which tokens, and how many. */
export interface CalibrationFlags {
  /** A text file, `random-tokens` or `random-punctuation`. */
  readonly calibration?: string;
  readonly samples: number;
  /** Tokens of a sample. @default 512, or the positions of the model where it has fewer */
  readonly length?: number;
  readonly seed: number;
}

/** Most tokens of a window unless the command line says so. */
const DEFAULT_LENGTH = 512;
/** Characters of random punctuation per token that is wanted; a token has one or more of them. */
const CHARACTERS_PER_TOKEN = 4;

/** Tokens of a sample. @throws {InvalidInputError} for more than the model has positions */
export function sampleLength({ spec, path }: Checkpoint, { length }: CalibrationFlags): number {
  if (length === undefined) return Math.min(DEFAULT_LENGTH, spec.maxPositions);
  if (length >= 2 && length <= spec.maxPositions) return length;
  throw new InvalidInputError({
    op: 'quantize',
    problem: 'bad --length',
    expected: `2 to ${spec.maxPositions} tokens, the positions of the model`,
    received: length,
    path,
  });
}

/**
 * The calibration sequences; none without `--calibration`.
 * @throws {NotFoundError} for a file that is missing
 * @throws {InvalidInputError} for a text shorter than one window
 */
export async function readCalibration(
  checkpoint: Checkpoint,
  flags: CalibrationFlags,
): Promise<ArrayLike<number>[]> {
  const { calibration, samples: count, seed } = flags;
  if (calibration === undefined) return [];
  const windows = { count, length: sampleLength(checkpoint, flags), seed };
  if (calibration === 'random-tokens') return randomTokens(checkpoint.spec.vocabularySize, windows);
  const tokenizer = await checkpoint.tokenizer();
  const text =
    calibration === 'random-punctuation'
      ? randomPunctuation({ characters: CHARACTERS_PER_TOKEN * count * windows.length, seed })
      : await readText(calibration);
  return tokenWindows(tokenizer.encode(text, { addSpecialTokens: false }), windows);
}

async function readText(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new NotFoundError({
      op: 'quantize',
      problem: 'cannot read the calibration text',
      expected: 'a text file, random-tokens or random-punctuation',
      path,
      cause,
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const problem = 'the calibration text is not UTF-8';
    throw new InvalidInputError({ op: 'quantize', problem, expected: 'UTF-8', path, cause });
  }
}
