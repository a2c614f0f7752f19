import { readFileSync } from 'node:fs';
import { createRng } from '@bitcliff/core';
import { readNpy } from '@bitcliff/formats';
import { OnnxGraph } from '@bitcliff/formats/onnx';
import { quantizeSymmetricRef } from '@bitcliff/kernels';
import type { LinearWeights } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { createSession } from '../engine/session.ts';
import { ACTIVATION_FLOOR, addLinears } from './linear-graph.ts';

/** Run X [S, K] through one linear layer in ONNX Runtime. */
async function runLinear(
  x: Float32Array,
  K: number,
  N: number,
  weights: LinearWeights,
): Promise<Float32Array> {
  const graph = new OnnxGraph('linear');
  const input = graph.input('x', 'F32', ['S', K]);
  const [y] = addLinears(graph, input, [{ name: 'w', inFeatures: K, outFeatures: N, weights, bias: null }]);
  graph.output(y!, 'F32', ['S', N]);
  const encoded = { model: graph.encode({ opset: 21, microsoft: true }), externalData: graph.externalData };
  const session = await createSession(ort, encoded, { threads: 2 });
  const out = await session.run({ x: new ort.Tensor('float32', x, [x.length / K, K]) });
  await session.release();
  return out[y!]!.data as Float32Array;
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

async function compare(x: Float32Array, K: number, N: number, w: Float32Array): Promise<void> {
  const { codes, scale } = quantizeSymmetricRef(
    { data: w, rows: K, columns: N },
    { bits: 8, granularity: 'perColumn' },
  );
  const y = await runLinear(x, K, N, { kind: 'int8', codes, scale });
  const expected = int8Reference(x, K, N, codes, scale);
  // three roundings of at most 2^-24 each, on either side
  const worst = y.reduce(
    (max, v, i) => Math.max(max, Math.abs(v - expected[i]!) / Math.max(1e-30, Math.abs(expected[i]!))),
    0,
  );
  expect(worst, `max relative |diff| ${worst}`).toBeLessThanOrEqual(6 * 2 ** -24);
}

const normal = (n: number, seed: number) => {
  const rng = createRng(seed);
  return Float32Array.from({ length: n }, () => rng.normal());
};

describe('the W8A8 product of ONNX Runtime equals the int32 reference', () => {
  it.each([
    [1, 16, 8],
    [7, 64, 96],
    [33, 768, 130],
    [64, 4096, 48],
  ])('on random data, %i × %i × %i', async (S, K, N) => {
    await compare(normal(S * K, 1), K, N, normal(K * N, 2));
  });

  it.each([1, -1])('at the extremes: every code ±127 at K = 4096 (sign %i)', async (sign) => {
    const K = 4096;
    await compare(new Float32Array(5 * K).fill(3), K, 40, new Float32Array(K * 40).fill(sign * 0.5));
  });

  it('at mixed extremes: random signs of ±127 at K = 4096', async () => {
    const rng = createRng(5);
    const signs = (n: number) => Float32Array.from({ length: n }, () => (rng.uint32() & 1 ? 1 : -1));
    await compare(signs(9 * 4096), 4096, 33, signs(4096 * 33));
  });

  it('with rows and columns of zeros, and a row of tiny numbers', async () => {
    const [S, K, N] = [6, 64, 24];
    const x = normal(S * K, 8);
    const w = normal(K * N, 9);
    x.fill(0, 2 * K, 3 * K);
    for (let k = 0; k < K; k++) w[k * N + 5] = 0;
    for (let k = 0; k < K; k++) x[4 * K + k] = x[4 * K + k]! * 1e-25;
    await compare(x, K, N, w);
    const { codes, scale } = quantizeSymmetricRef(
      { data: w, rows: K, columns: N },
      { bits: 8, granularity: 'perColumn' },
    );
    const y = await runLinear(x, K, N, { kind: 'int8', codes, scale });
    expect([...y.subarray(2 * N, 3 * N)]).toEqual(new Array(N).fill(0));
    expect(y[5]).toBe(0);
  });

  it('rounds ties of the activations to even', async () => {
    const K = 16;
    // absmax 254 makes the scale exactly 2: 1, 3, 5 … are ties
    const x = Float32Array.of(254, 1, 3, 5, -1, -3, -5, 7, 9, -7, -9, 11, 13, 0, 2, -254);
    const codes = Int8Array.from({ length: K * K }, (_, i) => (i % (K + 1) === 0 ? 1 : 0)); // the identity
    const y = await runLinear(x, K, K, { kind: 'int8', codes, scale: new Float32Array(K).fill(1) });
    expect([...y].map((v) => v / 2)).toEqual([127, 0, 2, 2, 0, -2, -2, 4, 4, -4, -4, 6, 6, 0, 1, -127]);
  });

  it('keeps the floor under the scale of a row', async () => {
    const x = new Float32Array(16).fill(ACTIVATION_FLOOR / 4);
    const y = await runLinear(x, 16, 1, {
      kind: 'int8',
      codes: new Int8Array(16).fill(1),
      scale: Float32Array.of(1),
    });
    // codes are round(127 / 4) = 32 steps of floor / 127
    expect(y[0]! / ACTIVATION_FLOOR).toBeCloseTo((16 * 32) / 127, 5);
  });

  it('gives the golden output', async () => {
    const golden = (name: string) =>
      readNpy(readFileSync(new URL(`../../test/golden/w8a8/${name}.npy`, import.meta.url)));
    const X = golden('X');
    const W = golden('W');
    const [K, N] = W.shape as [number, number];
    const w = Float32Array.from(W.data as Float32Array);
    const { codes, scale } = quantizeSymmetricRef(
      { data: w, rows: K, columns: N },
      { bits: 8, granularity: 'perColumn' },
    );
    const y = await runLinear(Float32Array.from(X.data as Float32Array), K, N, {
      kind: 'int8',
      codes,
      scale,
    });
    const expected = golden('Y').data as Float32Array;
    const largest = expected.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
    const worst = y.reduce((max, v, i) => Math.max(max, Math.abs(v - expected[i]!)), 0);
    expect(worst / largest, `max |diff| ${worst} of ${largest}`).toBeLessThan(1e-6);
  });
});

describe('linear layers in a graph', () => {
  it('add a bias and share one quantized input', async () => {
    const [S, K, N] = [3, 8, 4];
    const x = normal(S * K, 20);
    const w = normal(K * N, 21);
    const bias = normal(N, 22);
    const { codes, scale } = quantizeSymmetricRef(
      { data: w, rows: K, columns: N },
      { bits: 8, granularity: 'perColumn' },
    );
    const graph = new OnnxGraph('pair');
    const int8: LinearWeights = { kind: 'int8', codes, scale };
    const size = { inFeatures: K, outFeatures: N };
    const names = addLinears(graph, graph.input('x', 'F32', ['S', K]), [
      { name: 'a', ...size, weights: int8, bias },
      { name: 'b', ...size, weights: int8, bias: null },
      { name: 'c', ...size, weights: { kind: 'float', weight: w }, bias },
    ]);
    for (const name of names) graph.output(name, 'F32', ['S', N]);
    const model = graph.encode({ opset: 21, microsoft: true });
    // NodeProto.op_type is field 4: tag 0x22, length 14
    expect(Buffer.from(model).toString('latin1').split('\x22\x0eQuantizeLinear').length - 1).toBe(1);
    const session = await createSession(ort, { model, externalData: graph.externalData }, {});
    const out = await session.run({ x: new ort.Tensor('float32', x, [S, K]) });
    const [a, b, c] = names.map((name) => out[name]!.data as Float32Array);
    for (let i = 0; i < S * N; i++) {
      let exact = bias[i % N]!;
      for (let k = 0; k < K; k++) exact += x[Math.floor(i / N) * K + k]! * w[k * N + (i % N)]!;
      expect(a![i]! - b![i]!).toBeCloseTo(bias[i % N]!, 5);
      expect(c![i]).toBeCloseTo(exact, 5);
    }
    await session.release();
  });
});
