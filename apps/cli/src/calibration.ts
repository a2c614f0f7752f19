/** @file Calibration tokens by what a command line says. */
import type { LongTaskOptions } from '@bitcliff/core';
import type { Checkpoint } from '@bitcliff/runtime';
import { readCalibration as readTokens } from '@bitcliff/study/node';
import { type EngineFlags, engineSettings } from './engine-options.ts';
import { hubSettings } from './local-path.ts';

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

/**
 * The calibration sequences; none without `--calibration`.
 * @throws what `readCalibration` of `@bitcliff/study` throws
 */
export async function readCalibration(
  checkpoint: Checkpoint,
  flags: CalibrationFlags,
  run: LongTaskOptions,
): Promise<ArrayLike<number>[]> {
  const { calibration: source, data, samples, length, seed } = flags;
  if (source === undefined) return [];
  const request = { source, data, samples, length, seed };
  return readTokens(checkpoint, request, { ...run, hub: hubSettings(), engine: engineSettings(flags) });
}
