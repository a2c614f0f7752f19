/**
 * @file Behind the last block, as two ONNX graphs: the final norm with the projection that some models have there, and the scores of one
 * part of the vocabulary. Parts bound the memory that logits take, and a part that fits the cache is read there by the operators
 * behind the product; logits stay out of JavaScript unless they are asked for.
 */
import { Tensor } from '@bitcliff/core';
import type { DecoderSpec } from '../decoder-spec.ts';
import type { HeadWeights } from '../weights.ts';
import { addNorm } from './norm-graph.ts';
import { type EncodedGraph, WeightedGraph } from './weighted-graph.ts';

/** Input `hidden` f32[U, hidden]; output `out` f32[U, width]. `null` where there is nothing between block and projection. */
export function buildFinalGraph(
  spec: DecoderSpec,
  weights: HeadWeights,
  threads: number,
): EncodedGraph | null {
  if (weights.finalNorm === null && weights.projectOut === null) return null;
  const graph = new WeightedGraph('final', threads);
  const x = addFinal(graph, spec, weights, graph.input('hidden', 'F32', ['U', spec.hiddenSize]));
  graph.node('Identity', [x], { outputs: ['out'] });
  graph.output('out', 'F32', ['U', spec.embedding.width]);
  return graph.finish();
}

/** Add the final norm and projection. @param hidden name of f32[U, hidden]  @returns name of f32[U, width] */
export function addFinal(
  graph: WeightedGraph,
  spec: DecoderSpec,
  { finalNorm, projectOut }: HeadWeights,
  hidden: string,
): string {
  const { hiddenSize, embedding } = spec;
  let x = hidden;
  if (finalNorm !== null) x = addNorm(graph, x, 'norm.final', spec.norm, finalNorm);
  if (projectOut !== null) {
    const w = graph.matrix(
      'project.weight',
      new Tensor('F32', [embedding.width, hiddenSize], projectOut),
      embedding.width,
    );
    x = graph.node('Gemm', [x, w], { attributes: { transB: { int: 1 } } });
  }
  return x;
}

/** What a vocabulary graph gives: the scores, the scores and what KL divergence needs, or the logits themselves. */
export type VocabularyOutput = 'scores' | 'divergence' | 'logits';

/**
 * Scores of C token ids. Input `states` f32[R, width], `R` = variants · U, the rows of the baseline first, and for scores `targets` i64[P, 2]:
 * row and place in this part of the vocabulary. With logits l:
 * - `logits`: `logits` f32[R, C].
 * - `scores`: `max` f32[R, 1] and `argmax` i64[R, 1], the lowest place among equals; `topLogProb` f32[R, 1], the log-softmax there, so that the
 *   part's log Σ exp(l) is max − topLogProb; `targetLogits` f32[P]. LogSoftmax sums every row alike; ReduceSum starts a row by its address.
 * - `divergence`: the same and `cross` f32[(variants − 1) · U] = Σ p_b · (l_b − l), p_b the softmax of the baseline's logits l_b in this part.
 */
export function buildVocabularyGraph(
  spec: DecoderSpec,
  part: { readonly weight: Float32Array; readonly bias: Float32Array | null },
  output: VocabularyOutput,
  { variants, threads }: { readonly variants: number; readonly threads: number },
): EncodedGraph {
  const graph = new WeightedGraph('vocabulary', threads);
  const { width } = spec.embedding;
  const C = part.weight.length / width;
  const integers = (name: string, ...values: number[]): string =>
    graph.constant(name, new Tensor('I64', [values.length], BigInt64Array.from(values, BigInt)));

  const states = graph.input('states', 'F32', ['R', width]);
  const inputs = [states, graph.matrix('head.weight', new Tensor('F32', [C, width], part.weight), C)];
  if (part.bias !== null) inputs.push(graph.weight('head.bias', new Tensor('F32', [C], part.bias)));
  let logits = graph.node('Gemm', inputs, { attributes: { transB: { int: 1 } } }); // [R, C]
  if (spec.head.logitScale !== 1) {
    const scale = graph.constant('head.scale', new Tensor('F32', [], Float32Array.of(spec.head.logitScale)));
    logits = graph.node('Mul', [logits, scale]);
  }
  if (output === 'logits') {
    graph.node('Identity', [logits], { outputs: ['logits'] });
    graph.output('logits', 'F32', ['R', C]);
    return graph.finish();
  }
  const drop = { attributes: { keepdims: { int: 0 } } };
  // one pass for maximum and place; ReduceMax and ArgMax would be two
  graph.node('TopK', [logits, integers('one', 1)], { outputs: ['max', 'argmax'] });
  const logProbs = graph.node('LogSoftmax', [logits], { attributes: { axis: { int: -1 } } });
  graph.node('GatherElements', [logProbs, 'argmax'], {
    outputs: ['topLogProb'],
    attributes: { axis: { int: 1 } },
  });
  graph.node('GatherND', [logits, graph.input('targets', 'I64', ['P', 2])], { outputs: ['targetLogits'] });
  graph.output('max', 'F32', ['R', 1]);
  graph.output('argmax', 'I64', ['R', 1]);
  graph.output('topLogProb', 'F32', ['R', 1]);
  graph.output('targetLogits', 'F32', ['P']);
  if (output === 'divergence') {
    const shape = integers('by_variant', variants, -1, C);
    const baseline = (y: string): string =>
      graph.node('Slice', [y, integers(`${y}.from`, 0), integers(`${y}.to`, 1), integers(`${y}.axis`, 0)]); // [1, U, C]
    const byVariant = graph.node('Reshape', [logits, shape]); // [variants, U, C]
    const p = graph.node('Exp', [baseline(graph.node('Reshape', [logProbs, shape]))]);
    const others = graph.node('Slice', [
      byVariant,
      integers('others.from', 1),
      integers('others.to', variants),
      integers('others.axis', 0),
    ]);
    const terms = graph.node('Mul', [p, graph.node('Sub', [baseline(byVariant), others])]); // [variants − 1, U, C]
    const sums = graph.node('ReduceSum', [terms, integers('last', 2)], drop); // [variants − 1, U]
    graph.node('Reshape', [sums, integers('flat', -1)], { outputs: ['cross'] });
    graph.output('cross', 'F32', ['D']);
  }
  return graph.finish();
}
