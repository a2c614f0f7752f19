/** What one item gave: enough to redo every statistic without the model. Plain data, fit for JSON. */
export interface Sample {
  /** Number of the item in the evaluated rows, from 0. */
  readonly index: number;
  /** Hex SHA-256 of the item's prompts, choices and answer: two results are compared item by item only where it agrees. */
  readonly docHash: string;
  /** Tokens of each request's context and continuation, after truncation. */
  readonly contextTokens: readonly number[];
  readonly continuationTokens: readonly number[];
  /** Log-likelihood of each request, nats. */
  readonly logProbs: readonly number[];
  readonly isGreedy: readonly boolean[];
  /** Index of the chosen choice; null for a task without choices. */
  readonly prediction: number | null;
  /** Index of the right choice; null for a task without choices. */
  readonly gold: number | null;
  /** The prediction is right; for a task without choices, the target is the greedy continuation, or was generated. */
  readonly correct: boolean;
  /** As `prediction`, with log-likelihoods per code point; null for a task without choices. */
  readonly predictionNorm: number | null;
  readonly correctNorm: boolean | null;
  /** Largest minus second largest log-likelihood, nats; null for a task without choices. */
  readonly margin: number | null;
  /** Length of each choice without delimiter, Unicode code points and UTF-8 bytes; empty for a task without choices. */
  readonly choiceChars: readonly number[];
  readonly choiceBytes: readonly number[];
  /** Words and bytes that metrics per word or byte divide by; null where the task has none. */
  readonly words: number | null;
  readonly bytes: number | null;
  /** What the item shares with others, such as a passage; null where it stands alone. */
  readonly cluster: string | null;
  /** What the model wrote, up to the first line break; only in tasks by generation. */
  readonly generated?: string | undefined;
}
