/** @file The two ways of the quantization literature to cut one long text into windows (eval-spec §2.1). Their numbers are not comparable. */
import type { TokenRequest } from '../../request.ts';

/**
 * GPTQ's windows: consecutive, of `length` tokens, the tail dropped; in each, every token but the first is scored, given those of the
 * same window before it.
 * @param length tokens, ≥ 2 @param limit most windows. @default all
 * @see IST-DASLab/gptq datautils.py and llama.py @ 2d65066e
 */
export function gptqWindows(
  tokens: readonly number[],
  length: number,
  limit: number = Infinity,
): TokenRequest[] {
  return chunks(tokens, length, limit).map((chunk) => ({
    context: chunk.slice(0, 1),
    continuation: chunk.slice(1),
  }));
}

/**
 * llama.cpp's windows: consecutive, of `length` tokens, the tail dropped; the first token of each becomes BOS where the tokenizer adds BOS; only
 * tokens behind the first half (position > length/2) are scored.
 * @param length tokens, ≥ 4 @param bosTokenId undefined for a tokenizer that adds none
 * @see ggml-org/llama.cpp tools/perplexity/perplexity.cpp perplexity() @ 050fc7f3
 */
export function llamacppWindows(
  tokens: readonly number[],
  length: number,
  bosTokenId?: number | undefined,
): TokenRequest[] {
  const first = Math.floor(length / 2);
  return chunks(tokens, length, Infinity).map((chunk) => {
    const input = bosTokenId === undefined ? chunk : [bosTokenId, ...chunk.slice(1)];
    return { context: input.slice(0, first + 1), continuation: input.slice(first + 1) };
  });
}

function chunks(tokens: readonly number[], length: number, limit: number): (readonly number[])[] {
  const count = Math.min(limit, Math.floor(tokens.length / length));
  return Array.from({ length: count }, (_, i) => tokens.slice(i * length, (i + 1) * length));
}
