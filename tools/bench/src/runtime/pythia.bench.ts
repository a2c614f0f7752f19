/** @file What running a model of Pythia-160M's shape costs. Random weights: only the shape matters. */
import { createRng, Tensor } from '@bitcliff/core';
import { OnnxGraph } from '@bitcliff/formats/onnx';
import { resolveRecipes } from '@bitcliff/quantize';
import {
  type Checkpoint,
  createEngine,
  type Engine,
  type EngineOptions,
  type ScoreRequest,
} from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import * as ort from 'onnxruntime-node';
import type { Benchmark } from '../benchmark.ts';
import { type Contender, type Interleaved, type InterleaveOptions, interleave } from '../interleave.ts';
import { plainRequests } from './plain-requests.ts';
import { hellaswagRequests } from './random-llama.ts';
import { PYTHIA_160M, tokenFlops, writeRandomNeox } from './random-neox.ts';

const ROWS = 2;
const ROW = 512;

/** Sequences of 512 tokens. @param every score each position, or the last one only */
function sequences(every: boolean): ScoreRequest[] {
  const rng = createRng(5);
  const tokens = (n: number): number[] => Array.from({ length: n }, () => rng.int(PYTHIA_160M.vocabulary));
  return Array.from({ length: ROWS }, () =>
    every
      ? { context: tokens(1), continuation: tokens(ROW) }
      : { context: tokens(ROW), continuation: tokens(1) },
  );
}

const last = async (engine: Engine, requests: readonly ScoreRequest[]): Promise<number> =>
  (await engine.score(requests)).at(-1)!.scores.at(-1)!.logProb;

/** Make engines, run contenders, free the engines. */
async function withEngines<K extends string>(
  folder: string,
  options: Record<K, Partial<EngineOptions>>,
  run: (engines: Record<K, Engine>, checkpoint: Checkpoint) => Promise<Interleaved>,
): Promise<Interleaved> {
  await writeRandomNeox(folder, PYTHIA_160M);
  const checkpoint = await openCheckpoint(folder);
  const engines: [K, Engine][] = [];
  for (const [name, own] of Object.entries(options) as [K, Partial<EngineOptions>][])
    engines.push([name, await createEngine(checkpoint, { ort, threads: 2, ...own })]);
  try {
    return await run(Object.fromEntries(engines) as Record<K, Engine>, checkpoint);
  } finally {
    for (const [, engine] of engines) await engine.dispose();
    await checkpoint.close();
  }
}

const only = (recipe: string): Partial<EngineOptions> => ({
  recipes: resolveRecipes([recipe]),
  baseline: false,
});

/** f32 products of ONNX Runtime with constant weights, [512, 768] × [768, 3072], as many as make the useful operations of scoring. */
async function products(): Promise<Contender> {
  const { hidden: H } = PYTHIA_160M;
  const graph = new OnnxGraph('product');
  const x = graph.input('x', 'F32', ['S', H]);
  const w = graph.constant('w', new Tensor('F32', [H, 4 * H], new Float32Array(4 * H * H).fill(0.01)), {
    external: true,
  });
  graph.node('MatMul', [x, w], { outputs: ['y'] });
  graph.output('y', 'F32', ['S', 4 * H]);
  const session = await ort.InferenceSession.create(graph.encode({ opset: 21 }), {
    intraOpNumThreads: 2,
    externalData: graph.externalData,
  });
  const input = new ort.Tensor('float32', new Float32Array(ROW * H).fill(0.5), [ROW, H]);
  const count = Math.round((ROWS * ROW * tokenFlops(PYTHIA_160M, true)) / (2 * ROW * H * 4 * H));
  return async () => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += ((await session.run({ x: input })).y!.data as Float32Array)[0]!;
    return sum;
  };
}

const rounds = (options: InterleaveOptions): InterleaveOptions => ({
  ...options,
  rounds: options.rounds ?? 9,
  warmups: options.warmups ?? 1,
});

/** Scoring against the bare product. */
export const scoreEveryPosition: Benchmark = {
  name: 'pythia-peak',
  title: `f32, every position of ${ROWS} × ${ROW} tokens, 12 layers × 768, vocabulary 50304`,
  baseline: 'the same number of operations in bare f32 products of ONNX Runtime',
  targets: { 'engine.score': 0.7 },
  run: (folder, options) =>
    withEngines(folder, { f32: {} }, async ({ f32 }) => {
      const requests = sequences(true);
      const contenders = { products: await products(), 'engine.score': () => last(f32, requests) };
      return interleave(contenders, 'products', rounds(options));
    }),
};

/** W8A8 against f32: blocks alone, and with the vocabulary, which stays in f32. */
export const scoreInt8: Benchmark = {
  name: 'pythia-int8',
  title: `w8a8, ${ROWS} × ${ROW} tokens, 12 layers × 768, one position scored in each row`,
  baseline: 'f32',
  targets: { w8a8: 2.2 },
  run: (folder, options) =>
    withEngines(folder, { f32: {}, w8a8: only('w8a8') }, ({ f32, w8a8 }) => {
      const requests = sequences(false);
      const contenders = { f32: () => last(f32, requests), w8a8: () => last(w8a8, requests) };
      return interleave(contenders, 'f32', rounds(options));
    }),
};

/** The same with every position scored. */
export const scoreInt8EveryPosition: Benchmark = {
  name: 'pythia-int8-every-position',
  title: `w8a8, every position of ${ROWS} × ${ROW} tokens; the vocabulary is f32 in both`,
  baseline: 'f32',
  run: (folder, options) =>
    withEngines(folder, { f32: {}, w8a8: only('w8a8') }, ({ f32, w8a8 }) => {
      const requests = sequences(true);
      const contenders = { f32: () => last(f32, requests), w8a8: () => last(w8a8, requests) };
      return interleave(contenders, 'f32', rounds(options));
    }),
};

const ITEMS = 8;

/** Items of four choices: the plain way, and ours in f32 and W8A8. */
export const hellaswag: Benchmark = {
  name: 'pythia-hellaswag',
  title: `${ITEMS} items of 4 choices, contexts of 20 to 100 tokens, choices of 5 to 40`,
  baseline: 'each choice alone, padded, logits at every position, in f32',
  targets: { f32: 3 },
  run: (folder, options) =>
    withEngines(
      folder,
      { plain: { rowLength: 1, sharePrefixes: false }, f32: {}, w8a8: only('w8a8') },
      ({ plain, f32, w8a8 }) => {
        const requests = hellaswagRequests(ITEMS);
        const items = Array.from({ length: ITEMS }, (_, i) => ({ start: 4 * i, end: 4 * i + 4 }));
        const padded = plainRequests(requests, items);
        const contenders = {
          plain: () => last(plain, padded),
          f32: () => last(f32, requests),
          w8a8: () => last(w8a8, requests),
        };
        return interleave(contenders, 'plain', { ...rounds(options), rounds: options.rounds ?? 5 });
      },
    ),
};

/** Three recipes beside each other against one. */
export const lockstep: Benchmark = {
  name: 'pythia-lockstep',
  title: `3 weight-only recipes in lockstep, ${ROWS} × ${ROW} tokens`,
  baseline: 'one of them',
  targets: { three: 1 / 3.3 },
  run: (folder, options) => {
    const [recipe] = resolveRecipes(['w4']);
    const roomy = { memoryBudget: 6 * 2 ** 30 }; // all blocks stay: two rows are too few to pay for reading them again
    const three = ['a', 'b', 'c'].map((name) => ({ ...recipe!, name }));
    const options3 = {
      one: { ...only('w4'), ...roomy },
      three: { recipes: three, baseline: false, ...roomy },
    };
    return withEngines(folder, options3, (engines) => {
      const requests = sequences(false);
      const contenders = {
        one: () => last(engines.one, requests),
        three: () => last(engines.three, requests),
      };
      return interleave(contenders, 'one', rounds(options));
    });
  },
};

/** Twice the items. */
export const linear: Benchmark = {
  name: 'pythia-linear',
  title: `${2 * ITEMS} items of 4 choices`,
  baseline: `${ITEMS} items`,
  targets: { double: 1 / 2.1 },
  run: (folder, options) =>
    withEngines(folder, { f32: {} }, ({ f32 }) => {
      const [single, double] = [
        hellaswagRequests(ITEMS),
        [...hellaswagRequests(ITEMS), ...hellaswagRequests(ITEMS)],
      ];
      const contenders = { single: () => last(f32, single), double: () => last(f32, double) };
      return interleave(contenders, 'single', rounds(options));
    }),
};

/** The standard statistics at the inputs of all roles. */
export const taps: Benchmark = {
  name: 'pythia-taps',
  title: `trace with the standard statistics at the inputs of all roles, ${ROWS} × ${ROW} tokens`,
  baseline: 'trace without any',
  targets: { f32: 1 / 1.25 },
  run: (folder, options) =>
    withEngines(folder, { f32: {} }, ({ f32 }) => {
      const rows = sequences(false).map(({ context }) => context);
      const contenders = {
        none: async () => (await f32.trace(rows, { points: [] })).length,
        f32: async () => (await f32.trace(rows)).length,
      };
      return interleave(contenders, 'none', rounds(options));
    }),
};

/** Reading the model and making its graphs. */
export const loading: Benchmark = {
  name: 'pythia-loading',
  title: 'a new engine and its first score of one token',
  baseline: `the score of ${ITEMS} items of 4 choices; 2000 items take ${2000 / ITEMS} times as long`,
  targets: { 'f32 and w8a8': ITEMS / 2000 / 0.1 },
  run: (folder, options) =>
    withEngines(folder, { warm: { recipes: resolveRecipes(['w8a8']) } }, ({ warm }, checkpoint) => {
      const requests = hellaswagRequests(ITEMS);
      const one = [{ context: [1], continuation: [2] }];
      const contenders = {
        items: () => last(warm, requests),
        'f32 and w8a8': async () => {
          const engine = await createEngine(checkpoint, {
            ort,
            threads: 2,
            recipes: resolveRecipes(['w8a8']),
          });
          const result = await last(engine, one);
          await engine.dispose();
          return result;
        },
      };
      return interleave(contenders, 'items', rounds(options));
    }),
};

/** In the order of the README. */
export const PYTHIA: readonly Benchmark[] = [
  scoreEveryPosition,
  scoreInt8,
  scoreInt8EveryPosition,
  hellaswag,
  lockstep,
  linear,
  taps,
  loading,
];
