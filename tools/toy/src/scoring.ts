/** @file Loss and task accuracy of a model in jax-js; the package `@bitcliff/evals` is the reference for the latter. */
import type { Tokenizer } from '@huggingface/tokenizers';
import { jit, nn, numpy as np, tree } from '@jax-js/jax';
import type { Rows } from './corpus.ts';
import { forward, type ModelConfig, type Params } from './model.ts';
import type { HellaSwagRow, LambadaRow } from './tasks.ts';
import { encode } from './tokenizer.ts';

const BATCH = 16;

/** Log-probability of every target, and whether it is the likeliest piece. */
interface TargetScores {
  /** f32[count, length], nats */
  readonly logProbs: Float32Array;
  /** f32[count, length], 1 or 0 */
  readonly greedy: Float32Array;
}

/** Score all rows. Does not consume the weights. */
async function scoreTargets(params: Params, config: ModelConfig, rows: Rows): Promise<TargetScores> {
  const { count, length } = rows;
  const run = jit((p: Params, tokens: np.Array, texts: np.Array, targets: np.Array) => {
    const logProbs = nn.logSoftmax(forward(p, tokens, texts, config), -1);
    const best = np.max(logProbs.ref, -1);
    const picked = np.sum(logProbs.mul(nn.oneHot(targets, config.vocabSize)), -1);
    return [picked.ref, picked.greaterEqual(best).astype(np.float32)];
  });
  const logProbs = new Float32Array(count * length);
  const greedy = new Float32Array(count * length);
  for (let begin = 0; begin < count; begin += BATCH) {
    const slice = (data: Int32Array): np.Array => {
      const batch = new Int32Array(BATCH * length);
      batch.set(data.subarray(begin * length, (begin + BATCH) * length));
      return np.array(batch, { dtype: np.int32 }).reshape([BATCH, length]);
    };
    const [a, b] = run(tree.ref(params), slice(rows.tokens), slice(rows.texts), slice(rows.targets)) as [
      np.Array,
      np.Array,
    ];
    const used = Math.min(BATCH, count - begin) * length;
    logProbs.set(((await a.data()) as Float32Array).subarray(0, used), begin * length);
    greedy.set(((await b.data()) as Float32Array).subarray(0, used), begin * length);
  }
  run.dispose();
  return { logProbs, greedy };
}

/** Mean cross-entropy in nats per token over the targets that count. */
export async function meanLoss(params: Params, config: ModelConfig, rows: Rows): Promise<number> {
  const { logProbs } = await scoreTargets(params, config, rows);
  let sum = 0;
  let n = 0;
  rows.weights.forEach((weight, i) => {
    sum -= weight * logProbs[i]!;
    n += weight;
  });
  return sum / n;
}

/** Sum of log-probabilities of each continuation, and whether greedy decoding gives it. */
async function scoreContinuations(
  params: Params,
  config: ModelConfig,
  tokenizer: Tokenizer,
  pairs: readonly (readonly [context: string, continuation: string])[],
): Promise<{ logProb: number; greedy: boolean }[]> {
  const encoded = pairs.map(([context, continuation]) => ({
    ids: encode(tokenizer, context + continuation),
    begin: encode(tokenizer, context).length - 1,
  }));
  const length = Math.max(...encoded.map(({ ids }) => ids.length)) - 1;
  const rows: Rows = {
    count: pairs.length,
    length,
    tokens: new Int32Array(pairs.length * length),
    texts: new Int32Array(pairs.length * length),
    targets: new Int32Array(pairs.length * length),
    weights: new Float32Array(0),
  };
  encoded.forEach(({ ids }, r) => {
    rows.tokens.set(ids.slice(0, -1), r * length);
    rows.targets.set(ids.slice(1), r * length);
  });
  const scores = await scoreTargets(params, config, rows);
  return encoded.map(({ ids, begin }, r) => {
    const range = [r * length + begin, r * length + ids.length - 1] as const;
    return {
      logProb: scores.logProbs.subarray(...range).reduce((a, b) => a + b, 0),
      greedy: scores.greedy.subarray(...range).every((x) => x === 1),
    };
  });
}

/** HellaSwag as lm-evaluation-harness prompts it; accuracy of the likeliest ending, 0 to 1. */
export async function hellaSwagAccuracy(
  params: Params,
  config: ModelConfig,
  tokenizer: Tokenizer,
  rows: readonly HellaSwagRow[],
): Promise<number> {
  const pairs = rows.flatMap((row) =>
    row.endings.map((ending) => [`${row.activity_label}: ${row.ctx}`, ` ${ending}`] as const),
  );
  const scores = await scoreContinuations(params, config, tokenizer, pairs);
  const right = rows.filter((row, i) => {
    const four = scores.slice(4 * i, 4 * i + 4).map((s) => s.logProb);
    return four.indexOf(Math.max(...four)) === Number(row.label);
  });
  return right.length / rows.length;
}

/** LAMBADA: accuracy of greedy decoding of the last word, 0 to 1, and exp of the mean negative log-probability per word. */
export async function lambadaScores(
  params: Params,
  config: ModelConfig,
  tokenizer: Tokenizer,
  rows: readonly LambadaRow[],
): Promise<{ accuracy: number; perplexity: number }> {
  const pairs = rows.map(({ text }) => {
    const end = text.lastIndexOf(' ');
    return [text.slice(0, end), text.slice(end)] as const;
  });
  const scores = await scoreContinuations(params, config, tokenizer, pairs);
  return {
    accuracy: scores.filter((s) => s.greedy).length / rows.length,
    perplexity: Math.exp(-scores.reduce((sum, s) => sum + s.logProb, 0) / rows.length),
  };
}
