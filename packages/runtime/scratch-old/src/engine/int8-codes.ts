/**
 * @file Whether the u8 × s8 product is exact here. On x86 without VNNI, ONNX Runtime multiplies with vpmaddubsw, which adds two products in
 * 16 bits and saturates; its session option `session.x64quantprecision` rewrites constant weights only, and weights are fed here
 * (weighted-graph.ts). So one product is tried at the extremes; where it is wrong, weights go as u8, and u8 × u8 is exact everywhere.
 */
import type { LinearWeights } from '@bitcliff/quantize';
import { addLinears, type GraphWeights, type Int8Weights } from '../graph/linear-graph.ts';
import { WeightedGraph } from '../graph/weighted-graph.ts';
import type { GraphRunners } from './graph-runner.ts';
import type { Ort } from './ort.ts';

/** Gives int8 weights in the form that the execution provider multiplies exactly, and others as they are. */
export type PrepareInt8 = (weights: LinearWeights) => Promise<GraphWeights>;

/** The probe runs at the first call. */
export function createPrepareInt8(ort: Ort, runners: GraphRunners): PrepareInt8 {
  let saturates: Promise<boolean> | undefined;
  return async (weights) => {
    if (weights.kind !== 'int8') return weights;
    saturates ??= probeSaturation(ort, runners);
    return (await saturates) ? { ...weights, codes: toUnsigned(weights.codes) } : weights;
  };
}

/** Codes plus 128. */
export function toUnsigned(codes: Int8Array): Uint8Array {
  const unsigned = new Uint8Array(codes.length);
  for (let i = 0; i < codes.length; i++) unsigned[i] = codes[i]! + 128;
  return unsigned;
}

const K = 64;
const N = 32;

/** All codes ±127, one row and many: kernels differ. */
async function probeSaturation(ort: Ort, runners: GraphRunners): Promise<boolean> {
  const codes = Int8Array.from({ length: K * N }, (_, i) => (i % 2 === 0 ? 127 : -127)); // column n: 127 · (−1)^n
  const weights: Int8Weights = {
    kind: 'int8',
    codes,
    scale: new Float32Array(N).fill(1),
    activations: { bits: 8, symmetric: true, granularity: 'perToken', rounding: 'halfToEven' },
    inputScale: null,
    outliers: null,
  };
  const graph = new WeightedGraph('int8 probe');
  const layer = { name: 'probe', inFeatures: K, outFeatures: N, weights, bias: null };
  const [y] = addLinears(graph, graph.input('x', 'F32', ['S', K]), [layer], null);
  graph.output(y!, 'F32', ['S', N]);
  const runner = await runners.create(graph.finish());
  for (const S of [1, 16]) {
    const x = new Float32Array(S * K).fill(127); // scale 1, codes 127
    const out = await runner.run({ x: new ort.Tensor('float32', x, [S, K]) });
    const values = out[y!]!.data as Float32Array;
    if (values.some((value, i) => value !== (i % 2 === 0 ? 1 : -1) * K * 127 * 127)) return true;
  }
  return false;
}
