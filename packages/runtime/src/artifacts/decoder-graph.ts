/**
 * @file A whole decoder as one ONNX graph with the names that other programs feed (Optimum, transformers.js), batch 1. Inputs: `input_ids` and
 * `position_ids` i64[1, S], and for each layer i `past_key_values.i.key` and `.value` f32[1, heads, P, headDim], P = 0 at first; positions go on
 * from P. Outputs: `logits` f32[1, S, vocabulary], and `present.i.key` and `.value` f32[1, heads, P + S, headDim]. Key/value heads that several query
 * heads share are repeated.
 */
import { Tensor } from '@bitcliff/core';
import { packMatMulNBits, type Recipe } from '@bitcliff/quantize';
import { MASKED } from '../attention-mask.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { PositionValues } from '../graph/attention-graph.ts';
import { addBlock } from '../graph/block-graph.ts';
import { addEmbedding } from '../graph/embedding-graph.ts';
import { addFinal } from '../graph/head-graph.ts';
import type { GraphLinear, GraphWeights } from '../graph/linear-graph.ts';
import { ConstantGraph } from '../graph/weighted-graph.ts';
import type { QuantizedBlocks, QuantizedPlace } from '../quantize-model/quantized-blocks.ts';
import { rotaryTables } from '../rotary.ts';
import { headTensor } from '../tensor-names.ts';
import {
  type FloatLinear,
  readBlock,
  readEmbedding,
  readEmbeddingRows,
  readHead,
  readVocabulary,
} from '../weights.ts';
import { requireBlock } from './require-block.ts';

/** Build the graph. All weights are in memory until it is written. */
export async function buildDecoderGraph(
  checkpoint: Checkpoint,
  recipe: Recipe,
  blocks: QuantizedBlocks,
): Promise<{ readonly graph: ConstantGraph; readonly fingerprint: string }> {
  const { spec } = checkpoint;
  const { vocabularySize: V, hiddenSize: H, attention } = spec;
  const graph = new ConstantGraph('decoder');
  const integers = (name: string, ...values: number[]): string =>
    graph.constant(name, new Tensor('I64', [values.length], BigInt64Array.from(values, BigInt)));
  const ids = graph.input('input_ids', 'I64', [1, 'S']);
  const positionIds = graph.input('position_ids', 'I64', [1, 'S']);
  const flat = integers('flat', -1);

  graph.scope = 'embedding.';
  const table = graph.weight(
    'weight',
    new Tensor('F32', [V, spec.embedding.width], float(await readEmbeddingRows(checkpoint, 0, V))),
  );
  const weights = await readEmbedding(checkpoint);
  let tokens = graph.node('Gather', [table, graph.node('Reshape', [ids, flat])]); // [S, width]
  if (spec.embedding.scale !== 1)
    tokens = graph.node('Mul', [tokens, scalar(graph, 'scale', spec.embedding.scale)]);
  const places = graph.node('Reshape', [positionIds, flat]); // [S]
  let learned: string | null = null;
  if (weights.positions !== null) {
    const rows = weights.positions.length / H;
    const offset = spec.positions.kind === 'learned' ? spec.positions.offset : 0;
    const from = graph.node('Add', [places, integers('offset', offset)]);
    const stored = graph.weight('positions', new Tensor('F32', [rows, H], float(weights.positions)));
    learned = graph.node('Gather', [stored, from]);
  }
  let x = addEmbedding(graph, spec, weights, tokens, learned);

  graph.scope = '';
  const past = Array.from({ length: spec.layers }, (_, layer) =>
    ['key', 'value'].map((name) =>
      graph.input(`past_key_values.${layer}.${name}`, 'F32', [1, attention.heads, 'P', attention.headDim]),
    ),
  );
  const { positions, maskOf } = addPositions(graph, spec, places, {
    positionIds,
    ids,
    pastKey: past[0]![0]!,
  });
  let fingerprint = '';
  for (let layer = 0; layer < spec.layers; layer++) {
    const block = await requireBlock(blocks, layer, recipe);
    fingerprint = block.fingerprint;
    const own = await readBlock(checkpoint, layer);
    const linears = new Map(
      own.linears.map((linear) => [linear.module.place, graphLinear(linear, block.linears)]),
    );
    const mask = maskOf(attention.windows[layer] ?? null);
    graph.scope = `layers.${layer}.`;
    x = addBlock(
      graph,
      x,
      { ...own, spec, linears, taps: new Map() },
      {
        view: { passes: [{ mask, tokens: null }], places: null },
        scales: null,
        positions,
        kept: null,
        cache: {
          kind: 'extend',
          pastKey: past[layer]![0]!,
          pastValue: past[layer]![1]!,
          key: `present.${layer}.key`,
          value: `present.${layer}.value`,
        },
      },
    );
    graph.scope = '';
  }

  graph.scope = 'head.';
  const states = addFinal(graph, spec, await readHead(checkpoint), x);
  const tied = headTensor(checkpoint) === checkpoint.layout.embedding;
  const { weight, bias } = await readVocabulary(checkpoint, 0, V);
  const head = tied
    ? table
    : graph.weight('weight', new Tensor('F32', [V, spec.embedding.width], float(weight)));
  const inputs = [states, head];
  if (bias !== null) inputs.push(graph.weight('bias', new Tensor('F32', [V], float(bias))));
  let logits = graph.node('Gemm', inputs, { attributes: { transB: { int: 1 } } }); // [S, V]
  if (spec.head.logitScale !== 1)
    logits = graph.node('Mul', [logits, scalar(graph, 'scale', spec.head.logitScale)]);
  graph.node('Reshape', [logits, integers('shape', 1, -1, V)], { outputs: ['logits'] });
  graph.output('logits', 'F32', [1, 'S', V]);
  return { graph, fingerprint };
}

/** What the blocks read of positions, and the mask of each attention window. */
function addPositions(
  graph: ConstantGraph,
  spec: Checkpoint['spec'],
  places: string,
  {
    positionIds,
    ids,
    pastKey,
  }: { readonly positionIds: string; readonly ids: string; readonly pastKey: string },
): { positions: PositionValues; maskOf: (window: number | null) => string } {
  const integer = (name: string, value: number): string =>
    graph.constant(name, new Tensor('I64', [], BigInt64Array.of(BigInt(value))));
  const sizes = (name: string, ...values: number[]): string =>
    graph.constant(name, new Tensor('I64', [values.length], BigInt64Array.from(values, BigInt)));
  const size = (of: string, axis: string): string => graph.node('Gather', [graph.node('Shape', [of]), axis]);
  const total = graph.node('Add', [
    size(pastKey, integer('past_axis', 2)),
    size(ids, integer('ids_axis', 1)),
  ]);
  const keys = graph.node('Range', [integer('zero', 0), total, integer('one', 1)]); // [T]
  const column = graph.node('Reshape', [places, sizes('column', -1, 1)]); // [S, 1]
  const before = graph.node('LessOrEqual', [keys, column]); // [S, T]
  const masks = new Map<number | null, string>();
  const maskOf = (window: number | null): string => {
    const known = masks.get(window);
    if (known !== undefined) return known;
    let seen = before;
    if (window !== null) {
      const first = graph.node('Sub', [column, integer(`window_${window}`, window)]);
      seen = graph.node('And', [before, graph.node('Greater', [keys, first])]);
    }
    const square = graph.node('Where', [
      seen,
      scalar(graph, `seen_${window}`, 0),
      scalar(graph, `masked_${window}`, MASKED),
    ]);
    const mask = graph.node('Unsqueeze', [square, sizes(`mask_axes_${window}`, 0, 1)]); // [1, 1, S, T]
    masks.set(window, mask);
    return mask;
  };
  if (spec.positions.kind === 'rotary') {
    const half = spec.positions.dims / 2;
    const tables = rotaryTables(spec.positions, spec.maxPositions);
    const put = (name: string, data: Float32Array): string =>
      graph.weight(name, new Tensor('F32', [spec.maxPositions, half], float(data)));
    const rotary = {
      index: positionIds,
      cos: put('rotary.cos', tables.cos),
      sin: put('rotary.sin', tables.sin),
    };
    return { positions: { rotary }, maskOf };
  }
  if (spec.positions.kind === 'alibi') {
    const real = (y: string): string => graph.node('Cast', [y], { attributes: { to: { int: 1 } } }); // FLOAT
    const query = graph.node('Reshape', [real(places), sizes('alibi.query', 1, 1, -1, 1)]);
    const key = graph.node('Reshape', [real(keys), sizes('alibi.key', 1, 1, 1, -1)]);
    return { positions: { alibi: [{ query, key }] }, maskOf };
  }
  return { positions: {}, maskOf };
}

/** A linear layer: packed codes, a dynamic INT8 product, or floating point where the recipe leaves it alone. */
function graphLinear({ module, weight, bias }: FloatLinear, places: readonly QuantizedPlace[]): GraphLinear {
  const { place: name, inFeatures, outFeatures } = module;
  const quantized = places.find(({ place }) => place === name)?.quantized;
  let weights: GraphWeights = { kind: 'stored', weight };
  if (quantized?.linear.kind === 'int8') weights = quantized.linear;
  else if (quantized?.stored?.kind === 'integer') {
    const packed = packMatMulNBits(quantized.stored.matrix);
    weights = { kind: 'packed', packed, inputScale: quantized.inputScale };
  }
  return { name, inFeatures, outFeatures, weights, bias };
}

const float = (data: Float32Array): Float32Array<ArrayBuffer> => data as Float32Array<ArrayBuffer>;

const scalar = (graph: ConstantGraph, name: string, value: number): string =>
  graph.constant(name, new Tensor('F32', [], Float32Array.of(value)));
