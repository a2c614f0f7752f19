/**
 * @file LAMBADA by generation: the model writes, and its first word is compared. The harness's `acc` asks whether the target's own tokens are the
 * greedy ones, so a word that is spelt with other tokens is wrong there and right here (eval-spec §2).
 */
import { type LongTaskOptions, ShapeError } from '@bitcliff/core';
import { createTextEncoder, type EncodeOptions } from './encode-pair.ts';
import { mean, meanStderr } from './metrics/mean.ts';
import type { MetricValue } from './metrics/metric.ts';
import type { LambadaRow } from './tasks/lambada-openai/task.ts';
import { PY_WHITESPACE, pyRstrip, pyStrip } from './text/whitespace.ts';
import type { EvalTokenizer } from './tokenizer.ts';

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
}

/**
 * Share of passages whose last word the model writes, and the words. Prompts longer than `maxLength − 10` tokens lose tokens from the left.
 * @throws {ShapeError} when `generate` gives another number of texts than it got prompts
 */
export async function evaluateGeneratedWords(
  rows: readonly LambadaRow[],
  tokenizer: EvalTokenizer,
  generate: Generate,
  options: EncodeOptions & LongTaskOptions & { readonly maxLength: number },
): Promise<MetricValue & { readonly words: readonly GeneratedWord[] }> {
  const { maxLength, signal, onProgress } = options;
  const encode = createTextEncoder(tokenizer, options);
  const room = Math.max(1, maxLength - MAX_TOKENS);
  const prompts = rows.map(({ context }) => encode(pyRstrip(context)).slice(-room));
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
    const text = tokenizer.decode(answers[i]!.slice(0, MAX_TOKENS)).split('\n', 1)[0]!;
    const prediction = bare(FIRST_WORD.exec(pyStrip(text))?.[0] ?? '');
    return { text, prediction, target, correct: prediction !== '' && prediction === bare(target) };
  });
  const hits = words.map(({ correct }) => (correct ? 1 : 0));
  return { value: mean(hits), stderr: meanStderr(hits), words };
}

function bare(word: string): string {
  return word.replace(TRAILING_PUNCTUATION, '');
}
