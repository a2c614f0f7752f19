/**
 * @file The final norm and the vocabulary projection as an ONNX graph, with what some models put between and behind them. Only rows that are scored come in; log-softmax, gathering
 * of targets and arg-max happen inside, so that logits stay out of JavaScript unless they are asked for.
 */
import { Tensor } from '@bitcliff/core';
import { OnnxGraph } from '@bitcliff/formats/onnx';
import type { DecoderSpec } from '../decoder-spec.ts';
import type { HeadWeights } from '../weights.ts';
import type { EncodedGraph } from './encoded-graph.ts';
import { addNorm } from './norm-graph.ts';

/**
 * `scores`: inputs `hidden` f32[U, hidden] and `targets` i64[P, 2] of (row, token id); outputs `logProbs` f32[P], natural
 * logarithm, and `argmax` i64[U], the lowest id among equals. `logits`: input `hidden`; output `logits` f32[U, vocabulary].
 */
export type HeadOutput = 'scores' | 'logits';

/** Build the head graph. */
export function buildHeadGraph(spec: DecoderSpec, weights: HeadWeights, output: HeadOutput): EncodedGraph {
  const graph = new OnnxGraph('head');
  const { hiddenSize, vocabularySize, embedding, head } = spec;
  const constant = (name: string, shape: number[], data: Float32Array): string =>
    graph.constant(name, new Tensor('F32', shape, data), { external: true });
  let x = graph.input('hidden', 'F32', ['U', hiddenSize]);
  if (weights.finalNorm !== null) x = addNorm(graph, x, 'norm.final', spec.norm, weights.finalNorm);
  if (weights.projectOut !== null) {
    x = graph.node('MatMul', [
      x,
      constant('project.weight', [hiddenSize, embedding.width], weights.projectOut),
    ]);
  }
  let logits = graph.node('MatMul', [
    x,
    constant('head.weight', [embedding.width, vocabularySize], weights.projection),
  ]);
  if (weights.bias !== null)
    logits = graph.node('Add', [logits, constant('head.bias', [vocabularySize], weights.bias)]);
  if (head.logitScale !== 1) {
    const scale = graph.constant('head.scale', new Tensor('F32', [], Float32Array.of(head.logitScale)));
    logits = graph.node('Mul', [logits, scale]);
  }
  if (output === 'logits') {
    graph.node('Identity', [logits], { outputs: ['logits'] });
    graph.output('logits', 'F32', ['U', vocabularySize]);
  } else {
    const targets = graph.input('targets', 'I64', ['P', 2]);
    const logProbs = graph.node('LogSoftmax', [logits], { attributes: { axis: { int: -1 } } });
    graph.node('GatherND', [logProbs, targets], { outputs: ['logProbs'] });
    graph.node('ArgMax', [logits], {
      outputs: ['argmax'],
      attributes: { axis: { int: -1 }, keepdims: { int: 0 }, select_last_index: { int: 0 } },
    });
    graph.output('logProbs', 'F32', ['P']);
    graph.output('argmax', 'I64', ['U']);
  }
  return { model: graph.encode({ opset: 21, microsoft: true }), externalData: graph.externalData };
}
