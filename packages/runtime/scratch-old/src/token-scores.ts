/** What the model says of a sequence of T tokens. */
export interface TokenScores {
  /** log p(ids[t + 1] | ids[0..t]), natural logarithm, T − 1 numbers. */
  readonly tokenLogProbs: readonly number[];
  /** Place of ids[t + 1] among all tokens, 1 is the most probable. */
  readonly ranks: readonly number[];
  /** The most probable token after each token, T ids; the lowest id among equals. */
  readonly argmax: readonly number[];
  /** exp(−mean of tokenLogProbs); `null` for a single token. */
  readonly perplexity: number | null;
}

/**
 * Score the tokens of one sequence from the logits after each of them, with the log-softmax in float64.
 * @param ids T token ids  @param logits f32[T × vocabulary], as `Engine.logits` gives them
 * @example
 * const [baseline] = await engine.logits(ids);
 * scoreTokens(ids, baseline.logits).perplexity;
 */
export function scoreTokens(ids: readonly number[], logits: Float32Array): TokenScores {
  const V = logits.length / ids.length;
  const tokenLogProbs: number[] = [];
  const ranks: number[] = [];
  const argmax: number[] = [];
  for (let t = 0; t < ids.length; t++) {
    const row = logits.subarray(t * V, (t + 1) * V);
    let best = 0;
    for (let v = 1; v < V; v++) if (row[v]! > row[best]!) best = v;
    argmax.push(best);
    const next = ids[t + 1];
    if (next === undefined) continue;
    const max = row[best]!;
    let sum = 0;
    let rank = 1;
    for (const logit of row) {
      sum += Math.exp(logit - max);
      if (logit > row[next]!) rank++;
    }
    tokenLogProbs.push(row[next]! - max - Math.log(sum));
    ranks.push(rank);
  }
  const total = tokenLogProbs.reduce((sum, logProb) => sum + logProb, 0);
  const perplexity = tokenLogProbs.length === 0 ? null : Math.exp(-total / tokenLogProbs.length);
  return { tokenLogProbs, ranks, argmax, perplexity };
}
