/**
 * @file Linear layers inside an ONNX graph.
 *
 * `float`: MatMul. `int8`: vector-wise W8A8 with a real integer product (design.md §3). For X [S, K] and codes B [K, N]:
 *   absmax[s] = max |X[s, :]|,  scale[s] = max(absmax[s], 2^-100) / 127
 *   A = QuantizeLinear(X, scale, 128, axis 0)           u8, half to even: the int8 code plus 128
 *   Y = MatMulIntegerToFloat(A, B, 1, s_w, 128) · scale  int32 accumulation, then f32(acc) · s_w[n] · scale[s]
 * The floor keeps a row of zeros from dividing by zero; its codes are 0 and its output is 0.
 */
import { Tensor } from '@bitcliff/core';
import type { OnnxGraph } from '@bitcliff/formats/onnx';
import type { LinearWeights } from '@bitcliff/quantize';

const MICROSOFT = 'com.microsoft';

/** Smallest absmax of a row of activations that sets the scale. */
export const ACTIVATION_FLOOR: number = 2 ** -100;

/** One linear layer to be put into a graph. */
export interface GraphLinear {
  /** Prefix of its tensors in the graph. */
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly weights: LinearWeights;
  /** f32[out], or `null`. */
  readonly bias: Float32Array | null;
}

/**
 * Add linear layers that read the same input; those with int8 products share one quantized input.
 * @param x name of f32[S, in]
 * @returns names of f32[S, out], one per layer
 */
export function addLinears(graph: OnnxGraph, x: string, layers: readonly GraphLinear[]): string[] {
  let quantized: QuantizedInput | undefined;
  return layers.map((layer) => {
    const { name, weights, bias } = layer;
    let y: string;
    if (weights.kind === 'float') {
      const shape = [layer.inFeatures, layer.outFeatures];
      const w = graph.constant(`${name}.weight`, new Tensor('F32', shape, weights.weight), {
        external: true,
      });
      y = graph.node('MatMul', [x, w]);
    } else {
      quantized ??= addQuantizeInput(graph, x, name);
      y = addInt8Product(graph, quantized, layer, weights);
    }
    if (bias === null) return y;
    return graph.node('Add', [y, graph.constant(`${name}.bias`, new Tensor('F32', [bias.length], bias))]);
  });
}

interface QuantizedInput {
  /** u8[S, in]: code + 128. */
  readonly codes: string;
  /** f32[S, 1]. */
  readonly scale: string;
  readonly zeroPoint: string;
  readonly one: string;
}

function addQuantizeInput(graph: OnnxGraph, x: string, name: string): QuantizedInput {
  const prefix = `${name}.input`;
  const scalar = (id: string, value: number) =>
    graph.constant(`${prefix}.${id}`, new Tensor('F32', [], Float32Array.of(value)));
  const axis1 = graph.constant(`${prefix}.axis`, new Tensor('I64', [1], BigInt64Array.of(1n)));
  const flat = graph.constant(`${prefix}.flat`, new Tensor('I64', [1], BigInt64Array.of(-1n)));
  const zeroPoint = graph.constant(`${prefix}.zero_point`, new Tensor('U8', [], Uint8Array.of(128)));

  const top = graph.node('ReduceMax', [x, axis1]); // [S, 1]
  const bottom = graph.node('ReduceMin', [x, axis1]); // [S, 1]
  const negated = graph.node('Neg', [bottom]);
  const absmax = graph.node('Max', [top, negated, scalar('floor', ACTIVATION_FLOOR)]);
  const scale = graph.node('Div', [absmax, scalar('quant_max', 127)]); // [S, 1]
  const rowScale = graph.node('Reshape', [scale, flat]); // [S]
  const rowZeroPoint = graph.node('Expand', [zeroPoint, graph.node('Shape', [rowScale])]); // [S]
  const codes = graph.node('QuantizeLinear', [x, rowScale, rowZeroPoint], {
    attributes: { axis: { int: 0 } },
  });
  return { codes, scale, zeroPoint, one: scalar('one', 1) };
}

function addInt8Product(
  graph: OnnxGraph,
  input: QuantizedInput,
  layer: GraphLinear,
  weights: LinearWeights & { kind: 'int8' },
): string {
  const { name, inFeatures, outFeatures } = layer;
  const b = graph.constant(`${name}.codes`, new Tensor('I8', [inFeatures, outFeatures], weights.codes), {
    external: true,
  });
  const scale = graph.constant(`${name}.scale`, new Tensor('F32', [outFeatures], weights.scale));
  const product = graph.node('MatMulIntegerToFloat', [input.codes, b, input.one, scale, input.zeroPoint], {
    domain: MICROSOFT,
  });
  return graph.node('Mul', [product, input.scale]);
}
