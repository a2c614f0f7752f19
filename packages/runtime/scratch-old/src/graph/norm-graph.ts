import { Tensor } from '@bitcliff/core';
import type { NormSpec } from '../decoder-spec.ts';
import type { NormWeights } from '../weights.ts';
import type { WeightedGraph } from './weighted-graph.ts';

/** A norm over the last axis of x. @returns name of the result, shaped as x */
export function addNorm(
  graph: WeightedGraph,
  x: string,
  name: string,
  spec: NormSpec,
  weights: NormWeights,
): string {
  const { width } = weights;
  const gain = weights.gain ?? new Float32Array(width).fill(1);
  const inputs = [x, graph.weight(`${name}.gain`, new Tensor('F32', [width], gain))];
  const attributes = { axis: { int: -1 }, epsilon: { float: spec.epsilon }, stash_type: { int: 1 } };
  if (spec.kind === 'rms') return graph.node('SimplifiedLayerNormalization', inputs, { attributes });
  if (weights.bias !== null)
    inputs.push(graph.weight(`${name}.bias`, new Tensor('F32', [width], weights.bias)));
  return graph.node('LayerNormalization', inputs, { attributes });
}
