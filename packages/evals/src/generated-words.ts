/**
 * @file LAMBADA by generation: the model writes, and its first word is compared. The harness's `acc` asks whether the target's own tokens are the
 * greedy ones, so a word that is spelt with other tokens is wrong there and right here (eval-spec §2).
 */
import { type LongTaskOptions, ShapeError } from '@bitcliff/core';
import { createTextEncoder, type EncodeOptions, requirePrefix } from './encode-pair.ts';
import { mean, meanStderr } from './metrics/mean.ts';
import type { MetricValue } from './metrics/metric.ts';
import type { LambadaRow } from './tasks/lambada-openai/task.ts';
import { PY_WHITESPACE, pyRstrip, pyStrip } from './text/whitespace.ts';
import { type EvalTokenizer, resolvePrefixTokenId } from './tokenizer.ts';

/** Most tokens written. */
const MAX_TOKENS = 10;
const FIRST_WORD = new RegExp(`^[^${PY_WHITESPACE}]+`);
const TRAILING_PUNCTUATION = /[.,!?;:"']+$/;

/** Continues prompts greedily (ties: the lowest id): per prompt up to `maxTokens` ids, fewer when the model writes EOS, which is left out. */
export type Generate = (
  prompts: readonly (readonly number[])[],
  options: LongTaskOptions & { readonly maxTokens: number },
) => Promise<readonly (readonly number[])[]>;

/** One passage and what the model wrote. */
export interface GeneratedWord {
  /** Everything that was generated, up to the first line break. */
  readonly text: string;
  /** Its first word, without trailing `.,!?;:"'`. */
  readonly prediction: string;
  readonly target: string;
  readonly correct: boolean;
  /** Tokens that the model read, and wrote. */
  readonly promptTokens: number;
  readonly tokens: number;
  /** The prompt lost tokens. */
  readonly truncated: boolean;
}

/** How prompts become tokens, and how long they may be. */
export interface GenerateWordsOptions extends EncodeOptions, LongTaskOptions {
  /** Longest model input, tokens, ≥ 1. */
  readonly maxLength: number;
}

/**
 * Share of passages whose last word the model writes, and the words. Prompts longer than `maxLength − 10` tokens lose tokens from the left; one
 * without tokens becomes the prefix token.
 * @throws {ShapeError} when `generate` gives another number of texts than it got prompts
 */
export async function evaluateGeneratedWords(
  rows: readonly LambadaRow[],
  tokenizer: EvalTokenizer,
  generate: Generate,
  options: GenerateWordsOptions,
): Promise<MetricValue & { readonly words: readonly GeneratedWord[] }> {
  const { maxLength, signal, onProgress } = options;
  const encode = createTextEncoder(tokenizer, options);
  const room = Math.max(1, maxLength - MAX_TOKENS);
  const prefix = resolvePrefixTokenId(tokenizer, options);
  const whole = rows.map(({ context }) => {
    const ids = encode(pyRstrip(context));
    return ids.length > 0 ? ids : [requirePrefix('evaluateGeneratedWords', prefix)];
  });
  const prompts = whole.map((ids) => ids.slice(-room));
  const answers = await generate(prompts, { maxTokens: MAX_TOKENS, signal, onProgress });
  if (answers.length !== rows.length) {
    throw new ShapeError({
      op: 'evaluateGeneratedWords',
      problem: 'texts do not match the prompts',
      expected: rows.length,
      received: answers.length,
    });
  }
  const words = rows.map(({ target }, i): GeneratedWord => {
    const ids = answers[i]!.slice(0, MAX_TOKENS);
    const text = tokenizer.decode(ids).split('\n', 1)[0]!;
    const prediction = bare(FIRST_WORD.exec(pyStrip(text))?.[0] ?? '');
    const correct = prediction !== '' && prediction === bare(target);
    const [promptTokens, truncated] = [prompts[i]!.length, whole[i]!.length > room];
    return { text, prediction, target, correct, promptTokens, tokens: ids.length, truncated };
  });
  const hits = words.map(({ correct }) => (correct ? 1 : 0));
  return { value: mean(hits), stderr: meanStderr(hits), words };
}

function bare(word: string): string {
  return word.replace(TRAILING_PUNCTUATION, '');
}
