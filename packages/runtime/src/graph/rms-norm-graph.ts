import { Tensor } from '@bitcliff/core';
import type { OnnxGraph } from '@bitcliff/formats/onnx';

/** x / sqrt(mean(x²) + epsilon) · gain over the last axis. */
export function addRmsNorm(
  graph: OnnxGraph,
  x: string,
  name: string,
  gain: Float32Array,
  epsilon: number,
): string {
  const g = graph.constant(`${name}.gain`, new Tensor('F32', [gain.length], gain));
  return graph.node('SimplifiedLayerNormalization', [x, g], {
    attributes: { axis: { int: -1 }, epsilon: { float: epsilon }, stash_type: { int: 1 } },
  });
}
