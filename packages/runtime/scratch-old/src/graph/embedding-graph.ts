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
export function buildEmbeddingGraph(
  spec: DecoderSpec,
  weights: EmbeddingWeights,
  threads: number,
): EncodedGraph | null {
  const { positions, projectIn, norm } = weights;
  if (positions === null && projectIn === null && norm === null) return null;
  const { hiddenSize, embedding } = spec;
  const graph = new WeightedGraph('embedding', threads);
  const tokens = graph.input('tokens', 'F32', ['S', embedding.width]);
  const learned = positions === null ? null : graph.input('positions', 'F32', ['S', hiddenSize]);
  const x = addEmbedding(graph, spec, weights, tokens, learned);
  graph.node('Identity', [x], { outputs: ['out'] });
  graph.output('out', 'F32', ['S', hiddenSize]);
  return graph.finish();
}

/**
 * Add what stands between the embedding table and the first block.
 * @param tokens name of f32[S, width]  @param learned name of f32[S, hidden], the rows of learned positions, or `null`
 * @returns name of f32[S, hidden]
 */
export function addEmbedding(
  graph: WeightedGraph,
  { hiddenSize, embedding, norm: normSpec }: DecoderSpec,
  { projectIn, norm }: Pick<EmbeddingWeights, 'projectIn' | 'norm'>,
  tokens: string,
  learned: string | null,
): string {
  let x = tokens;
  if (projectIn !== null) {
    const w = graph.matrix(
      'project.weight',
      new Tensor('F32', [hiddenSize, embedding.width], projectIn),
      hiddenSize,
    );
    x = graph.node('Gemm', [x, w], { attributes: { transB: { int: 1 } } });
  }
  if (learned !== null) x = graph.node('Add', [x, learned]);
  return norm === null ? x : addNorm(graph, x, 'norm.embedding', normSpec, norm);
}
