import { quantizeSymmetricRef } from '@bitcliff/kernels';
import { createGraphRunners } from '../../src/engine/graph-runner.ts';
import { toUnsigned } from '../../src/engine/int8-codes.ts';
import type { Ort } from '../../src/engine/ort.ts';
import type { SessionOptions } from '../../src/engine/session.ts';
import { addLinears, type GraphLinear, type Int8Weights } from '../../src/graph/linear-graph.ts';
import { WeightedGraph } from '../../src/graph/weighted-graph.ts';

/** Vector-wise W8A8 without its weights. */
export const plain: Omit<Int8Weights, 'codes' | 'scale'> = {
  kind: 'int8',
  activations: { bits: 8, symmetric: true, granularity: 'perToken', rounding: 'halfToEven' },
  inputScale: null,
  outliers: null,
};

/** Run X [S, K] through layers that share it. @param mask additive, f32[S × S] @default every token sees all */
export async function runLayers(
  ort: Ort,
  x: Float32Array,
  layers: readonly GraphLinear[],
  options: SessionOptions & { readonly mask?: Float32Array | undefined } = { threads: 2 },
): Promise<Float32Array[]> {
  const K = layers[0]!.inFeatures;
  const S = x.length / K;
  const graph = new WeightedGraph('linear');
  const input = graph.input('x', 'F32', ['S', K]);
  const view = {
    passes: [{ mask: graph.input('mask', 'F32', [1, 1, 'S', 'S']), tokens: null }],
    places: null,
  };
  const names = addLinears(graph, input, layers, view);
  for (const [i, name] of names.entries()) graph.output(name, 'F32', ['S', layers[i]!.outFeatures]);
  const runners = createGraphRunners(ort, options);
  const runner = await runners.create(graph.finish());
  const out = await runner.run({
    x: new ort.Tensor('float32', x, [S, K]),
    mask: new ort.Tensor('float32', options.mask ?? new Float32Array(S * S), [1, 1, S, S]),
  });
  await runners.dispose();
  return names.map((name) => out[name]!.data as Float32Array);
}

/** The int32 reference: integer product, then f32(acc) · s_w · s_x with one rounding a step. */
function int8Reference(
  x: Float32Array,
  K: number,
  N: number,
  codes: Int8Array,
  wScale: Float32Array,
): Float32Array {
  const S = x.length / K;
  const q = quantizeSymmetricRef({ data: x, rows: S, columns: K }, { bits: 8, granularity: 'perRow' });
  const y = new Float32Array(S * N);
  for (let s = 0; s < S; s++) {
    for (let n = 0; n < N; n++) {
      let acc = 0; // below 2^31: exact
      for (let k = 0; k < K; k++) acc += q.codes[s * K + k]! * codes[k * N + n]!;
      y[s * N + n] = Math.fround(Math.fround(Math.fround(acc) * wScale[n]!) * q.scale[s]!);
    }
  }
  return y;
}

/** Three roundings of at most 2^-24 each, on either side. */
export const INT8_BOUND: number = 6 * 2 ** -24;

/**
 * Quantize X [S, K] and W [K, N], multiply in a graph, and compare with int32 arithmetic.
 * @param options.unsigned weights as u8 with zero point 128  @returns max relative |diff|, NaN where there is one
 */
export async function int8Difference(
  ort: Ort,
  { x, K, N, w }: { x: Float32Array; K: number; N: number; w: Float32Array },
  options: SessionOptions & { readonly unsigned: boolean },
): Promise<number> {
  const { codes, scale } = quantizeSymmetricRef(
    { data: w, rows: K, columns: N },
    { bits: 8, granularity: 'perColumn' },
  );
  const weights: Int8Weights = { ...plain, codes: options.unsigned ? toUnsigned(codes) : codes, scale };
  const layer = { name: 'w', inFeatures: K, outFeatures: N, weights, bias: null };
  const [y] = await runLayers(ort, x, [layer], options);
  const expected = int8Reference(x, K, N, codes, scale);
  return y!.reduce(
    (max, v, i) => Math.max(max, Math.abs(v - expected[i]!) / Math.max(1e-30, Math.abs(expected[i]!))),
    0,
  );
}
