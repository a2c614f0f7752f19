/**
 * @file Trains the demo checkpoint: `node --conditions=@bitcliff/source src/train.ts --out DIR [--seed N] [--steps N]`.
 * Everything else is in `demo-config.ts`; all of it is recorded in `training.json` with the losses and accuracies measured.
 */
import './web-worker.ts';
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRng, InvalidInputError } from '@bitcliff/core';
import { encodeSafetensors } from '@bitcliff/formats';
import { init, jit, numpy as np, tree, valueAndGrad } from '@jax-js/jax';
import { fromTensors, toHubConfig, toTensors } from './checkpoint.ts';
import { packRows, type Rows, storyTexts, trainingStories } from './corpus.ts';
import {
  BATCH_ROWS,
  CORPUS_SEED,
  CORPUS_STORIES,
  createOptimizerConfig,
  HELD_OUT_SEED,
  HELD_OUT_STORIES,
  MODEL,
  ROW_LENGTH,
  TOKENIZER_STORIES,
  TRAINING_SEED,
  TRAINING_STEPS,
  VOCAB_SIZE,
} from './demo-config.ts';
import { initParams, loss, type Params, parameterCount } from './model.ts';
import { adamw, initState, learningRateAt, scheduleAt, type TrainState } from './optimizer.ts';
import { hellaSwagAccuracy, lambadaScores, meanLoss } from './scoring.ts';
import {
  createHellaSwag,
  createLambada,
  createUnseenStories,
  DEFAULT_ITEMS,
  DEFAULT_TASK_SEED,
  openingsOf,
} from './tasks.ts';
import { loadTokenizer, trainTokenizer } from './tokenizer.ts';

const LOG_EVERY = 50;

const { values: options } = parseArgs({
  options: { out: { type: 'string' }, seed: { type: 'string' }, steps: { type: 'string' } },
});
if (options.out === undefined) {
  throw new InvalidInputError({ op: 'train', problem: 'option missing', expected: '--out and a folder' });
}
const out = options.out;
const seed = Number(options.seed ?? TRAINING_SEED);
const steps = Number(options.steps ?? TRAINING_STEPS);

await init('wasm');
const stories = trainingStories();
const texts = storyTexts(stories, CORPUS_SEED + 1);
const tokenizerFiles = trainTokenizer(texts.slice(0, TOKENIZER_STORIES), VOCAB_SIZE, ROW_LENGTH);
const tokenizer = loadTokenizer(tokenizerFiles);
const rows = packRows(texts, tokenizer, ROW_LENGTH);

const seen = openingsOf(stories);
const heldOutStories = createUnseenStories(HELD_OUT_SEED, HELD_OUT_STORIES, seen);
const heldOut = packRows(storyTexts(heldOutStories, HELD_OUT_SEED + 1), tokenizer, ROW_LENGTH);

const optimizer = createOptimizerConfig(steps);
const fill = rows.weights.reduce((a, b) => a + b, 0) / rows.weights.length;
console.log(
  `${stories.length} stories, ${rows.count} rows of ${ROW_LENGTH} tokens (${(100 * fill).toFixed(1)} % used), ` +
    `${MODEL.vocabSize} pieces, ${parameterCount(MODEL)} weights, ${steps} steps of ${BATCH_ROWS} rows`,
);

/** A step's rows: tokens, texts, targets, weights. */
type Batch = [np.Array, np.Array, np.Array, np.Array];

const step = jit((state: TrainState, schedule: np.Array, ...batch: Batch) => {
  const lossOf = (params: Params, ...rest: Batch): np.Array => loss(params, ...rest, MODEL);
  const [value, grads] = valueAndGrad(lossOf)(tree.ref(state.params), ...batch);
  return { loss: value, state: adamw(state, grads as Params, schedule, optimizer) };
});

/** Rows of a step as arrays; the order is shuffled anew in every pass over the rows. */
function* batches(data: Rows): Generator<Batch> {
  const rng = createRng(seed + 1);
  const shape = [BATCH_ROWS, ROW_LENGTH];
  const gather = <A extends Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>>(
    from: A,
    to: A,
    ids: readonly number[],
  ): A => {
    for (const [i, id] of ids.entries()) {
      to.set(from.subarray(id * ROW_LENGTH, (id + 1) * ROW_LENGTH), i * ROW_LENGTH);
    }
    return to;
  };
  for (;;) {
    const order = rng.shuffle(Array.from({ length: data.count }, (_, i) => i));
    for (let i = 0; i + BATCH_ROWS <= order.length; i += BATCH_ROWS) {
      const ids = order.slice(i, i + BATCH_ROWS);
      const ints = (from: Int32Array<ArrayBuffer>): np.Array =>
        np
          .array(gather(from, new Int32Array(BATCH_ROWS * ROW_LENGTH), ids), { dtype: np.int32 })
          .reshape(shape);
      const weights = np
        .array(gather(data.weights, new Float32Array(BATCH_ROWS * ROW_LENGTH), ids))
        .reshape(shape);
      yield [ints(data.tokens), ints(data.texts), ints(data.targets), weights];
    }
  }
}

let state = initState(initParams(MODEL, createRng(seed)));
const source = batches(rows);
const curve: { step: number; loss: number }[] = [];
const started = performance.now();
let [lossSum, lossCount, lastLog] = [0, 0, started];
for (let i = 0; i < steps; i++) {
  const result = step(state, scheduleAt(i, optimizer), ...(source.next().value as Batch));
  state = result.state;
  lossSum += ((await result.loss.data()) as Float32Array)[0]!;
  lossCount++;
  if ((i + 1) % LOG_EVERY === 0 || i + 1 === steps) {
    const now = performance.now();
    const mean = lossSum / lossCount;
    const rate = (lossCount * BATCH_ROWS * ROW_LENGTH * 1000) / (now - lastLog);
    const lr = learningRateAt(i, optimizer).toExponential(2);
    console.log(`step ${i + 1}/${steps} loss ${mean.toFixed(4)} lr ${lr} ${rate.toFixed(0)} tokens/s`);
    curve.push({ step: i + 1, loss: Number(mean.toFixed(4)) });
    [lossSum, lossCount, lastLog] = [0, 0, now];
  }
}
const seconds = (performance.now() - started) / 1000;

// what is stored is what is measured: the weights rounded to F16
const tensors = await toTensors(state.params);
tree.dispose(state);
const params = fromTensors(tensors, MODEL);
const heldOutLoss = await meanLoss(params, MODEL, heldOut);
const hellaSwag = await hellaSwagAccuracy(params, MODEL, tokenizer, createHellaSwag({ seen }));
const lambada = await lambadaScores(params, MODEL, tokenizer, createLambada({ seen }));
console.log(
  `held-out loss ${heldOutLoss.toFixed(4)} nats/token, HellaSwag-like ${(100 * hellaSwag).toFixed(1)} %, ` +
    `LAMBADA-like ${(100 * lambada.accuracy).toFixed(1)} % (perplexity ${lambada.perplexity.toFixed(3)}), ${seconds.toFixed(0)} s`,
);

const training = {
  command: `node --conditions=@bitcliff/source src/train.ts --seed ${seed} --steps ${steps} --out DIR`,
  seed,
  corpus: { seed: CORPUS_SEED, stories: CORPUS_STORIES, rows: rows.count, rowLength: ROW_LENGTH },
  model: { ...MODEL, parameters: parameterCount(MODEL) },
  optimizer: { name: 'AdamW', batchRows: BATCH_ROWS, ...optimizer },
  result: {
    trainLoss: curve.at(-1)?.loss,
    heldOutLoss: Number(heldOutLoss.toFixed(5)),
    heldOut: { seed: HELD_OUT_SEED, stories: HELD_OUT_STORIES },
    tasks: {
      seed: DEFAULT_TASK_SEED,
      items: DEFAULT_ITEMS,
      hellaswagAccuracy: Number(hellaSwag.toFixed(4)),
      lambadaAccuracy: Number(lambada.accuracy.toFixed(4)),
      lambadaPerplexity: Number(lambada.perplexity.toFixed(4)),
    },
    tokens: steps * BATCH_ROWS * ROW_LENGTH,
    seconds: Math.round(seconds),
  },
  curve: curve.filter((point) => point.step % (4 * LOG_EVERY) === 0 || point.step === steps),
};
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'model.safetensors'), encodeSafetensors(tensors, { format: 'pt' }));
writeFileSync(join(out, 'config.json'), json(toHubConfig(MODEL)));
writeFileSync(join(out, 'tokenizer.json'), `${JSON.stringify(tokenizerFiles.tokenizer)}\n`);
writeFileSync(join(out, 'tokenizer_config.json'), json(tokenizerFiles.config));
writeFileSync(join(out, 'training.json'), json(training));
const bytes = readdirSync(out).reduce((sum, name) => sum + statSync(join(out, name)).size, 0);
console.log(`${out}: ${bytes} bytes`);
