import { decoderLogits, type ModelConfig, type Params } from '@bitcliff/pretrain';
import type { Tokenizer } from '@huggingface/tokenizers';
import { jit, nn, numpy as np, tree } from '@jax-js/jax';
import { type Request, TASK_ITEMS } from './task-items.ts';
import { encode } from './tokenizer.ts';

const BATCH = 32;

/** One task's score. */
export interface TaskScore {
  readonly task: string;
  /** Share of right choices, of greedy last words, or for paralex exp of the log-probability per byte; 0 to 1. */
  readonly score: number;
  readonly metric: 'accuracy' | 'exact match' | 'likelihood per byte';
  /** What guessing scores; undefined where that means nothing. */
  readonly chance: number | undefined;
  readonly items: number;
}

/** A request's sum of log-probabilities in nats, and whether greedy decoding gives its continuation. */
interface RequestScore {
  readonly logProb: number;
  readonly greedy: boolean;
}

/** Score toy tasks with the training's own model in float32. Does not consume the weights. */
export async function measureTasks(
  params: Params,
  model: ModelConfig,
  tokenizer: Tokenizer,
  { seed, items: count }: { seed: number; items: number },
): Promise<TaskScore[]> {
  const scores: TaskScore[] = [];
  for (const [task, makeItems] of Object.entries(TASK_ITEMS)) {
    const items = makeItems(seed, count);
    const flat = items.flatMap(({ requests }) => requests);
    const results = await scoreRequests(params, model, tokenizer, flat);
    let at = 0;
    let [right, logProb, bytes] = [0, 0, 0];
    for (const { requests, gold } of items) {
      const own = results.slice(at, at + requests.length);
      at += requests.length;
      const logProbs = own.map((r) => r.logProb);
      if (gold === undefined ? own[0]!.greedy : logProbs.indexOf(Math.max(...logProbs)) === gold) right++;
      logProb += logProbs[0]!;
      bytes += requests[0]![1].length - 1; // ASCII, without the delimiter
    }
    const choices = items[0]!.requests.length;
    scores.push({
      task,
      score: task === 'paralex' ? Math.exp(logProb / bytes) : right / items.length,
      metric: task === 'paralex' ? 'likelihood per byte' : choices === 1 ? 'exact match' : 'accuracy',
      chance: choices === 1 ? undefined : 1 / choices,
      items: items.length,
    });
  }
  return scores;
}

async function scoreRequests(
  params: Params,
  model: ModelConfig,
  tokenizer: Tokenizer,
  requests: readonly Request[],
): Promise<RequestScore[]> {
  const encoded = requests.map(([context, continuation]) => {
    const kept = context.trimEnd(); // spaces go to the continuation
    const ids = encode(tokenizer, context + continuation);
    return { ids, begin: encode(tokenizer, kept).length - 1 };
  });
  const T = Math.max(...encoded.map(({ ids }) => ids.length)) - 1;
  const run = jit(
    (p: Params, tokens: np.Array, documents: np.Array, positions: np.Array, targets: np.Array) => {
      const pass = { precision: 'f32', normPrecision: 'f32' } as const;
      const logProbs = nn.logSoftmax(decoderLogits(p, { tokens, documents, positions }, model, pass), -1);
      const best = np.max(logProbs.ref, -1);
      const picked = np.sum(logProbs.mul(nn.oneHot(targets, model.vocabularySize)), -1);
      return [picked.ref, picked.greaterEqual(best).astype(np.float32)];
    },
  );
  const results: RequestScore[] = [];
  for (let begin = 0; begin < encoded.length; begin += BATCH) {
    const batch = encoded.slice(begin, begin + BATCH);
    const ints = (value: (row: number, t: number) => number): np.Array => {
      const data = Int32Array.from({ length: BATCH * T }, (_, i) => value(Math.floor(i / T), i % T));
      return np.array(data, { dtype: np.int32 }).reshape([BATCH, T]);
    };
    const [a, b] = run(
      tree.ref(params),
      ints((r, t) => batch[r]?.ids[t] ?? 0),
      ints(() => 1),
      ints((_, t) => t),
      ints((r, t) => batch[r]?.ids[t + 1] ?? 0),
    ) as [np.Array, np.Array];
    const [logProbs, greedy] = [(await a.data()) as Float32Array, (await b.data()) as Float32Array];
    batch.forEach(({ ids, begin }, r) => {
      const range = [r * T + begin, r * T + ids.length - 1] as const;
      results.push({
        logProb: logProbs.subarray(...range).reduce((x, y) => x + y, 0),
        greedy: greedy.subarray(...range).every((x) => x === 1),
      });
    });
  }
  run.dispose();
  return results;
}
