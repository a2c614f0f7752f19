/** @file Calibration tokens by the name of their source. */
import { BitcliffError, InvalidInputError } from '@bitcliff/core';
import { randomPunctuation, randomTokens, tokenWindows, type WindowOptions } from '@bitcliff/quantize';
import { type Checkpoint, createEngine, type EngineOptions, selfGeneratedTokens } from '@bitcliff/runtime';
import { readCalibrationTexts, rowWindows } from './calibration-texts.node.ts';
import type { InputOptions } from './input-options.ts';

/** Which tokens, and how many. */
export interface CalibrationRequest {
  /**
   * - a text file: windows at random places
   * - `rows.jsonl#text`, `rows.parquet#text`: a column of a file, rows in random order; either may be on the Hub (`hf:datasets/org/name/file`)
   * - `task:<name>`, `task:<name>:train`: questions with their right answers, of the rows that are evaluated or of those for training
   * - `random-tokens`: drawn evenly from the vocabulary; `random-punctuation`: ASCII
   * - `self-generated`: what the model itself writes
   */
  readonly source: string;
  /** Where the rows of tasks are: a folder, or on the Hub. */
  readonly data?: string | undefined;
  readonly samples: number;
  /** Tokens of a sample. @default 512, or the positions of the model where it has fewer */
  readonly length?: number | undefined;
  readonly seed: number;
}

/** How a model is run that writes its own text. */
export interface CalibrationOptions extends InputOptions {
  readonly engine: EngineOptions;
}

/** Whether a source is a path, and no name. */
export function isCalibrationFile(source: string): boolean {
  return !/^(task:.*|random-tokens|random-punctuation|self-generated)$/s.test(source);
}

/** Most tokens of a window unless something else is said. */
const DEFAULT_LENGTH = 512;
/** Characters of random punctuation per token that is wanted; a token has one or more of them. */
const CHARACTERS_PER_TOKEN = 4;

/** Tokens of a sample. @throws {InvalidInputError} for more than the model has positions */
export function sampleLength(
  { spec, path }: Checkpoint,
  { length }: Pick<CalibrationRequest, 'length'>,
): number {
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
 * The calibration sequences.
 * @throws {NotFoundError} for a file that is missing
 * @throws {InvalidInputError} for text that is shorter than one window, and what the readers of rows throw
 */
export async function readCalibration(
  checkpoint: Checkpoint,
  request: CalibrationRequest,
  options: CalibrationOptions,
): Promise<ArrayLike<number>[]> {
  const { source, data, samples: count, seed } = request;
  const windows: WindowOptions = { count, length: sampleLength(checkpoint, request), seed };
  if (source === 'random-tokens') return randomTokens(checkpoint.spec.vocabularySize, windows);
  if (source === 'self-generated') return generate(checkpoint, windows, options);
  const tokenizer = await checkpoint.tokenizer();
  const encode = (text: string): number[] => tokenizer.encode(text, { addSpecialTokens: false });
  if (source === 'random-punctuation') {
    const characters = CHARACTERS_PER_TOKEN * count * windows.length;
    return tokenWindows(encode(randomPunctuation({ characters, seed })), windows);
  }
  const texts = await readCalibrationTexts(source, data, options);
  return texts.length === 1 ? tokenWindows(encode(texts[0]!), windows) : rowWindows(texts, encode, windows);
}

async function generate(
  checkpoint: Checkpoint,
  windows: WindowOptions,
  { engine: settings, signal, onProgress }: CalibrationOptions,
): Promise<Uint32Array[]> {
  const bos = await bosOf(checkpoint);
  const { vocabularySize } = checkpoint.spec;
  const engine = await createEngine(checkpoint, settings);
  try {
    const first = bos === undefined ? { vocabularySize } : { token: bos };
    return await selfGeneratedTokens(engine, { signal, onProgress, ...windows, first });
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
