/**
 * @file What some models do between the embedding table and the first block, as an ONNX graph: a projection to the hidden size, learned
 * positions, a norm. Inputs: `tokens` f32[S, width], `positions` f32[S, hidden] where they are learned. Output: `out` f32[S, hidden].
 */
import { Tensor } from '@bitcliff/core';
import type { DecoderSpec } from '../decoder-spec.ts';
import type { EmbeddingWeights } from '../weights.ts';
import { addNorm } from './norm-graph.ts';
import { type EncodedGraph, WeightedGraph } from './weighted-graph.ts';

/** `null` where the rows of the table are the input of the first block. */
export function buildEmbeddingGraph(spec: DecoderSpec, weights: EmbeddingWeights): EncodedGraph | null {
  const { positions, projectIn, norm } = weights;
  if (positions === null && projectIn === null && norm === null) return null;
  const { hiddenSize, embedding } = spec;
  const graph = new WeightedGraph('embedding');
  let x = graph.input('tokens', 'F32', ['S', embedding.width]);
  if (projectIn !== null) {
    const w = graph.weight('project.weight', new Tensor('F32', [hiddenSize, embedding.width], projectIn));
    x = graph.node('Gemm', [x, w], { attributes: { transB: { int: 1 } } });
  }
  if (positions !== null) x = graph.node('Add', [x, graph.input('positions', 'F32', ['S', hiddenSize])]);
  if (norm !== null) x = addNorm(graph, x, 'norm.embedding', spec.norm, norm);
  graph.node('Identity', [x], { outputs: ['out'] });
  graph.output('out', 'F32', ['S', hiddenSize]);
  return graph.finish();
}
