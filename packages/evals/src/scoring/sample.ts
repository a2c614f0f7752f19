/** What one item gave: enough to redo every statistic without the model. Plain data, fit for JSON. */
export interface Sample {
  /** Number of the item in the evaluated rows, from 0. */
  readonly index: number;
  /** Log-likelihood of each request, nats. */
  readonly logProbs: readonly number[];
  readonly isGreedy: readonly boolean[];
  /** Index of the chosen choice; null for a task without choices. */
  readonly prediction: number | null;
  /** Index of the right choice; null for a task without choices. */
  readonly gold: number | null;
  /** The prediction is right; for a task without choices, the target is the greedy continuation. */
  readonly correct: boolean;
  /** As `prediction`, with log-likelihoods per code point; null for a task without choices. */
  readonly predictionNorm: number | null;
  readonly correctNorm: boolean | null;
  /** Largest minus second largest log-likelihood, nats; null for a task without choices. */
  readonly margin: number | null;
}
