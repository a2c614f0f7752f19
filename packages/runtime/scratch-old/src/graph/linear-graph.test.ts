import { readFileSync } from 'node:fs';
import { createRng, roundHalfToEven } from '@bitcliff/core';
import { readNpy } from '@bitcliff/formats';
import { quantizeSymmetricRef } from '@bitcliff/kernels';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { INT8_BOUND, int8Difference, plain, runLayers } from '../../test/helpers/run-linear.ts';
import { MASKED } from '../attention-mask.ts';
import { toUnsigned } from '../engine/int8-codes.ts';
import { transpose } from '../transpose.ts';
import {
  ACTIVATION_FLOOR,
  addLinears,
  type GraphLinear,
  type GraphWeights,
  type Int8Weights,
} from './linear-graph.ts';
import { WeightedGraph } from './weighted-graph.ts';

const GOLDEN = new URL('../../test/golden-linear/', import.meta.url);
const golden = (name: string) => readNpy(readFileSync(new URL(`${name}.npy`, GOLDEN)));

/** Run X [S, K] through one linear layer. */
async function runLinear(
  x: Float32Array,
  K: number,
  N: number,
  weights: GraphWeights,
  mask?: Float32Array,
): Promise<Float32Array> {
  const layer = { name: 'w', inFeatures: K, outFeatures: N, weights, bias: null };
  return (await runLayers(ort, x, [layer], { threads: 2, mask }))[0]!;
}

/** Weights as s8 and as u8, on whichever processor this is. */
async function compare(x: Float32Array, K: number, N: number, w: Float32Array): Promise<void> {
  for (const unsigned of [false, true]) {
    const worst = await int8Difference(ort, { x, K, N, w }, { threads: 2, unsigned });
    expect(worst, `max relative |diff| ${worst}, u8 weights: ${unsigned}`).toBeLessThanOrEqual(INT8_BOUND);
  }
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
    const y = await runLinear(x, K, N, { ...plain, codes, scale });
    expect([...y.subarray(2 * N, 3 * N)]).toEqual(new Array(N).fill(0));
    expect(y[5]).toBe(0);
  });

  it('rounds ties of the activations to even', async () => {
    const K = 16;
    // absmax 254 makes the scale exactly 2: 1, 3, 5 … are ties
    const x = Float32Array.of(254, 1, 3, 5, -1, -3, -5, 7, 9, -7, -9, 11, 13, 0, 2, -254);
    const codes = Int8Array.from({ length: K * K }, (_, i) => (i % (K + 1) === 0 ? 1 : 0)); // the identity
    const y = await runLinear(x, K, K, { ...plain, codes, scale: new Float32Array(K).fill(1) });
    expect([...y].map((v) => v / 2)).toEqual([127, 0, 2, 2, 0, -2, -2, 4, 4, -4, -4, 6, 6, 0, 1, -127]);
  });

  it('keeps the floor under the scale of a row', async () => {
    const x = new Float32Array(16).fill(ACTIVATION_FLOOR / 4);
    const y = await runLinear(x, 16, 1, {
      ...plain,
      codes: new Int8Array(16).fill(1),
      scale: Float32Array.of(1),
    });
    // codes are round(127 / 4) = 32 steps of floor / 127
    expect(y[0]! / ACTIVATION_FLOOR).toBeCloseTo((16 * 32) / 127, 5);
  });

  it('gives the golden output', async () => {
    const X = golden('w8a8/X');
    const W = golden('w8a8/W');
    const [K, N] = W.shape as [number, number];
    const w = Float32Array.from(W.data as Float32Array);
    const { codes, scale } = quantizeSymmetricRef(
      { data: w, rows: K, columns: N },
      { bits: 8, granularity: 'perColumn' },
    );
    const y = await runLinear(Float32Array.from(X.data as Float32Array), K, N, { ...plain, codes, scale });
    const expected = golden('w8a8/Y').data as Float32Array;
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
    const int8: Int8Weights = { ...plain, codes, scale };
    const size = { inFeatures: K, outFeatures: N };
    const layers: GraphLinear[] = [
      { name: 'a', ...size, weights: int8, bias },
      { name: 'b', ...size, weights: int8, bias: null },
      { name: 'c', ...size, weights: { kind: 'float', weight: w }, bias },
      { name: 'd', ...size, weights: { kind: 'stored', weight: transpose(w, K, N) }, bias },
    ];
    const graph = new WeightedGraph('pair');
    addLinears(graph, graph.input('x', 'F32', ['S', K]), layers, {
      mask: graph.input('mask', 'F32', [1, 1, 'S', 'S']),
      segments: null,
    });
    graph.node('Identity', ['x'], { outputs: ['y'] });
    graph.output('y', 'F32', ['S', K]);
    // NodeProto.op_type is field 4: tag 0x22, length 14
    const count =
      Buffer.from(graph.finish().model).toString('latin1').split('\x22\x0eQuantizeLinear').length - 1;
    expect(count).toBe(1);
    const [a, b, c, d] = await runLayers(ort, x, layers);
    for (let i = 0; i < S * N; i++) {
      let exact = bias[i % N]!;
      for (let k = 0; k < K; k++) exact += x[Math.floor(i / N) * K + k]! * w[k * N + (i % N)]!;
      expect(a![i]! - b![i]!).toBeCloseTo(bias[i % N]!, 5);
      expect(c![i]).toBeCloseTo(exact, 5);
      expect(d![i]).toBeCloseTo(exact, 5);
    }
  });
});

/** A token sees itself and those before it. */
const causal = (S: number): Float32Array =>
  Float32Array.from({ length: S * S }, (_, i) => (i % S <= Math.floor(i / S) ? 0 : MASKED));

const quantizeColumns = (w: Float32Array, K: number, N: number) =>
  quantizeSymmetricRef({ data: w, rows: K, columns: N }, { bits: 8, granularity: 'perColumn' });

function expectClose(y: Float32Array, expected: ArrayLike<number>, bound: number): void {
  const largest = y.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
  const worst = y.reduce((max, v, i) => Math.max(max, Math.abs(v - expected[i]!)), 0);
  expect(worst / largest, `max |diff| ${worst} of ${largest}`).toBeLessThan(bound);
}

describe('int8 products that treat their input', () => {
  const [S, K, N] = [12, 48, 20];
  const x = normal(S * K, 30);
  for (let s = 3; s < S; s += 4) x[s * K + 7] = 40 + s; // a channel with outliers
  x[10 * K + 31] = -25;
  const w = normal(K * N, 31);
  const { codes, scale } = quantizeColumns(w, K, N);

  /** Y in float64 with the scale of each row, and what is quantized. */
  const reference = (input: Float32Array, absmax: (s: number) => number): Float64Array => {
    const y = new Float64Array(S * N);
    for (let s = 0; s < S; s++) {
      const step = Math.fround(Math.fround(absmax(s)) / 127);
      for (let k = 0; k < K; k++) {
        const code = Math.max(-128, Math.min(127, roundHalfToEven(Math.fround(input[s * K + k]! / step))));
        for (let n = 0; n < N; n++) y[s * N + n]! += code * codes[k * N + n]! * scale[n]! * step;
      }
    }
    return y;
  };
  const rowMax = (input: Float32Array, s: number): number =>
    input.subarray(s * K, (s + 1) * K).reduce((max, v) => Math.max(max, Math.abs(v)), 0);

  it('perTensor: the largest value of what a token sees sets its scale', async () => {
    const weights: Int8Weights = {
      ...plain,
      codes,
      scale,
      activations: { ...plain.activations, granularity: 'perTensor' },
    };
    const all = await runLinear(x, K, N, weights);
    const whole = rowMax(x, 11);
    expectClose(
      all,
      reference(x, () => Math.max(...Array.from({ length: S }, (_, s) => rowMax(x, s)))),
      1e-6,
    );
    expect(whole).toBe(51);
    const running = await runLinear(x, K, N, weights, causal(S));
    const upTo = (s: number) => Math.max(...Array.from({ length: s + 1 }, (_, t) => rowMax(x, t)));
    expectClose(running, reference(x, upTo), 1e-6);
  });

  it('SmoothQuant: the input is divided by the scales of its channels', async () => {
    const inputScale = Float32Array.from({ length: K }, (_, k) => (k === 7 ? 16 : 0.5 + (k % 3)));
    const smoothed = x.map((v, i) => Math.fround(v * Math.fround(1 / inputScale[i % K]!)));
    const y = await runLinear(x, K, N, { ...plain, codes, scale, inputScale });
    expectClose(
      y,
      reference(smoothed, (s) => rowMax(smoothed, s)),
      1e-6,
    );
  });

  it('LLM.int8(): the golden output of bitsandbytes, with whole columns', async () => {
    const X = golden('llm_int8/X');
    const W = golden('llm_int8/W');
    const [k, n] = W.shape as [number, number];
    const q = quantizeColumns(Float32Array.from(W.data as Float32Array), k, n);
    const y = await runLinear(Float32Array.from(X.data as Float32Array), k, n, {
      ...plain,
      codes: q.codes,
      scale: q.scale,
      outliers: { threshold: 6, scope: 'batch' },
    });
    expectClose(y, golden('llm_int8/Y_bitsandbytes').data as Float32Array, 2e-6);
  });

  it.each(['token', 'batch'] as const)(
    'LLM.int8(), scope %s: outliers go through a product of their own',
    async (scope) => {
      const isOut = (s: number, k: number): boolean => {
        for (let t = scope === 'batch' ? 0 : s; t <= s; t++) if (Math.abs(x[t * K + k]!) >= 6) return true;
        return false;
      };
      const small = x.map((v) => (Math.abs(v) >= 6 ? 0 : v));
      const quantized = x.map((v, i) => (isOut(Math.floor(i / K), i % K) ? 0 : v));
      const expected = reference(quantized, (s) => rowMax(small, s));
      for (let s = 0; s < S; s++)
        for (let k = 0; k < K; k++)
          if (isOut(s, k))
            for (let n = 0; n < N; n++) expected[s * N + n]! += x[s * K + k]! * codes[k * N + n]! * scale[n]!;
      const y = await runLinear(
        x,
        K,
        N,
        { ...plain, codes, scale, outliers: { threshold: 6, scope } },
        causal(S),
      );
      expectClose(y, expected, 1e-6);
    },
  );

  it.each(['token', 'batch'] as const)('LLM.int8(), scope %s: u8 weights give the same', async (scope) => {
    const weights = { ...plain, codes, scale, outliers: { threshold: 6, scope } } as const;
    const y = await runLinear(x, K, N, { ...weights, codes: toUnsigned(codes) }, causal(S));
    expect(y).toEqual(await runLinear(x, K, N, weights, causal(S)));
  });

  it('LLM.int8() without outliers is the plain product', async () => {
    const calm = normal(S * K, 33);
    const weights = { ...plain, codes, scale, outliers: { threshold: 60, scope: 'token' } } as const;
    expect(await runLinear(calm, K, N, weights)).toEqual(
      await runLinear(calm, K, N, { ...plain, codes, scale }),
    );
  });
});
