/** @file LAMBADA by generation as tasks beside those of the registry: a model must write, so they are no requests. */
import { docHash } from './doc-hash.ts';
import { evaluateGeneratedWords, type Generate, type GenerateWordsOptions } from './generated-words.ts';
import { accuracy } from './metrics/accuracy.ts';
import type { TaskResult } from './score-task.ts';
import type { Task } from './task.ts';
import { type LambadaRow, lambadaOpenai } from './tasks/lambada-openai/task.ts';
import { lambadaStandard } from './tasks/lambada-standard/task.ts';
import type { EvalTokenizer } from './tokenizer.ts';

/** A task whose answer is the first word that a model writes. */
export interface GeneratedTask {
  /** Such as `lambada_openai_generated`. */
  readonly name: string;
  readonly version: string;
  /** Where its rows are. */
  readonly source: Task<LambadaRow>;
}

/** Every task by generation, by name. The definition is ours (`evaluateGeneratedWords`). */
export const GENERATED_TASKS: ReadonlyMap<string, GeneratedTask> = new Map(
  [lambadaOpenai, lambadaStandard].map((source): [string, GeneratedTask] => {
    const name = `${source.name}_generated`;
    return [name, { name, version: 'bitcliff-1', source }];
  }),
);

/**
 * Judge what one model writes. The result is like that of other tasks, with what was generated in its samples, and the metric `exact_match`.
 * @param rows of `task.source`, at least one
 * @throws {ShapeError} when `generate` gives another number of texts than it got prompts
 * @throws {InvalidInputError} on no rows, or an empty context without a prefix token
 */
export async function evaluateGeneratedTask(
  { name, version, source }: GeneratedTask,
  rows: readonly LambadaRow[],
  tokenizer: EvalTokenizer,
  generate: Generate,
  options: GenerateWordsOptions,
): Promise<TaskResult> {
  const { words } = await evaluateGeneratedWords(rows, tokenizer, generate, options);
  const samples = words.map(({ text, correct, promptTokens, tokens }, index) => {
    const item = source.buildItem(rows[index]!);
    return {
      index,
      docHash: docHash(item),
      contextTokens: [promptTokens],
      continuationTokens: [tokens],
      logProbs: [],
      isGreedy: [],
      prediction: null,
      gold: null,
      correct,
      predictionNorm: null,
      correctNorm: null,
      margin: null,
      choiceChars: [],
      choiceBytes: [],
      words: null,
      bytes: null,
      cluster: item.cluster ?? null,
      generated: text,
    };
  });
  return {
    task: name,
    version,
    headline: 'exact_match',
    n: rows.length,
    truncated: words.filter(({ truncated }) => truncated).length,
    continuationsCut: 0,
    nearTies: null,
    metrics: { exact_match: accuracy.aggregate(samples) },
    samples,
  };
}
