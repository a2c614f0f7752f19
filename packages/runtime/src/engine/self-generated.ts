import { createRng, InvalidInputError, type LongTaskOptions } from '@bitcliff/core';
import type { WindowOptions } from '@bitcliff/quantize';
import type { Engine } from './engine.ts';

/** How a model writes its own calibration text. */
export interface SelfGeneratedOptions extends WindowOptions, LongTaskOptions {
  /** The token that every sequence begins with, BOS most often; a vocabulary's size draws one for each sequence. */
  readonly first: { readonly token: number } | { readonly vocabularySize: number };
  /** Logits are divided by it; 0 would make all sequences from one first token equal. @default 1 */
  readonly temperature?: number | undefined;
  /** Of the engine. @default the last one */
  readonly variant?: string | undefined;
}

/**
 * Calibration sequences that the model itself writes, token by token; the end of a text does not end a sequence.
 * @returns `count` sequences of `length` ids, the first token among them; the same for the same seed and engine settings
 * @throws {InvalidInputError} for a length below 2 or above the positions of the model
 * @see arXiv 2410.17170, calibration data from the model itself
 * @example
 * const sequences = await selfGeneratedTokens(engine, { count: 64, length: 512, seed: 0, first: { token: bosTokenId } });
 */
export async function selfGeneratedTokens(
  engine: Pick<Engine, 'generate'>,
  options: SelfGeneratedOptions,
): Promise<Uint32Array[]> {
  const { count, length, seed, first, temperature = 1, variant, signal, onProgress } = options;
  if (!Number.isSafeInteger(length) || length < 2) {
    throw new InvalidInputError({
      op: 'selfGeneratedTokens',
      problem: 'bad length',
      expected: 'at least 2 tokens',
      received: length,
    });
  }
  const rng = createRng(seed);
  const sequences: Uint32Array[] = [];
  for (let i = 0; i < count; i++) {
    onProgress?.({ phase: 'self-generated text', done: i, total: count, unit: 'sequences' });
    const token = 'token' in first ? first.token : rng.int(first.vocabularySize);
    const { tokens } = await engine.generate([token], {
      variant,
      maxTokens: length - 1,
      stopTokens: [],
      temperature,
      seed: rng.int(2 ** 31),
      ...(signal && { signal }),
    });
    if (tokens.length < length - 1) {
      throw new InvalidInputError({
        op: 'selfGeneratedTokens',
        problem: 'the sequences are longer than the positions of the model',
        expected: `at most ${tokens.length + 1} tokens`,
        received: length,
      });
    }
    sequences.push(Uint32Array.of(token, ...tokens));
  }
  onProgress?.({ phase: 'self-generated text', done: count, total: count, unit: 'sequences' });
  return sequences;
}
