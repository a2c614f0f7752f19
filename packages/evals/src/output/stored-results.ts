/** @file The two kinds of files of an evaluation: `results.json`, and one `samples_<task>.jsonl` per task (eval-spec §7). */
import { z } from 'zod';
import type { RowsProvenance } from '../data/load-task-rows.node.ts';
import type { Profile } from '../profile.ts';
import type { TaskResult } from '../score-task.ts';
import type { Sample } from '../scoring/sample.ts';

/** Numbers that JSON cannot hold are written as strings. */
const number = z.union([
  z.number(),
  z.enum(['Infinity', '-Infinity']).transform((text): number => (text === 'Infinity' ? Infinity : -Infinity)),
]);
const count = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One line of a samples file. */
export const sampleSchema: z.ZodType<Sample> = z.object({
  index: count,
  docHash: sha256,
  contextTokens: z.array(count),
  continuationTokens: z.array(count),
  logProbs: z.array(number),
  isGreedy: z.array(z.boolean()),
  prediction: count.nullable(),
  gold: count.nullable(),
  correct: z.boolean(),
  predictionNorm: count.nullable(),
  correctNorm: z.boolean().nullable(),
  margin: number.nullable(),
  choiceChars: z.array(count),
  choiceBytes: z.array(count),
  words: count.nullable(),
  bytes: count.nullable(),
  cluster: z.string().nullable(),
  generated: z.string().optional(),
});

const taskSchema = z.object({
  task: z.string().regex(/^[\w-]{1,64}$/), // becomes a file name
  version: z.string(),
  headline: z.string(),
  n: count,
  truncated: count,
  continuationsCut: count,
  nearTies: count.nullable(),
  metrics: z.record(z.string(), z.object({ value: number, stderr: number.nullable() })),
  data: z.object({
    files: z.array(z.object({ name: z.string(), sha256 })),
    layout: z.enum(['jsonl', 'parquet', 'jsonlLabels', 'csv', 'xml', 'lineGroups', 'text']),
    dataset: z.string().nullable(),
    revision: z.string().nullable(),
    rowsInFile: count,
    rowsUsed: count,
    limit: count.nullable(),
    seed: count.nullable(),
    skipped: z.array(z.object({ line: count, path: z.string().optional(), problem: z.string() })),
  }),
});

/** Contents of `results.json`. */
export interface StoredResults {
  readonly format: 'bitcliff-eval';
  readonly formatVersion: 1;
  /** The program that definitions follow. */
  readonly harness: string;
  readonly profile: Profile;
  /** `baseline` or a recipe's name. */
  readonly variant: string;
  /** The recipe as it was applied; null for the baseline. */
  readonly recipe: unknown;
  readonly model: {
    readonly id: string;
    /** Hex SHA-256 over the files of the checkpoint, and of its tokenizer. */
    readonly sha256: string;
    readonly tokenizerSha256: string | null;
  };
  readonly settings: {
    /** null: the tokenizer's default. */
    readonly addBos: boolean | null;
    readonly prefixTokenId: number | null;
    /** The tokenizer puts special tokens behind texts, where they are scored. */
    readonly appendsSpecialTokens: boolean;
    readonly maxLength: number;
    readonly rollingBos: 'once' | 'lmeval';
    readonly softmax: string;
    /** Replicates of the literal bootstrap; null: the delta method. */
    readonly bootstrapIterations: number | null;
  };
  /** Versions, backends, threads. */
  readonly engine: Readonly<Record<string, unknown>>;
  /** Of the whole run: all variants and tasks are scored together. */
  readonly seconds: { readonly prepare: number; readonly score: number };
  /** Tokens of all requests and variants, a shared prefix counted for each request, per second of scoring. */
  readonly tokensPerSecond: number;
  readonly tasks: readonly (Omit<TaskResult, 'samples'> & { readonly data: RowsProvenance })[];
}

/** `results.json`. */
export const resultsSchema: z.ZodType<StoredResults> = z.object({
  format: z.literal('bitcliff-eval'),
  formatVersion: z.literal(1),
  harness: z.string(),
  profile: z.enum(['lmeval', 'classic']),
  variant: z.string(),
  recipe: z.unknown(),
  model: z.object({ id: z.string(), sha256, tokenizerSha256: sha256.nullable() }),
  settings: z.object({
    addBos: z.boolean().nullable(),
    prefixTokenId: count.nullable(),
    appendsSpecialTokens: z.boolean(),
    maxLength: count,
    rollingBos: z.enum(['once', 'lmeval']),
    softmax: z.string(),
    bootstrapIterations: count.nullable(),
  }),
  engine: z.record(z.string(), z.unknown()),
  seconds: z.object({ prepare: z.number(), score: z.number() }),
  tokensPerSecond: z.number(),
  tasks: z.array(taskSchema),
});
