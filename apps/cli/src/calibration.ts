/** @file Calibration tokens by what a command line says. */
import { BitcliffError, InvalidInputError, type LongTaskOptions } from '@bitcliff/core';
import { randomPunctuation, randomTokens, tokenWindows, type WindowOptions } from '@bitcliff/quantize';
import { type Checkpoint, selfGeneratedTokens } from '@bitcliff/runtime';
import { readCalibrationTexts, rowWindows } from './calibration-texts.ts';
import { type EngineFlags, openEngine } from './engine-options.ts';

/** Which tokens, and how many. */
export interface CalibrationFlags extends EngineFlags {
  /** As {@link CALIBRATION_HELP} says. */
  readonly calibration?: string;
  /** Where the rows of tasks are: a folder, or on the Hub. */
  readonly data?: string;
  readonly samples: number;
  /** Tokens of a sample. @default 512, or the positions of the model where it has fewer */
  readonly length?: number;
  readonly seed: number;
}

/** What `--calibration` takes, for a list of options. */
export const CALIBRATION_SOURCES =
  'a file, hf:datasets/org/name/file, task:<name>[:train], random-tokens, random-punctuation or self-generated';

/** What `--calibration` takes, with examples. */
export const CALIBRATION_HELP = `
Calibration sources:
  wiki.txt                              plain text; windows at random places
  rows.jsonl#text, rows.parquet#text    a column of a file, text by default; rows in random order
  hf:datasets/org/name@main/a.parquet#text   such a file on the Hub
  task:piqa, task:piqa:train            questions with their right answers, from --data: the rows that are evaluated, or those for training
  random-tokens                         tokens drawn evenly from the vocabulary
  random-punctuation                    random ASCII punctuation
  self-generated                        what the model itself writes, from BOS, or from a random token where the tokenizer has none`;

/** Most tokens of a window unless the command line says so. */
const DEFAULT_LENGTH = 512;
/** Characters of random punctuation per token that is wanted; a token has one or more of them. */
const CHARACTERS_PER_TOKEN = 4;

/** Tokens of a sample. @throws {InvalidInputError} for more than the model has positions */
export function sampleLength({ spec, path }: Checkpoint, { length }: CalibrationFlags): number {
  if (length === undefined) return Math.min(DEFAULT_LENGTH, spec.maxPositions);
  if (length >= 2 && length <= spec.maxPositions) return length;
  throw new InvalidInputError({
    op: 'calibration',
    problem: 'bad length of windows',
    expected: `2 to ${spec.maxPositions} tokens, the positions of the model`,
    received: length,
    path,
  });
}

/**
 * The calibration sequences; none without `--calibration`.
 * @throws {NotFoundError} for a file that is missing
 * @throws {InvalidInputError} for text that is shorter than one window, and what the readers of rows throw
 */
export async function readCalibration(
  checkpoint: Checkpoint,
  flags: CalibrationFlags,
  run: LongTaskOptions,
): Promise<ArrayLike<number>[]> {
  const { calibration, data, samples: count, seed } = flags;
  if (calibration === undefined) return [];
  const windows: WindowOptions = { count, length: sampleLength(checkpoint, flags), seed };
  if (calibration === 'random-tokens') return randomTokens(checkpoint.spec.vocabularySize, windows);
  if (calibration === 'self-generated') return generate(checkpoint, flags, windows, run);
  const tokenizer = await checkpoint.tokenizer();
  const encode = (text: string): number[] => tokenizer.encode(text, { addSpecialTokens: false });
  if (calibration === 'random-punctuation') {
    const characters = CHARACTERS_PER_TOKEN * count * windows.length;
    return tokenWindows(encode(randomPunctuation({ characters, seed })), windows);
  }
  const texts = await readCalibrationTexts(calibration, data, run);
  return texts.length === 1 ? tokenWindows(encode(texts[0]!), windows) : rowWindows(texts, encode, windows);
}

async function generate(
  checkpoint: Checkpoint,
  flags: EngineFlags,
  windows: WindowOptions,
  run: LongTaskOptions,
): Promise<Uint32Array[]> {
  const bos = await bosOf(checkpoint);
  const { vocabularySize } = checkpoint.spec;
  const engine = await openEngine(checkpoint, flags, {});
  try {
    const first = bos === undefined ? { vocabularySize } : { token: bos };
    return await selfGeneratedTokens(engine, { ...run, ...windows, first });
  } finally {
    await engine.dispose();
  }
}

/** @returns `undefined` without a tokenizer, or where it names none */
async function bosOf(checkpoint: Checkpoint): Promise<number | undefined> {
  try {
    return (await checkpoint.tokenizer()).bosTokenId;
  } catch (error) {
    if (BitcliffError.isInstance(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}
