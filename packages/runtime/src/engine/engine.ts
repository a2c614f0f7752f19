/**
 * @file Running a checkpoint and its quantized variants in lockstep (design.md §3–4): what there is to ask of them.
 */
import { type LongTaskOptions, UnknownNameError } from '@bitcliff/core';
import { createKernels, type Kernels } from '@bitcliff/kernels';
import type { Recipe } from '@bitcliff/quantize';
import type { Checkpoint } from '../checkpoint.ts';
import type { VocabularyOutput } from '../graph/head-graph.ts';
import { type PackedRow, packRequests, type ScoreRequest } from '../packing.ts';
import type { QuantizedBlocks } from '../quantize-model/quantized-blocks.ts';
import { longSequence } from '../rotary.ts';
import type { TapOptions, TapRecord } from '../taps.ts';
import {
  BASELINE,
  checkCalibrated,
  checkLayers,
  checkVariantNames,
  noBaseline,
  tooShort,
} from './check-options.ts';
import { checkRequests } from './check-requests.ts';
import { createScoreCollection, type VariantScores } from './collect-scores.ts';
import { createForward } from './forward.ts';
import { type Generated, type GenerateOptions, generateTokens } from './generate.ts';
import { createGraphRunners } from './graph-runner.ts';
import { createPartLoader } from './load-parts.ts';
import { planMemory } from './memory-plan.ts';
import type { Ort } from './ort.ts';
import { createResidentCache } from './resident-cache.ts';
import { finalStates, scoreHead, vocabularyParts } from './score-head.ts';
import type { Scratch } from './scratch.ts';
import type { SessionOptions } from './session.ts';
import { createTrace } from './trace.ts';

const DEFAULT_MEMORY_BUDGET = 2 * 1024 ** 3;
/** Options of {@link createEngine}. */
export interface EngineOptions extends SessionOptions {
  /** `onnxruntime-node` or `onnxruntime-web`. */
  readonly ort: Ort;
  /** Variants that run beside the baseline. @default [] */
  readonly recipes?: readonly Recipe[];
  /** What {@link quantizeModel} made of recipes that need calibration, by the name of the recipe. @default none */
  readonly quantized?: ReadonlyMap<string, QuantizedBlocks>;
  /** Kernels that quantize weights; without them the engine makes and frees its own (`createKernels()`). */
  readonly kernels?: Kernels;
  /** Tokens in a packed row. @default 512, less for models narrower than 128 */
  readonly rowLength?: number;
  /** Let requests with one context share it. @default true */
  readonly sharePrefixes?: boolean;
  /** Bytes that the process may take. @default 2 GiB */
  readonly memoryBudget?: number;
  /** Bytes of it that the caller holds while the engine runs. @default 0 */
  readonly heldByCaller?: number;
  /** Where hidden states go that do not fit the budget: `createScratchFile` of `@bitcliff/runtime/node`. @default they wait for another pass */
  readonly scratch?: () => Promise<Scratch>;
  /** Run the unquantized model too. @default true */
  readonly baseline?: boolean;
}

/** What to score. */
export interface ScoreOptions extends LongTaskOptions {
  /** Compare the next-token distributions of every variant with the baseline's. @default false */
  readonly divergence?: boolean;
  /** Blocks that are left out, 0-based: hidden states pass them as they are. @default none */
  readonly skipLayers?: readonly number[] | undefined;
}

/** A checkpoint that runs. */
export interface Engine {
  /** `baseline` unless it is left out, then the recipes in the order given. */
  readonly variants: readonly string[];
  /** Backend that quantized the weights. */
  readonly kernelBackend: string;
  /**
   * Score continuations after contexts on every variant.
   * @throws {InvalidInputError} for a token id outside the vocabulary or a request longer than the model's positions
   */
  score(requests: readonly ScoreRequest[], options?: ScoreOptions): Promise<VariantScores[]>;
  /**
   * Logits after every token of one sequence.
   * @returns f32[tokens × vocabulary] per variant
   */
  logits(
    tokens: readonly number[],
    options?: LongTaskOptions,
  ): Promise<{ variant: string; logits: Float32Array }[]>;
  /**
   * Run whole sequences and measure what goes into and out of linear layers, in every variant and layer.
   * @param sequences token ids, at least two each
   * @returns by layer, then point, then variant
   */
  trace(
    sequences: readonly (readonly number[])[],
    options?: TapOptions & LongTaskOptions,
  ): Promise<TapRecord[]>;
  /**
   * Continue a text.
   * @param prompt token ids, at least one
   * @throws {InvalidInputError} for a token id outside the vocabulary or a prompt longer than the model's positions
   */
  generate(prompt: readonly number[], options?: GenerateOptions): Promise<Generated>;
  /** Free the loaded blocks. The checkpoint stays open. */
  dispose(): Promise<void>;
}

/**
 * Prepare a checkpoint to be run. Nothing is loaded before the first call.
 * @throws {InvalidInputError} when the memory budget is too small for one block, or variants have one name
 * @example
 * import * as ort from 'onnxruntime-node';
 * const engine = await createEngine(await openCheckpoint(folder), { ort, recipes: resolveRecipes(['w8a8']) });
 * const [baseline, w8a8] = await engine.score([{ context: [1, 5, 9], continuation: [4] }]);
 */
export async function createEngine(checkpoint: Checkpoint, options: EngineOptions): Promise<Engine> {
  const { ort, recipes = [], sharePrefixes = true, baseline = true } = options;
  const { spec } = checkpoint;
  const { hiddenSize: H, vocabularySize } = spec;
  const { width } = spec.embedding;
  const rowLength = options.rowLength ?? defaultRowLength(H);
  const variants = [...(baseline ? [null] : []), ...recipes];
  const names = variants.map((recipe) => recipe?.name ?? BASELINE);
  checkVariantNames(names);
  for (const recipe of recipes) checkCalibrated(checkpoint, recipe, options.quantized);
  const plan = planMemory(checkpoint, options.memoryBudget ?? DEFAULT_MEMORY_BUDGET, {
    variants: variants.length,
    rowLength,
    heldByCaller: options.heldByCaller,
  });

  const ownKernels = options.kernels === undefined ? await createKernels() : undefined;
  const kernels = options.kernels ?? ownKernels!;
  const runners = createGraphRunners(ort, { ...options, keepMemory: plan.graphsKeepMemory });
  const loaded = variants.map((recipe) => recipe && { recipe, blocks: options.quantized?.get(recipe.name) });
  const loader = createPartLoader(checkpoint, loaded, { ort, runners, kernels });
  const cache = createResidentCache(plan.resident);
  const forward = createForward({
    ort,
    checkpoint,
    loader,
    cache,
    variants: variants.length,
    plan,
    scratch: options.scratch,
  });
  /** One row for each sequence. */
  const rowsOf = (sequences: readonly (readonly number[])[]): PackedRow[] => {
    const requests = sequences.map((context) => ({ context, continuation: [0] }));
    checkRequests(requests, checkpoint);
    return packRequests(requests, { rowLength: 1, sharePrefixes: false });
  };
  const loadFinal = () => cache.get('final', loader.final);
  const vocabulary = (output: VocabularyOutput) =>
    vocabularyParts(vocabularySize).map(({ start, end }) => ({
      start,
      end,
      load: async () => {
        const part = await cache.get(`vocabulary from ${start}`, () => loader.vocabulary(start, end));
        return part.runner(output);
      },
    }));

  /** @param hidden f32[T × hidden], behind the last block  @returns f32[T × vocabulary] */
  const logitsOf = async (hidden: Float32Array): Promise<Float32Array> => {
    const states = await finalStates(ort, await loadFinal(), hidden, H);
    const T = hidden.length / H;
    const logits = new Float32Array(T * vocabularySize);
    for (const part of vocabulary('logits')) {
      const runner = await part.load();
      const out = await runner.run({ states: new ort.Tensor('float32', states, [T, width]) });
      const columns = part.end - part.start;
      const some = out.logits!.data as Float32Array; // [T, columns]
      for (let t = 0; t < T; t++)
        logits.set(some.subarray(t * columns, (t + 1) * columns), t * vocabularySize + part.start);
    }
    return logits;
  };

  return {
    variants: names,
    kernelBackend: kernels.backend,

    async score(requests, task = {}) {
      checkRequests(requests, checkpoint);
      const divergence = task.divergence ?? false;
      if (divergence && !baseline) throw noBaseline('score', 'divergence');
      checkLayers(task.skipLayers ?? [], spec.layers);
      const scores = createScoreCollection(names, requests.length, { divergence, path: checkpoint.path });
      const rows = packRequests(requests, {
        rowLength,
        sharePrefixes,
        longSequence: longSequence(spec.positions),
      });
      const compares = divergence && variants.length > 1;
      const pass = { ...task, phase: 'score', scoredOnly: true };
      await forward.run(rows, pass, async (wave, hidden, kept) => {
        const input = {
          rows: wave,
          hidden,
          kept,
          hiddenSize: H,
          width,
          variants: variants.length,
          final: await loadFinal(),
          vocabulary: vocabulary(compares ? 'divergence' : 'scores'),
          divergence: compares,
          batch: forward.headPositions,
        };
        await scoreHead(ort, input, scores.put);
      });
      return scores.finish();
    },

    async logits(tokens, task = {}) {
      const T = tokens.length;
      const rows = rowsOf([tokens]);
      const results: { variant: string; logits: Float32Array }[] = [];
      await forward.run(rows, { ...task, phase: 'logits' }, async (_, hidden) => {
        for (const [v, variant] of names.entries()) {
          const states = (await hidden.read(v, 0)).subarray(0, T * H);
          results.push({ variant, logits: await logitsOf(states) });
        }
      });
      return results;
    },

    async trace(sequences, task = {}) {
      const short = sequences.findIndex((sequence) => sequence.length < 2);
      if (short !== -1) throw tooShort(short, sequences[short]!.length);
      if (task.propagate === false && !baseline) throw noBaseline('trace', 'propagate: false');
      const rows = rowsOf(sequences);
      const lengths = sequences.map((sequence) => sequence.length);
      const { linears } = checkpoint.layout.block(0);
      const options = { ...task, ort, baseline, layers: spec.layers, linears };
      const collected = createTrace(names, options, lengths);
      await forward.run(rows, { ...task, phase: 'trace', observer: collected.observer }, async () => {});
      return collected.records();
    },

    async generate(prompt, task = {}) {
      checkRequests([{ context: prompt, continuation: [0] }], checkpoint);
      const name = task.variant ?? names.at(-1)!;
      const variant = names.indexOf(name);
      if (variant === -1) throw new UnknownNameError({ op: 'generate', kind: 'variant', name, known: names });
      const parts = {
        ort,
        checkpoint,
        variant,
        memory: plan.hidden,
        embedding: () => cache.get('embedding', loader.embedding),
        block: (layer: number) => cache.get(`block ${layer}`, () => loader.block(layer)),
        logits: logitsOf,
      };
      return { variant: name, ...(await generateTokens(parts, prompt, task)) };
    },

    async dispose() {
      cache.clear();
      await runners.dispose();
      await ownKernels?.dispose();
    },
  };
}

/**
 * Attention costs a token about 4·S·H operations and the linear layers about 24·H²: rows of at most 4·H keep attention from costing more
 * than they do, and 512 tokens keep two cores busy.
 */
function defaultRowLength(hiddenSize: number): number {
  return Math.min(512, Math.max(128, 4 * hiddenSize));
}
