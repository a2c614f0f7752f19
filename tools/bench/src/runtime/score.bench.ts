import { resolveRecipes } from '@bitcliff/quantize';
import { createEngine, type Engine, type Ort } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import * as onnxruntime from 'onnxruntime-node';
import type { Benchmark } from '../benchmark.ts';
import { interleave } from '../interleave.ts';
import { hellaswagRequests, writeRandomLlama } from './random-llama.ts';

const WIDTH = 384;
const LAYERS = 4;
const ITEMS = 16;

const score = async (engine: Engine, requests: ReturnType<typeof hellaswagRequests>): Promise<number> =>
  (await engine.score(requests)).at(-1)!.scores.at(-1)!.logProb;

/** Shared contexts in full rows, against a row for each choice; the same engine and the same scores. */
export const packing: Benchmark = {
  name: 'packing',
  title: `${ITEMS} items of 4 choices, ${LAYERS} layers × ${WIDTH}`,
  baseline: 'each choice in a row of its own',
  async run(folder, options) {
    await writeRandomLlama(folder, WIDTH, LAYERS);
    const checkpoint = await openCheckpoint(folder);
    const requests = hellaswagRequests(ITEMS);
    const alone = await createEngine(checkpoint, { ort: onnxruntime, rowLength: 1, sharePrefixes: false });
    const unshared = await createEngine(checkpoint, { ort: onnxruntime, sharePrefixes: false });
    const packed = await createEngine(checkpoint, { ort: onnxruntime });
    const contenders = {
      alone: () => score(alone, requests),
      'full rows': () => score(unshared, requests),
      'full rows, shared contexts': () => score(packed, requests),
    };
    const result = await interleave(contenders, 'alone', { ...options, rounds: options.rounds ?? 9 });
    for (const engine of [alone, unshared, packed]) await engine.dispose();
    await checkpoint.close();
    return result;
  },
};

/** The part of the engine's session options that is changed here. */
interface ExtraOptions {
  readonly extra: { readonly session: Readonly<Record<string, unknown>> };
}

/** ONNX Runtime with the engine's options, but for the threads of idle sessions. */
const spinning: Ort = {
  ...onnxruntime,
  InferenceSession: {
    create: (model, options) => {
      const { session } = (options as unknown as ExtraOptions).extra;
      return onnxruntime.InferenceSession.create(model, {
        ...options,
        extra: { session: { ...session, intra_op: { allow_spinning: '1' } } },
      });
    },
  },
};

/** Three variants in lockstep, so that many loaded graphs take turns. */
export const idleThreads: Benchmark = {
  name: 'idle-threads',
  title: `baseline, w8a8 and w4 in lockstep, ${ITEMS} items of 4 choices, ${LAYERS} layers × ${WIDTH}`,
  baseline: 'the same with idle threads that spin',
  async run(folder, options) {
    await writeRandomLlama(folder, WIDTH, LAYERS);
    const checkpoint = await openCheckpoint(folder);
    const requests = hellaswagRequests(ITEMS);
    const recipes = resolveRecipes(['w8a8', 'w4']);
    const waiting = await createEngine(checkpoint, { ort: onnxruntime, recipes });
    const busy = await createEngine(checkpoint, { ort: spinning, recipes });
    const contenders = {
      spinning: () => score(busy, requests),
      'engine.score': () => score(waiting, requests),
    };
    const result = await interleave(contenders, 'spinning', { ...options, rounds: options.rounds ?? 9 });
    for (const engine of [waiting, busy]) await engine.dispose();
    await checkpoint.close();
    return result;
  },
};
