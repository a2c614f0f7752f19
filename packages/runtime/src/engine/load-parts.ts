/** @file Loading the parts of a model that the engine runs: its blocks, one graph per variant, and parts of its vocabulary. */

import { InternalError, NotFoundError } from '@bitcliff/core';
import type { Kernels, Matrix } from '@bitcliff/kernels';
import { type LinearPolicy, policyFor, quantizeLinears, type Recipe } from '@bitcliff/quantize';
import type { LinearPlace } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { type BlockParts, buildBlockGraph } from '../graph/block-graph.ts';
import { buildEmbeddingGraph } from '../graph/embedding-graph.ts';
import { buildFinalGraph, buildVocabularyGraph, type VocabularyOutput } from '../graph/head-graph.ts';
import type { GraphLinear, GraphWeights } from '../graph/linear-graph.ts';
import { buildStackGraph, type StackedBlock } from '../graph/stack-graph.ts';
import type { TapStatistics } from '../graph/tap-graph.ts';
import { type EncodedGraph, weightBytes } from '../graph/weighted-graph.ts';
import { groupLinears } from '../linear-groups.ts';
import type { QuantizedBlocks } from '../quantize-model/quantized-blocks.ts';
import type { TapPoint } from '../taps.ts';
import { transpose } from '../transpose.ts';
import {
  type BlockWeights,
  type FloatLinear,
  readBlock,
  readEmbedding,
  readHead,
  readVocabulary,
} from '../weights.ts';
import type { GraphRunner, GraphRunners } from './graph-runner.ts';
import { createPrepareInt8, type PrepareInt8 } from './int8-codes.ts';
import type { Ort } from './ort.ts';
import type { Loaded } from './resident-cache.ts';

/** What stands between the embedding table and the first block. */
export interface LoadedEmbedding {
  /** Learned positions, f32[rows × hidden]. */
  readonly positions: Float32Array | null;
  readonly runner: GraphRunner | null;
}

/** The weights of one block in every variant. */
export interface LoadedBlock {
  /** The graph of a variant. @param taps what it puts out besides; graphs are made once for each Map */
  runner(variant: number, taps?: ReadonlyMap<TapPoint, TapStatistics>): Promise<GraphRunner>;
  /** The graph of a variant that puts out kept tokens alone: see {@link BlockParts.keep}. */
  keptRunner(variant: number): Promise<GraphRunner>;
  /** The graph of a variant that keeps keys and values: see {@link KeyValueCache}. */
  cachedRunner(variant: number, cache: 'write' | 'extend'): Promise<GraphRunner>;
}

/** All blocks, as one graph for each variant. */
export interface LoadedStack {
  runner(variant: number): Promise<GraphRunner>;
}

/** The weights of a part of the vocabulary. */
export interface LoadedVocabulary {
  /** The graph of an output, made once. */
  runner(output: VocabularyOutput): Promise<GraphRunner>;
}

/** Loads parts of one checkpoint. */
export interface PartLoader {
  embedding(): Promise<Loaded<LoadedEmbedding>>;
  /** A block in every variant; its weights are read once for all of them. @param layer 0-based */
  block(layer: number): Promise<Loaded<LoadedBlock>>;
  /** Bytes that all blocks take as they are loaded as one graph for each variant; `null`: they run one by one. */
  readonly stackBytes: number | null;
  /** All blocks in every variant; weights are read once for all of them. @param beforeBlock is told of each, 0-based, and may throw */
  stack(beforeBlock: (layer: number) => void): Promise<Loaded<LoadedStack>>;
  /** What stands between the last block and the vocabulary projection. */
  final(): Promise<Loaded<GraphRunner | null>>;
  /** The token ids start to end − 1. */
  vocabulary(start: number, end: number): Promise<Loaded<LoadedVocabulary>>;
}

/** Linear weights that a stack may have: a row of 512 tokens passes it in about a second on two cores, and is not stopped before. */
const STACK_WEIGHTS = 2 ** 27;

const NO_TAPS: ReadonlyMap<TapPoint, TapStatistics> = new Map();

/** What is done to the linear layers: a recipe, and what was made of it where it needs calibration. */
export interface Variant {
  readonly recipe: Recipe;
  /** @default weights are quantized as they are loaded */
  readonly blocks?: QuantizedBlocks | undefined;
}

/** @param variants `null` is the unquantized model */
export function createPartLoader(
  checkpoint: Checkpoint,
  variants: readonly (Variant | null)[],
  tools: { readonly ort: Ort; readonly runners: GraphRunners; readonly kernels: Kernels },
): PartLoader {
  const { ort, runners, kernels } = tools;
  const prepareInt8 = createPrepareInt8(ort, runners);
  const { spec } = checkpoint;
  const load = async (graph: EncodedGraph): Promise<Loaded<GraphRunner>> => ({
    value: await runners.create(graph),
    bytes: weightBytes(graph),
  });

  /** The linear layers of a block in every variant. */
  const quantizeAll = async (
    weights: BlockWeights,
    layer: number,
  ): Promise<Map<LinearPlace, GraphLinear>[]> => {
    const matrices = new Map<FloatLinear, Matrix>();
    const options = { layer, layers: spec.layers, kernels, prepareInt8, matrices };
    const blocks: Map<LinearPlace, GraphLinear>[] = [];
    for (const variant of variants) blocks.push(await quantizeBlock(weights, variant, options));
    return blocks;
  };

  return {
    stackBytes: stackBytesOf(checkpoint, variants),
    async stack(beforeBlock) {
      const stacks: StackedBlock[][] = variants.map(() => []);
      for (let layer = 0; layer < spec.layers; layer++) {
        beforeBlock(layer);
        const weights = await readBlock(checkpoint, layer);
        for (const [v, linears] of (await quantizeAll(weights, layer)).entries())
          stacks[v]!.push({ ...weights, spec, linears });
      }
      const loaded: GraphRunner[] = [];
      let bytes = 0;
      for (const blocks of stacks) {
        const graph = buildStackGraph(blocks.splice(0), runners.threads);
        loaded.push(await runners.create(graph));
        bytes += weightBytes(graph);
      }
      return { value: { runner: async (variant) => loaded[variant]! }, bytes };
    },
    async embedding() {
      const weights = await readEmbedding(checkpoint);
      const graph = buildEmbeddingGraph(spec, weights, runners.threads);
      const loaded = graph === null ? null : await load(graph);
      return {
        value: { positions: weights.positions, runner: loaded?.value ?? null },
        bytes: (weights.positions?.byteLength ?? 0) + (loaded?.bytes ?? 0),
      };
    },
    async block(layer) {
      const weights = await readBlock(checkpoint, layer);
      const blocks = await quantizeAll(weights, layer);
      const graphs = blocks.map(() => new Map<unknown, Promise<GraphRunner>>());
      const create = (
        variant: number,
        key: unknown,
        options: Pick<BlockParts, 'taps' | 'cache' | 'keep'>,
      ): Promise<GraphRunner> => {
        const parts = { ...weights, ...options, threads: runners.threads, spec, linears: blocks[variant]! };
        const runner = graphs[variant]!.get(key) ?? runners.create(buildBlockGraph(parts));
        graphs[variant]!.set(key, runner);
        return runner;
      };
      const value: LoadedBlock = {
        runner: (variant, taps = NO_TAPS) => create(variant, taps, { taps }),
        keptRunner: (variant) => create(variant, 'keep', { taps: NO_TAPS, keep: true }),
        cachedRunner: (variant, cache) => create(variant, cache, { taps: NO_TAPS, cache }),
      };
      const arrays = new Set(
        blocks.flatMap((block) => [...block.values()].map(({ weights: w }) => dataOf(w))),
      );
      let bytes = 0;
      for (const array of arrays) bytes += array.byteLength;
      return { value, bytes };
    },
    async final() {
      const graph = buildFinalGraph(spec, await readHead(checkpoint), runners.threads);
      return graph === null ? { value: null, bytes: 0 } : load(graph);
    },
    async vocabulary(start, end) {
      const part = await readVocabulary(checkpoint, start, end);
      const options = { variants: variants.length, threads: runners.threads };
      const graphs = new Map<VocabularyOutput, Promise<GraphRunner>>();
      const runner: LoadedVocabulary['runner'] = (output) => {
        const known = graphs.get(output) ?? runners.create(buildVocabularyGraph(spec, part, output, options));
        graphs.set(output, known);
        return known;
      };
      return { value: { runner }, bytes: part.weight.byteLength + (part.bias?.byteLength ?? 0) };
    },
  };
}

/**
 * What a stack takes: int8 weights stand in memory twice while they are loaded, others are fed. It pays where some are int8, and it is possible where
 * blocks see equally far and are not too many.
 */
function stackBytesOf({ spec, layout }: Checkpoint, variants: readonly (Variant | null)[]): number | null {
  const { layers, attention } = spec;
  let [weights, bytes, int8] = [0, 0, 0];
  for (let layer = 0; layer < layers; layer++) {
    if ((attention.windows[layer] ?? null) !== (attention.windows[0] ?? null)) return null;
    for (const { weight: name, role, inFeatures, outFeatures } of layout.block(layer).linears) {
      const size = inFeatures * outFeatures;
      weights += size;
      for (const variant of variants) {
        const policy = variant && policyFor(variant.recipe, { name, role, layer, layers });
        const isInt8 = policy !== null && policy.activations !== null;
        if (isInt8) int8 += size;
        bytes += (isInt8 ? 2 : 4) * size;
      }
    }
  }
  return int8 > 0 && weights <= STACK_WEIGHTS ? bytes : null;
}

const dataOf = (weights: GraphWeights): Float32Array | Int8Array | Uint8Array => {
  if (weights.kind === 'packed') throw new InternalError('the engine runs no packed weights');
  return weights.kind === 'int8' ? weights.codes : weights.weight;
};

/**
 * The linear layers of a block as a recipe wants them.
 * @param options.matrices W [in, out] of the layers that some recipe has asked for so far
 */
async function quantizeBlock(
  { linears }: BlockWeights,
  variant: Variant | null,
  options: {
    readonly layer: number;
    readonly layers: number;
    readonly kernels: Kernels;
    readonly prepareInt8: PrepareInt8;
    readonly matrices: Map<FloatLinear, Matrix>;
  },
): Promise<Map<LinearPlace, GraphLinear>> {
  const { layer, layers, kernels, prepareInt8, matrices } = options;
  const recipe = variant?.recipe ?? null;
  const block = await variant?.blocks?.read(layer);
  if (variant?.blocks !== undefined && block === undefined) {
    throw new NotFoundError({
      op: 'createEngine',
      problem: `block ${layer} of recipe "${variant.recipe.name}" is not quantized yet`,
      expected: 'all blocks, as quantizeModel writes them',
    });
  }
  const policyOf = ({ module: { weight: name, role } }: FloatLinear): LinearPolicy | null =>
    recipe && policyFor(recipe, { name, role, layer, layers });
  const kept = ({ module }: FloatLinear) => block?.linears.find(({ place }) => place === module.place);
  const weightsOf = new Map<FloatLinear, GraphWeights>();
  for (const linear of linears) {
    const made = kept(linear);
    const stored: GraphWeights = { kind: 'stored', weight: linear.weight };
    weightsOf.set(linear, made === undefined ? stored : await prepareInt8(made.quantized.linear));
  }
  const others = linears.filter((linear) => kept(linear) === undefined);
  for (const { policy, linears: group } of groupLinears(others, policyOf)) {
    if (policy === null) continue;
    const named = group.map((linear) => {
      const weight = matrices.get(linear) ?? toMatrix(linear);
      matrices.set(linear, weight);
      return { name: linear.module.weight, weight };
    });
    const made = await quantizeLinears(named, policy, { kernels, report: false });
    for (const [i, linear] of group.entries()) weightsOf.set(linear, await prepareInt8(made[i]!.linear));
  }
  return new Map(
    linears.map((linear) => {
      const { place, inFeatures, outFeatures } = linear.module;
      const { bias } = linear;
      return [place, { name: place, inFeatures, outFeatures, weights: weightsOf.get(linear)!, bias }];
    }),
  );
}

/** W [in, out]. */
export function toMatrix({ module, weight }: FloatLinear): Matrix {
  const { inFeatures: rows, outFeatures: columns } = module;
  return { data: transpose(weight, columns, rows), rows, columns };
}
